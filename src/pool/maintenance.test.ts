import { describe, expect, it } from "vitest";
import { fakePool } from "../testing/fake-resource.ts";

describe("the timer", () => {
  it("closes each connection at its own age where nothing else needs the timer", async () => {
    const { pool, resource, clock } = fakePool({ recycleMs: 10_000, idleTimeoutMs: 0 });
    await pool.warmup(1);
    await clock.advance(3_000);
    await pool.warmup(2);
    await clock.advance(6_750);
    expect(resource.open.map((connection) => connection.id)).toEqual([2]);
    await clock.advance(3_000);
    expect(resource.open).toEqual([]);
  });

  it("sets one timer while there is something to maintain, and it keeps no process alive", async () => {
    const { pool, clock } = fakePool({ idleTimeoutMs: 1_000 });
    expect(clock.timers).toBe(0);
    await pool.warmup(3);
    expect([clock.timers, clock.keepAliveTimers]).toEqual([1, 0]);
    await clock.advance(1_000);
    expect([clock.timers, pool.stats().size]).toEqual([0, 0]);
  });
});

describe("time that passes unseen", () => {
  it("validates after the process was suspended, although no time has passed for it", async () => {
    const { pool, resource, wall } = fakePool();
    (await pool.acquire()).release();
    wall.offsetMs = 3_600_000;
    (await pool.acquire()).release();
    (await pool.acquire()).release();
    expect(resource.validations).toBe(1);
  });

  it("validates after a long stall, however long a connection may be idle", async () => {
    const { pool, resource, clock } = fakePool({
      validateAfterIdleMs: 3_600_000,
      idleTimeoutMs: 10_000,
      minSize: 1,
    });
    await pool.warmup(2);
    const stalled = clock.stall(30_000);
    await stalled;
    (await pool.acquire()).release();
    expect(resource.validations).toBe(1);
  });

  it("validates once after a stall, although callers come before the overdue timer", async () => {
    const { pool, resource, clock } = fakePool({ validateAfterIdleMs: 3_600_000, idleTimeoutMs: 10_000 });
    await pool.start();
    clock.setTimer(() => {
      for (let call = 0; call < 3; call += 1) {
        const lease = pool.acquire();
        if ("release" in lease) lease.release();
      }
    }, 5_000);
    await clock.stall(15_000);
    expect(resource.validations).toBe(1);
  });
});
