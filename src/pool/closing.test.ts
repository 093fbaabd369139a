import { describe, expect, it } from "vitest";
import { ClosedError, ValidationError } from "../errors/index.ts";
import { settled } from "../testing/fake-clock.ts";
import { fakePool, later, never } from "../testing/fake-resource.ts";

describe("ConnectionPool.close", () => {
  it("ends at once when nothing is in use, and leaves no timer", async () => {
    const { pool, resource, clock } = fakePool({ minSize: 2 });
    await pool.start();
    await expect(pool.close()).resolves.toEqual({ durationMs: 0, forced: [], unfinished: 0 });
    expect(resource.made.map((connection) => connection.ended)).toEqual(["closed", "closed"]);
    expect([clock.timers, pool.stats().lifecycle]).toEqual([0, "closed"]);
  });

  it("closes a pool that was never used", async () => {
    const { pool } = fakePool();
    await pool.close();
    expect(() => pool.acquire()).toThrow(ClosedError);
    await expect(pool.start()).rejects.toThrow(ClosedError);
  });

  it("refuses new callers and those who wait, and waits for the leases", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 1 });
    const lease = await pool.acquire();
    const waiting = expect(Promise.resolve(pool.acquire())).rejects.toThrow(/pool "pool" is closed/);
    const closed = pool.close({ timeoutMs: 1_000 });
    await waiting;
    expect(() => pool.acquire()).toThrow(ClosedError);
    expect(pool.stats().lifecycle).toBe("draining");
    await clock.advance(300);
    lease.release();
    await expect(closed).resolves.toEqual({ durationMs: 300, forced: [], unfinished: 0 });
    expect(resource.resets).toBe(0);
    expect(clock.timers).toBe(0);
  });

  it("ends by force what is held for too long, and says who held it", async () => {
    const { pool, resource, clock } = fakePool();
    const lease = await pool.acquire({ label: "import", tags: { job: "nightly" } });
    await clock.advance(100);
    const closed = pool.close({ timeoutMs: 500 });
    await clock.advance(500);
    expect(await closed).toMatchObject({
      durationMs: 500,
      forced: [{ connectionId: 1, heldMs: 600, label: "import", tags: { job: "nightly" } }],
    });
    expect(resource.made[0]?.ended).toBe("forced");
    expect(lease.ended).toBe("reclaimed");
    expect(() => lease.release()).not.toThrow();
  });

  it("settles within its time although connections hang in every phase", async () => {
    const { pool, resource, clock } = fakePool();
    await pool.warmup(2);
    resource.onReset = never;
    (await pool.acquire()).release();
    await clock.advance(600);
    resource.onValidate = never;
    resource.onCreate = never;
    resource.onDestroy = never;
    const refused = Promise.allSettled([pool.acquire(), pool.acquire()]);
    const closed = pool.close({ timeoutMs: 200 });
    await clock.advance(300);
    expect((await closed).unfinished).toBeGreaterThan(0);
    expect((await closed).durationMs).toBeLessThanOrEqual(300);
    expect((await refused).map((result) => result.status)).toEqual(["rejected", "rejected"]);
    expect(clock.keepAliveTimers).toBe(0);
  });

  it("waits for connects that are under way, tells them, and ends what they bring", async () => {
    const { pool, resource, clock } = fakePool();
    let aborted = false;
    resource.onCreate = ({ signal }) => {
      signal.addEventListener("abort", () => {
        aborted = true;
      });
      return later(clock, 100);
    };
    const waiting = expect(Promise.resolve(pool.acquire())).rejects.toThrow(ClosedError);
    const closed = pool.close();
    await waiting;
    expect(aborted).toBe(true);
    await clock.advance(100);
    expect(await closed).toMatchObject({ durationMs: 100, unfinished: 0 });
    expect(resource.open).toEqual([]);
  });

  it("ends as soon as the last connect has given up", async () => {
    const { pool, resource, clock } = fakePool();
    resource.onCreate = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => clock.setTimer(() => reject(signal.reason), 30));
      });
    const errors: unknown[] = [];
    pool.events.on("connectError", ({ error }) => errors.push(error));
    const waiting = expect(Promise.resolve(pool.acquire())).rejects.toThrow(ClosedError);
    const closed = pool.close({ timeoutMs: 1_000 });
    await clock.advance(30);
    expect(await closed).toMatchObject({ durationMs: 30, unfinished: 0 });
    await waiting;
    expect(errors).toEqual([]);
  });

  it("refuses a warm-up that is under way", async () => {
    const { pool, resource, clock } = fakePool();
    resource.onCreate = never;
    const warm = expect(pool.warmup(2)).rejects.toThrow(ClosedError);
    pool.close({ timeoutMs: 0 });
    await warm;
    await clock.advance(100);
    expect(clock.keepAliveTimers).toBe(0);
  });

  it("does not report the failure of a validation that it cut short", async () => {
    const { pool, resource, clock } = fakePool();
    await pool.start();
    await clock.advance(600);
    const failures: string[] = [];
    pool.events.on("failed", ({ step }) => failures.push(step));
    resource.onValidate = () => later(clock, 10, new Error("cut"));
    const waiting = expect(Promise.resolve(pool.acquire())).rejects.toThrow(ClosedError);
    await pool.close();
    await waiting;
    await clock.advance(10);
    expect(failures).toEqual([]);
  });

  it("answers the same to every call, and an impatient one brings the force forward", async () => {
    const { pool, clock } = fakePool();
    await pool.acquire();
    const patient = pool.close({ timeoutMs: 60_000 });
    await clock.advance(10);
    expect(pool.close({ timeoutMs: 0 })).toBe(patient);
    expect(await patient).toMatchObject({ durationMs: 10, forced: [{ connectionId: 1 }] });
    expect(await pool.close()).toBe(await patient);
    expect(clock.timers).toBe(0);
  });

  it("refuses a time that is none", () => {
    const { pool } = fakePool();
    expect(() => pool.close({ timeoutMs: -1 })).toThrow(ValidationError);
    expect(pool.stats().lifecycle).toBe("new");
  });
});

it("lets no rejection escape when everything fails at once", async () => {
  const { pool, resource, clock } = fakePool({ acquireTimeoutMs: 10 });
  resource.onCreate = () => Promise.reject(new Error("no"));
  resource.onDestroy = () => Promise.reject(new Error("no"));
  await expect(Promise.allSettled([pool.acquire(), clock.advance(20)])).resolves.toHaveLength(2);
  await pool.close({ timeoutMs: 0 });
  await settled();
});
