import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { answerOf, tally } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { FaultProxy, forward } from "../harness/proxy.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase, through } from "../harness/targets.ts";

const hour = 3_600_000;
const jumps = [-hour, hour, -24 * hour, 24 * hour];

describe.each(serverBackends)("row 30: the wall clock jumps, on %s", (backend) => {
  let proxy: FaultProxy | undefined;
  let database: FaultDatabase | undefined;
  afterEach(async () => {
    vi.useRealTimers();
    await DatabaseManager.closeAll({ timeout: 1 });
    await proxy?.close();
    await database?.drop();
  });

  it.skipIf(missing(backend) !== undefined)("breaker, pool, deadlines and versions do not care", async () => {
    database = await sharedDatabase(backend);
    proxy = await FaultProxy.start(Number(new URL(database.url).port));
    const way = proxy;
    const db = DatabaseManager.connect(through(database.url, way.port), {
      alias: "strata clock",
      circuitBreaker: { recoveryTimeout: 0.6, failureThreshold: 3 },
      retry: false,
      connectionCreationTimeout: 0.3,
      pool: { maxSize: 3, recycle: 600, idleTimeout: 300 },
    });
    await db.warmup(3);
    const created = db.getPoolMetrics().created;
    const slow = backend === "postgres" ? "SELECT pg_sleep(5)" : "SELECT SLEEP(5)";
    const timings: number[] = [];
    vi.useFakeTimers({ toFake: ["Date"] });
    for (const [i, jump] of jumps.entries()) {
      vi.setSystemTime(Date.now() + jump);
      const late = answerOf(db.execute(slow, [], { timeout: 0.4 }));
      vi.setSystemTime(Date.now() - jump / 2);
      timings.push((await late).ms);
      const { version } = await db.saveEntity("clock", { id: "one", jump: i });
      expect(version).toBe(i + 1);
    }
    const recycled = db.getPoolMetrics().created - created;

    // An open circuit stays open for its time, and no longer, whatever the clock on the wall shows.
    way.script = ({ from, data }) =>
      from === "client" && data.includes("SELECT 41") ? { does: "reset" } : forward;
    const failures = [];
    const from = performance.now();
    while (db.circuit === "closed" && performance.now() - from < 5_000) {
      failures.push(await answerOf(db.execute("SELECT 41", [], { timeout: 0.3 })));
    }
    const openedAt = performance.now();
    expect(db.circuit).toBe("open");
    vi.setSystemTime(Date.now() - 24 * hour);
    way.script = () => forward;
    while (db.circuit === "open" && performance.now() - openedAt < 5_000) await sleep(10);
    const openMs = performance.now() - openedAt;
    const again = await answerOf(db.execute("SELECT 1", [], { timeout: 6 }));
    vi.useRealTimers();
    const versions = await database.query("SELECT version FROM clock_history ORDER BY version");
    measure("30", backend, {
      "timeouts of 400 ms": timings.map((ms) => ms.toFixed(0)).join(" "),
      recycled,
      ...tally(failures),
      "open for ms": openMs,
      afterwards: again.said,
    });
    for (const ms of timings) {
      expect(ms).toBeGreaterThan(390);
      expect(ms).toBeLessThan(400 + marginMs);
    }
    expect(recycled).toBeLessThanOrEqual(jumps.length);
    expect(openMs).toBeGreaterThan(400);
    expect(openMs).toBeLessThan(1_000);
    expect(again.said).toBe("ok");
    expect(versions.map(([version]) => Number(version))).toEqual([1, 2, 3, 4]);
  });
});
