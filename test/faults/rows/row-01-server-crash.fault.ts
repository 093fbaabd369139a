import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type PrivateServer, privateMariadb, privatePostgres } from "../../servers/index.ts";
import type { HistoryLine } from "../harness/history.ts";
import { measure } from "../harness/measure.ts";
import { runLoad } from "../harness/run-load.ts";
import { databaseOn, missing, serverBackends } from "../harness/targets.ts";

/** Seconds that the breaker gives the database to recover. */
const recoveryTimeout = 0.5;

const ways: readonly {
  readonly row: string;
  readonly name: string;
  down(server: PrivateServer): Promise<void>;
}[] = [
  { row: "01", name: "the server is killed and started again", down: (server) => server.kill9() },
  { row: "03", name: "the server is shut down in order and started again", down: (server) => server.stop() },
];

describe.each(serverBackends)("crash and shutdown, on %s", (backend) => {
  let server: PrivateServer | undefined;
  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  for (const { row, name, down } of ways) {
    it.skipIf(missing(backend) !== undefined)(`row ${row}: ${name}`, async () => {
      // What is acknowledged must survive the crash, so the server may not put off writing it.
      const options = { durable: true };
      server = backend === "postgres" ? await privatePostgres(options) : await privateMariadb(options);
      const running = server;
      const database = await databaseOn(running);
      let downAt = 0;
      let readyAt = 0;
      await runLoad(
        {
          name: `row ${row} ${backend}`,
          database,
          workers: 2,
          poolSize: 5,
          // The pool tries to connect before half of a caller's time is over.
          plan: { timeout: 2, pauseMs: 5, options: { circuitBreaker: { recoveryTimeout } } },
          nemesis: async () => {
            await sleep(1_500);
            downAt = Date.now();
            await down(running);
            await sleep(Math.max(0, 3_000 - (Date.now() - downAt)));
            await running.start();
            readyAt = Date.now();
            await sleep(3_000);
          },
        },
        (result) => {
          const okAfter = result.lines
            .filter(({ phase, t }) => phase === "ok" && t > readyAt)
            .map(({ t }) => t);
          const firstMs = Math.min(...okAfter) - readyAt;
          measure(row, backend, {
            seed: result.seed,
            ok: result.ok,
            failed: result.failed,
            unknown: result.unknown,
            "of them happened": result.happened,
            "first success after ready (ms)": firstMs,
            "latest (ms after the deadline)": result.latestMs,
            ...topErrors(result.lines),
          });
          expect(result.broken).toEqual([]);
          expect(okAfter.length).toBeGreaterThan(50);
          // The breaker is open for that long at most, then come a trial call and a connect.
          expect(firstMs).toBeLessThan(1_000 + recoveryTimeout * 1000);
        },
      );
    });
  }
});

function topErrors(lines: readonly HistoryLine[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { err } of lines) {
    if (err === undefined) continue;
    const kind = `${err.name}/${err.outcome}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}
