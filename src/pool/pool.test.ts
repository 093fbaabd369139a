import { describe, expect, it } from "vitest";
import { AbortedError, PoolTimeoutError, ValidationError } from "../errors/index.ts";
import { isPromiseLike } from "../operation/index.ts";
import { fakePool, later } from "../testing/fake-resource.ts";
import type { Lease } from "./index.ts";

function isLease<T extends object>(answer: T | PromiseLike<T>): answer is T {
  return !isPromiseLike(answer);
}

describe("ConnectionPool.acquire", () => {
  it("answers a plain lease when a connection is idle, and the same one again", async () => {
    const { pool, resource } = fakePool();
    const first = await pool.acquire();
    first.release();
    const second = pool.acquire();
    if (!isLease(second)) throw new Error("expected a plain lease");
    expect(second.resource).toBe(first.resource);
    expect(resource.resets).toBe(1);
    second.release();
    expect(pool.stats()).toMatchObject({ size: 1, idle: 1, inUse: 0, acquired: 2, created: 1 });
  });

  it("does no I/O before the first acquire", () => {
    const { resource } = fakePool({ minSize: 3 });
    expect(resource.creates).toBe(0);
  });

  it("serves those who wait in turn, and each within one deadline", async () => {
    const { pool, clock } = fakePool({ maxSize: 1, acquireTimeoutMs: 100 });
    const lease = await pool.acquire();
    const order: string[] = [];
    const [a, b, c] = ["a", "b", "c"].map(async (name) => {
      const mine = await pool.acquire(name === "b" ? { timeoutMs: 50 } : {});
      order.push(name);
      return mine;
    });
    const late = expect(b).rejects.toThrow(PoolTimeoutError);
    await clock.advance(60);
    await late;
    lease.release();
    (await a)?.release();
    (await c)?.release();
    expect(order).toEqual(["a", "c"]);
    expect(pool.stats()).toMatchObject({ timeouts: 1, waiting: 0, idle: 1 });
    expect(pool.stats().waits).toMatchObject({ count: 3, maxMs: 60 });
  });

  it("says why nothing came: who holds what, for how long, and which size would do", async () => {
    const { pool, clock } = fakePool({
      name: "orders",
      maxSize: 2,
      acquireTimeoutMs: 500,
      leakThresholdMs: 60_000,
    });
    (await pool.acquire()).release();
    const held = [await pool.acquire({ label: "report" }), await pool.acquire({ label: "report" })];
    await clock.advance(1_000);
    const error = Promise.resolve(pool.acquire()).catch((reason: unknown) => reason);
    await clock.advance(500);
    const failure = await error;
    if (!(failure instanceof PoolTimeoutError)) throw new Error("expected a PoolTimeoutError");
    expect(failure).toMatchObject({ code: "STRATA_POOL_TIMEOUT", outcome: "not_sent" });
    expect(failure.message).toMatch(
      /^pool "orders": no connection came free within 500 ms: 2 of at most 2 connections open, 2 in use, 0 idle/,
    );
    expect(failure.message).toMatch(/longest held: report at .*pool\.test\.ts:\d+:\d+\)? \(1\.5 s\)/);
    expect(failure.message).toMatch(/let maxSize \+ maxOverflow be 3$/);
    for (const lease of held) lease.release();
  });

  it("refuses at once what would wait behind maxWaiting others, connects under way not counted", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 1, maxWaiting: 1 });
    resource.onCreate = () => later(clock, 10);
    const first = pool.acquire();
    const second = pool.acquire();
    expect(() => pool.acquire()).toThrow(
      expect.objectContaining({
        code: "STRATA_POOL_FULL",
        message: expect.stringContaining("at most 1 callers"),
      }),
    );
    await clock.advance(10);
    (await first).release();
    (await second).release();
    expect(pool.stats()).toMatchObject({ refused: 1, timeouts: 0 });
  });

  it("does not wait at all with a time of 0", async () => {
    const { pool, clock } = fakePool({ maxSize: 1 });
    const lease = await pool.acquire({ timeoutMs: 0 });
    expect(() => pool.acquire({ timeoutMs: 0 })).toThrow(PoolTimeoutError);
    lease.release();
    expect(clock.keepAliveTimers).toBe(0);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("refuses a time of %d", (timeoutMs) => {
    const { pool } = fakePool();
    expect(() => pool.acquire({ timeoutMs })).toThrow(ValidationError);
  });

  it("gives up when the signal aborts, with its reason, and loses no connection", async () => {
    const { pool } = fakePool({ maxSize: 1 });
    const lease = await pool.acquire();
    const controller = new AbortController();
    const waiting = Promise.resolve(pool.acquire({ signal: controller.signal }));
    controller.abort(new Error("the user left"));
    await expect(waiting).rejects.toThrow(AbortedError);
    await expect(waiting).rejects.toMatchObject({ cause: { message: "the user left" }, outcome: "not_sent" });
    expect(() => pool.acquire({ signal: controller.signal })).toThrow(AbortedError);
    lease.release();
    expect(pool.stats()).toMatchObject({ idle: 1, waiting: 0 });
  });

  it("hands over a connection that was granted in the same moment as the abort", async () => {
    const { pool } = fakePool({ maxSize: 1 });
    const lease = await pool.acquire();
    const controller = new AbortController();
    const waiting = pool.acquire({ signal: controller.signal });
    lease.release();
    controller.abort();
    (await waiting).release();
    expect(pool.stats()).toMatchObject({ idle: 1, inUse: 0 });
  });

  it("leaves no listener on the signal and no timer behind", async () => {
    const { pool, clock } = fakePool({ maxSize: 1, idleTimeoutMs: 0, recycleMs: 0 });
    const controller = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = controller.signal;
    controller.signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1;
      addEventListener.apply(controller.signal, args);
    };
    controller.signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1;
      removeEventListener.apply(controller.signal, args);
    };
    const lease = await pool.acquire();
    const waiting = pool.acquire({ signal: controller.signal });
    expect(listeners).toBe(1);
    lease.release();
    (await waiting).release();
    expect([listeners, clock.timers]).toEqual([0, 0]);
  });

  it("answers 10 000 callers in time and in turn when there are 10 connections", async () => {
    const { pool, clock } = fakePool({ maxSize: 10, acquireTimeoutMs: 500 });
    const served: number[] = [];
    const calls = Array.from({ length: 10_000 }, async (_, caller) => {
      const lease = await pool.acquire();
      served.push(caller);
      clock.setTimer(() => lease.release(), 5);
    });
    const results = Promise.allSettled(calls);
    await clock.advance(600);
    const failed = (await results).filter((result) => result.status === "rejected");
    expect(served).toEqual(Array.from({ length: served.length }, (_, index) => index));
    expect(served.length).toBeGreaterThanOrEqual(1_000);
    expect(failed.length).toBe(10_000 - served.length);
    expect(pool.stats()).toMatchObject({ waiting: 0, inUse: 0, timeouts: failed.length });
  });
});

