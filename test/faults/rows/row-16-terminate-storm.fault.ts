import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../../src/index.ts";
import { measure } from "../harness/measure.ts";
import { runLoad } from "../harness/run-load.ts";
import { chance } from "../harness/seed.ts";
import { missing, type ServerBackend, serverBackends, sharedDatabase } from "../harness/targets.ts";

const seconds = Number(process.env.FAULTS_SECONDS ?? 15);
/** A caller who blocks needs a new thread for each connection, which takes 200 ms of a quiet machine. */
const storms = {
  async: { killsPerSecond: 50, clients: 8, timeout: 2 },
  sync: { killsPerSecond: 1, clients: 1, timeout: 5 },
};

/** Ends one session of the load; answers whether there was one. */
async function endOne(
  backend: ServerBackend,
  killer: Database,
  name: string,
  random: number,
): Promise<boolean> {
  if (backend === "postgres") {
    const rows = await killer.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ? AND application_name = 'strata faults' ORDER BY random() LIMIT 1",
      [name],
    );
    return rows.length > 0;
  }
  const ids = await killer.execute("SELECT id FROM information_schema.processlist WHERE db = ?", [name]);
  const id = ids[Math.floor(random * ids.length)]?.[0];
  if (id === undefined) return false;
  // It may have ended by itself meanwhile.
  await killer.execute(`KILL ${Number(id)}`).catch(() => {});
  return true;
}

describe.each(serverBackends)("row 16: terminate storm, on %s", (backend) => {
  it.skipIf(missing(backend) !== undefined).each(["async", "sync"] as const)(
    "no answer is wrong, and every read is answered, %s",
    async (face) => {
      const database = await sharedDatabase(backend);
      const name = new URL(database.url).pathname.slice(1);
      const home = new URL(database.url);
      home.pathname = backend === "postgres" ? "/postgres" : "/mysql";
      const killer = DatabaseManager.connect(home.href, { alias: "strata nemesis", circuitBreaker: false });
      const random = chance();
      const { killsPerSecond, clients, timeout } = storms[face];
      let kills = 0;
      try {
        await runLoad(
          {
            name: `row 16 ${backend} ${face}`,
            database,
            workers: 2,
            poolSize: 6,
            plan: {
              face,
              clients,
              timeout,
              // Where everything is slow, more of the tries meet a kill.
              options: { retry: { maxRetries: 8 } },
              pauseMs: 3,
              retries: 5,
              mix: { create: 2, append: 2, pair: 1, read: 3 },
            },
            nemesis: async () => {
              const until = performance.now() + seconds * 1000;
              let next = performance.now();
              while (performance.now() < until) {
                if (await endOne(backend, killer, name, random.next())) kills += 1;
                next += 1000 / killsPerSecond;
                await sleep(Math.max(0, next - performance.now()));
              }
              await sleep(500);
            },
          },
          (result) => {
            const reads = result.lines.filter(({ op, phase }) => op === "read" && phase !== "invoke");
            const failed = reads.filter(({ phase }) => phase !== "ok");
            measure("16", backend, {
              face,
              seed: result.seed,
              kills,
              ok: result.ok,
              failed: result.failed,
              unknown: result.unknown,
              "of them happened": result.happened,
              reads: reads.length,
              "reads failed": failed.length,
              "latest (ms after the deadline)": result.latestMs,
              ...result.errors,
            });
            expect(result.broken).toEqual([]);
            expect(kills).toBeGreaterThan(seconds * killsPerSecond * 0.5);
            expect(failed.map(({ err }) => err)).toEqual([]);
          },
        );
      } finally {
        await killer.close();
        await database.drop();
      }
    },
  );
});
