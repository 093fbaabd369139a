import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type PrivateServer, privateMariadb, privatePostgres } from "../../servers/index.ts";
import type { CallingFace } from "../harness/caller.ts";
import { measure } from "../harness/measure.ts";
import { type LoadResult, runLoad } from "../harness/run-load.ts";
import { databaseOn, type FaultDatabase, missing, serverBackends } from "../harness/targets.ts";

const stopMs = 10_000;
const faces = ["async", "sync"] as const;
const options = { circuitBreaker: { recoveryTimeout: 0.5 } };

describe.each(serverBackends)("processes of the server, on %s", (backend) => {
  const reason = missing(backend);
  let server: PrivateServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function start(): Promise<{ running: PrivateServer; database: FaultDatabase }> {
    const durable = { durable: true };
    const running = backend === "postgres" ? await privatePostgres(durable) : await privateMariadb(durable);
    server = running;
    return { running, database: await databaseOn(running) };
  }

  /** A session of the load's, once the server answers again. */
  async function ourBackend(database: FaultDatabase): Promise<number> {
    const limit = performance.now() + 10_000;
    for (;;) {
      const rows = await database
        .query(
          "SELECT pid FROM pg_stat_activity WHERE application_name = 'strata faults' AND datname = current_database() ORDER BY pid LIMIT 1",
        )
        .catch(() => []);
      const pid = Number(rows[0]?.[0]);
      if (pid > 1) return pid;
      if (performance.now() > limit) throw new Error("expected a session of the load");
      await sleep(50);
    }
  }

  function note(
    row: string,
    what: string,
    { seed, ok, failed, unknown, happened, latestMs, errors }: LoadResult,
  ) {
    measure(row, backend, {
      what,
      seed,
      ok,
      failed,
      unknown,
      "of them happened": happened,
      "latest (ms after the deadline)": latestMs,
      ...errors,
    });
  }

  async function stopped(
    what: string,
    pidOf: (running: PrivateServer, database: FaultDatabase) => Promise<number>,
    face: CallingFace,
  ) {
    const { running, database } = await start();
    await runLoad(
      {
        name: `row 04 ${backend} ${what}, ${face}`,
        database,
        workers: 2,
        poolSize: 5,
        // Callers who block need a new thread for each connection, which takes its time where much else runs.
        plan: {
          pauseMs: 5,
          options,
          face,
          ...(face === "sync" ? { clients: 2, timeout: 3 } : { timeout: 1 }),
        },
        nemesis: async () => {
          await sleep(1_000);
          const pid = await pidOf(running, database);
          process.kill(pid, "SIGSTOP");
          try {
            await sleep(stopMs);
          } finally {
            process.kill(pid, "SIGCONT");
          }
          await sleep(face === "sync" ? 5_000 : 3_000);
        },
      },
      (result) => {
        note("04", `${what}, ${face}`, result);
        expect(result.broken.slice(0, 10)).toEqual([]);
        const lastOk = result.lines.filter(({ phase }) => phase === "ok").at(-1);
        const lastInvoke = result.lines.at(-1);
        expect((lastInvoke?.t ?? 0) - (lastOk?.t ?? 0)).toBeLessThan(face === "sync" ? 3_500 : 1_500);
        expect(result.ok).toBeGreaterThan(20);
      },
    );
  }

  for (const face of faces) {
    it.skipIf(reason !== undefined)(`row 04: the server stands still and goes on, ${face}`, async () => {
      await stopped(backend === "postgres" ? "postmaster" : "mariadbd", async ({ pid }) => pid, face);
    });

    it.skipIf(reason !== undefined || backend !== "postgres")(
      `row 04: one session stands still, ${face}`,
      async () => {
        await stopped("one backend", (_running, database) => ourBackend(database), face);
      },
    );
  }

  it.skipIf(reason !== undefined || backend !== "postgres")("row 02: one backend is killed", async () => {
    const { database } = await start();
    let kills = 0;
    await runLoad(
      {
        name: "row 02 postgres",
        database,
        workers: 2,
        poolSize: 5,
        // Without a breaker: while it is open, reads fail by intention. The server's recovery may take seconds.
        plan: { timeout: 3, pauseMs: 5, options: { circuitBreaker: false } },
        nemesis: async () => {
          for (; kills < 3; kills++) {
            await sleep(1_500);
            process.kill(await ourBackend(database), "SIGKILL");
          }
          await sleep(3_000);
        },
      },
      (result) => {
        note("02", `${kills} backends killed`, result);
        expect(result.broken.slice(0, 10)).toEqual([]);
        const failedReads = result.lines.filter(({ op, err }) => op === "read" && err !== undefined);
        expect(failedReads.map(({ err }) => err)).toEqual([]);
      },
    );
  });
});