describe("the size of a pool", () => {
  it("opens overflow connections in a burst and closes them afterwards", async () => {
    const { pool, resource } = fakePool({ maxSize: 2, maxOverflow: 2 });
    const leases = await Promise.all([1, 2, 3, 4].map(() => pool.acquire()));
    expect(pool.stats()).toMatchObject({ size: 4, softLimit: 2, hardLimit: 4, utilization: 1 });
    for (const lease of leases) lease.release();
    expect(pool.stats()).toMatchObject({ size: 2, idle: 2 });
    expect(resource.made.map((connection) => connection.ended)).toContain("overflow");
  });

  it("shrinks to minSize when idle, and grows back to it when connections are lost", async () => {
    const { pool, resource, clock } = fakePool({ minSize: 1, idleTimeoutMs: 1_000 });
    await pool.warmup(4);
    expect(pool.stats().idle).toBe(4);
    await clock.advance(1_000);
    expect(pool.stats().idle).toBe(1);
    expect(pool.clearIdle()).toBe(1);
    expect(pool.stats()).toMatchObject({ idle: 1, created: 5 });
    expect(resource.open).toHaveLength(1);
  });

  it("replaces a connection before it is too old, the sooner at random", async () => {
    const { pool, resource, clock } = fakePool({ recycleMs: 10_000, idleTimeoutMs: 0 });
    const lease = await pool.acquire();
    await clock.advance(20_000);
    expect(resource.open).toHaveLength(1);
    lease.release();
    expect(resource.made[0]?.ended).toBe("expired");
    (await pool.acquire()).release();
    await clock.advance(9_749);
    expect(resource.open).toHaveLength(1);
    await clock.advance(1);
    expect(resource.open).toHaveLength(0);
  });
});

it("reports what happens, in order, to those who listen", async () => {
  const { pool, clock } = fakePool({ maxSize: 1 });
  const seen: string[] = [];
  pool.events.on("created", ({ connectionId }) => seen.push(`created ${connectionId}`));
  pool.events.on("acquired", ({ waitedMs, label }) => seen.push(`acquired ${label} after ${waitedMs}`));
  pool.events.on("waiting", ({ waiting, label }) => seen.push(`waiting ${label} ${waiting}`));
  pool.events.on("released", ({ heldMs, label }) => seen.push(`released ${label} after ${heldMs}`));
  pool.events.on("destroyed", ({ reason, ageMs }) => seen.push(`destroyed ${reason} at ${ageMs}`));
  pool.events.on("timeout", ({ label, stats }) => seen.push(`timeout ${label} of ${stats.waiting + 1}`));
  pool.events.on("closed", ({ forced }) => seen.push(`closed ${forced.length}`));
  const lease: Lease<unknown> = await pool.acquire({ label: "a" });
  const late = Promise.resolve(pool.acquire({ label: "b", timeoutMs: 5 })).catch(() => {});
  await clock.advance(7);
  await late;
  lease.release();
  await pool.close();
  expect(seen).toEqual([
    "created 1",
    "acquired a after 0",
    "waiting b 1",
    "timeout b of 1",
    "released a after 7",
    "destroyed closed at 7",
    "closed 0",
  ]);
});
