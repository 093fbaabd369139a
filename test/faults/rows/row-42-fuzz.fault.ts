import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { describeBehindProxy } from "../harness/behind-proxy.ts";
import { type Answer, answerOf, longest, tally } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { type Mutation, type Mutilation, mutated, mutilations } from "../harness/mutations.ts";
import { forward } from "../harness/proxy.ts";
import { chance } from "../harness/seed.ts";
import type { ServerBackend } from "../harness/targets.ts";

const timeout = 0.3;
/** For stopping what does not answer. */
const graceMs = 150;
const runs = Number(process.env.FAULTS_MUTATIONS ?? 60);

const set = (at: number, byte: number): Mutation => ({ does: "set", at, byte });

type Work = "a read" | "a transaction" | "a log-in";

/** What has broken something once, as small as it could be made. */
const cases: Readonly<Record<ServerBackend, readonly (readonly [work: Work, mutilation: Mutilation])[]>> = {
  postgres: [
    ["a read", { packet: 0, mutations: [set(4, 0xff)] }],
    ["a log-in", { packet: 0, mutations: [{ does: "repeat", at: 0, bytes: 1, to: 0 }] }],
  ],
  mysql: [
    ["a read", { packet: 0, mutations: [set(3, 99)] }],
    ["a log-in", { packet: 0, mutations: [{ does: "insert", at: 0, hex: "2e" }] }],
    // What the server said of max_allowed_packet was no number.
    ["a log-in", { packet: 2, mutations: [{ does: "flip", at: 193, bit: 4 }] }],
  ],
};

describeBehindProxy(
  "row 42: answers that were changed on their way, on %s",
  { connectionCreationTimeout: 0.5 },
  (behind) => {
    const { backend, reason, uncaught } = behind;
    let longestRecoveryMs = 0;

    beforeAll(async () => {
      if (reason === undefined) await behind.db.execute("CREATE TABLE [fuzzed] ([n] INTEGER)");
    });

    function call(work: Work): Promise<unknown> {
      switch (work) {
        case "a read":
          return behind.db.execute("SELECT 1 AS [one], 'two' AS [two] UNION SELECT 2, 'three'", [], {
            timeout,
          });
        case "a transaction":
          return behind.db.transaction(
            (tx) => tx.execute("INSERT INTO [fuzzed] VALUES (1)", [], { timeout }),
            {
              timeout,
            },
          );
        case "a log-in":
          behind.db.clearIdle();
          return behind.db.execute("SELECT 1", [], { timeout });
      }
    }

    /** Answers what is wrong, and what the caller was told. */
    async function answeredWrongly(
      work: Work,
      { packet, mutations }: Mutilation,
    ): Promise<[string[], Answer]> {
      const broken: string[] = [];
      uncaught.length = 0;
      let left = packet;
      behind.proxy.script = ({ from, data }) => {
        if (from === "client" || left-- !== 0) return forward;
        return { does: "replace", data: mutated(data, mutations) };
      };
      const answer = await answerOf(call(work));
      behind.proxy.script = () => forward;
      // A transaction has its time twice: for its statements, and for its end.
      const limitMs = (work === "a transaction" ? 2 : 1) * (timeout * 1000 + graceMs) + marginMs;
      if (answer.ms > limitMs) broken.push(`T: ${answer.ms.toFixed(0)} ms of ${limitMs}`);
      if (answer.said.startsWith("untyped")) broken.push(`E: ${answer.said}`);
      const healedMs = performance.now();
      let next = await nextCall();
      while (next.said !== "ok" && performance.now() < healedMs + 8_000) {
        if (next.said.startsWith("untyped")) broken.push(`E: the next call: ${next.said}`);
        await sleep(20);
        next = await nextCall();
      }
      const recoveredMs = performance.now() - healedMs;
      longestRecoveryMs = Math.max(longestRecoveryMs, recoveredMs);
      // A login that was refused is not tried again for 5 s.
      if (recoveredMs > 6_000)
        broken.push(`P: works again after ${recoveredMs.toFixed(0)} ms: ${next.error}`);
      return [[...broken, ...uncaught.map((error) => `X: ${error}`)], answer];
    }

    const nextCall = () => answerOf(behind.db.execute("SELECT 2", [], { timeout: 1 }));

    it.skipIf(reason !== undefined)("what has broken something before", async () => {
      for (const [work, mutilation] of cases[backend]) {
        expect(await answeredWrongly(work, mutilation)).toEqual([[], expect.anything()]);
      }
    });

    it.skipIf(reason !== undefined).each(["a read", "a transaction", "a log-in"] as const)(
      "bytes changed, lost, added and repeated in the answers to %s",
      async (work) => {
        const answers: Answer[] = [];
        longestRecoveryMs = 0;
        const { seed } = chance();
        console.log(`row 42 ${backend}, ${work}: FAULTS_SEED=${seed}`);
        await fc.assert(
          fc.asyncProperty(mutilations, async (mutilation) => {
            const [broken, answer] = await answeredWrongly(work, mutilation);
            answers.push(answer);
            expect(broken).toEqual([]);
          }),
          { seed, numRuns: runs, interruptAfterTimeLimit: 60_000 },
        );
        measure("42", backend, {
          [`${work}, answers changed`]: answers.length,
          ...tally(answers),
          "longest ms": longest(answers),
          "works again after (ms)": longestRecoveryMs,
        });
      },
    );
  },
);
