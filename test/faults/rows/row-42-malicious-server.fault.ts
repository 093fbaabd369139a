import { randomBytes } from "node:crypto";
import { expect, it } from "vitest";
import { describeBehindProxy } from "../harness/behind-proxy.ts";
import { type Answer, answerOf, longest, tally } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { forward } from "../harness/proxy.ts";
import { chance } from "../harness/seed.ts";
import type { ServerBackend } from "../harness/targets.ts";

const timeout = 0.3;

/** Messages that a server has no right to send in answer to a query. */
const messages: Readonly<Record<ServerBackend, Readonly<Record<string, Buffer>>>> = {
  postgres: {
    "a row of 2 GB": Buffer.from([0x44, 0x7f, 0xff, 0xff, 0xff, 0, 1]),
    "a negative length": Buffer.from([0x44, 0xff, 0xff, 0xff, 0xff, 0, 1]),
    "a length of 0": Buffer.from([0x44, 0, 0, 0, 0]),
    "rows without columns": Buffer.from([0x44, 0, 0, 0, 11, 0, 1, 0, 0, 0, 1, 0x31, 0x5a, 0, 0, 0, 5, 0x49]),
    "a request to copy in": Buffer.from([0x47, 0, 0, 0, 7, 0, 0, 0]),
    "a request to log in": Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]),
    "ready, twice": Buffer.from([0x5a, 0, 0, 0, 5, 0x49, 0x5a, 0, 0, 0, 5, 0x49]),
    "an unknown message": Buffer.from([0x7f, 0, 0, 0, 4]),
    "columns that are not there": Buffer.from([0x54, 0, 0, 0, 6, 0, 9]),
    "an error without an end": Buffer.from([0x45, 0, 0, 0, 5, 0x53]),
    "an unknown state": Buffer.from([0x5a, 0, 0, 0, 5, 0x3f]),
  },
  mysql: {
    "a request for a local file": Buffer.from([12, 0, 0, 1, 0xfb, ...Buffer.from("/etc/passwd")]),
    "16 MB of columns": Buffer.from([9, 0, 0, 1, 0xfe, 0, 0, 0, 1, 0, 0, 0, 0]),
    "a packet of 16 MB": Buffer.from([0xff, 0xff, 0xff, 1, 1]),
    "a wrong sequence number": Buffer.from([7, 0, 0, 99, 0, 0, 0, 2, 0, 0, 0]),
    "an empty packet": Buffer.from([0, 0, 0, 1]),
    "an error without a code": Buffer.from([1, 0, 0, 1, 0xff]),
    "a row that is cut off": Buffer.from([1, 0, 0, 1, 1, 2, 0, 0, 2, 3, 0x64]),
    "an end without a beginning": Buffer.from([5, 0, 0, 1, 0xfe, 0, 0, 2, 0]),
  },
};

describeBehindProxy("row 42: a malicious server, on %s", {}, (behind) => {
  const { backend, reason, uncaught } = behind;

  /** Answers one query with `data` in place of what the server says. */
  async function answeredWith(data: Buffer, broken: string[], what: string): Promise<Answer> {
    await behind.db.execute("SELECT 1", [], { timeout: 3 });
    let done = false;
    behind.proxy.script = (packet) => {
      if (packet.from === "client") {
        if (packet.data.includes("root:")) broken.push(`${what}: a file was sent to the server`);
        return forward;
      }
      if (done) return forward;
      done = true;
      return { does: "replace", data };
    };
    const answer = await answerOf(behind.db.execute("SELECT 1 AS [one]", [], { timeout }));
    behind.proxy.script = () => forward;
    if (answer.ms > timeout * 1000 + marginMs) broken.push(`T: ${what}: ${answer.ms.toFixed(0)} ms`);
    if (answer.said.startsWith("untyped")) broken.push(`E: ${what}: ${answer.said}`);
    const next = await answerOf(behind.db.execute("SELECT 2", [], { timeout: 2 }));
    if (next.said !== "ok") broken.push(`P: ${what}: the next call: ${next.said} ${String(next.error)}`);
    return answer;
  }

  it.skipIf(reason !== undefined)("messages out of place, and noise", async () => {
    const broken: string[] = [];
    const answers: Answer[] = [];
    await behind.db.execute("SELECT 1");
    const before = process.memoryUsage().rss;
    for (const [what, data] of Object.entries(messages[backend]))
      answers.push(await answeredWith(data, broken, what));
    const random = chance();
    for (let i = 0; i < 25; i++) {
      const noise = randomBytes(1 + random.below(400));
      answers.push(await answeredWith(noise, broken, `noise ${noise.toString("hex")}`));
    }
    const grownMb = (process.memoryUsage().rss - before) / 2 ** 20;
    measure("42", backend, { ...tally(answers), "longest ms": longest(answers), "grown by MB": grownMb });
    expect([...broken, ...uncaught]).toEqual([]);
    expect(grownMb).toBeLessThan(200);
  });

  // AuthenticationOk in place of the proof that it knows the password, and that it is ready.
  const accepted = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49]);
  const asksForProof = Buffer.from([0, 0, 0, 11]);

  it.skipIf(reason !== undefined || backend !== "postgres")(
    "a server that lets us in without the proof that it knows the password",
    async () => {
      behind.proxy.script = ({ from, data }) =>
        from === "server" && data[0] === 0x52 && data.subarray(5, 9).equals(asksForProof)
          ? { does: "replace", data: accepted }
          : forward;
      behind.db.clearIdle();
      const answer = await answerOf(behind.db.execute("SELECT 1", [], { timeout }));
      behind.proxy.script = () => forward;
      expect(answer.said).toMatch(/not_sent$/);
      expect(String(answer.error instanceof Error ? [answer.error, answer.error.cause] : "")).toMatch(
        /proof/,
      );
      expect((await answerOf(behind.db.execute("SELECT 2", [], { timeout: 2 }))).said).toBe("ok");
      expect(uncaught).toEqual([]);
    },
  );
});
