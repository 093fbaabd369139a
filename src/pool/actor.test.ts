import { describe, expect, it } from "vitest";
import { ConnectionError, PoolTimeoutError } from "../errors/index.ts";
import { fakePool, later, never } from "../testing/fake-resource.ts";

const lost = new ConnectionError("the server is gone");

describe("validation", () => {
  it("asks a connection only after an idle while", async () => {
    const { pool, resource, clock } = fakePool({ validateAfterIdleMs: 500 });
    (await pool.acquire()).release();
    await clock.advance(499);
    (await pool.acquire()).release();
    expect(resource.validations).toBe(0);
    await clock.advance(500);
    (await pool.acquire()).release();
    expect(resource.validations).toBe(1);
  });

  it("drops a dead connection with all of its age, and connects anew within the same deadline", async () => {
    const { pool, resource, clock } = fakePool({ acquireTimeoutMs: 3_000, validateTimeoutMs: 2_000 });
    await pool.warmup(3);
    await clock.advance(600);
    resource.onValidate = never;
    resource.onCreate = () => later(clock, 500);
    const acquired = pool.acquire();
    // After a tenth of a second without an answer a new connection is the better prospect.
    await clock.advance(100);
    expect([resource.validations, resource.creates]).toEqual([1, 4]);
    await clock.advance(500);
    const lease = await acquired;
    expect(lease.resource.id).toBe(4);
    await clock.advance(1_500);
    // It was made after the others had been asked, and is not of their age.
    lease.release();
    expect(resource.made.map((connection) => connection.ended).sort()).toEqual([
      "evicted",
      "evicted",
      "invalid",
      undefined,
    ]);
    expect(resource.validations).toBe(1);
    expect(pool.stats()).toMatchObject({ idle: 1, size: 1 });
  });

  it("takes a connection that comes back sooner than the validation of another", async () => {
    const { pool, resource, clock } = fakePool();
    const busy = await pool.acquire();
    await pool.warmup(2);
    await clock.advance(600);
    resource.onValidate = () => later(clock, 1_000);
    const waiting = pool.acquire();
    await clock.advance(10);
    busy.release();
    expect((await waiting).resource).toBe(busy.resource);
    await clock.advance(1_000);
    expect(pool.stats()).toMatchObject({ idle: 1, inUse: 1, validating: 0 });
  });

  it("replaces idle connections that say themselves that they are lost", async () => {
    const { pool, resource } = fakePool();
    await pool.warmup(2);
    for (const connection of resource.made) connection.alive = false;
    expect((await pool.acquire()).resource.id).toBe(3);
    expect(resource.made.map((connection) => connection.ended)).toEqual(["lost", "lost", undefined]);
  });

  it("keeps idle connections alive, and notices one that has died", async () => {
    const { pool, resource, clock } = fakePool({ minSize: 1, keepaliveMs: 10_000, idleTimeoutMs: 0 });
    await pool.start();
    await clock.advance(35_000);
    expect(resource.validations).toBe(3);
    resource.onValidate = () => {
      throw lost;
    };
    await clock.advance(10_000);
    expect(pool.stats()).toMatchObject({ created: 2, idle: 1 });
  });
});

describe("connecting", () => {
  it("lets nobody wait behind the hung connect of another", async () => {
    const { pool, resource, clock } = fakePool();
    resource.onCreate = never;
    const first = Promise.resolve(pool.acquire({ timeoutMs: 500 }));
    const late = expect(first).rejects.toThrow(PoolTimeoutError);
    await clock.advance(500);
    await late;
    resource.onCreate = () => later(clock, 20);
    const second = pool.acquire({ timeoutMs: 500 });
    await clock.advance(20);
    expect((await second).resource.id).toBe(1);
  });

  it("serves all who wait for connects that hang, by another after two seconds, and ends what comes too late", async () => {
    const { pool, resource, clock } = fakePool();
    const destroyed: string[] = [];
    resource.onDestroy = ({ id }) => void destroyed.push(`connection ${id}`);
    resource.onCreate = () => later(clock, 9_000);
    const waiting = Promise.all(Array.from({ length: 3 }, () => pool.acquire()));
    resource.onCreate = () => undefined;
    await clock.advance(1_999);
    expect(resource.creates).toBe(3);
    await clock.advance(1);
    expect((await waiting).map((lease) => lease.resource.id)).toEqual([1, 2, 3]);
    expect(pool.stats()).toMatchObject({ connecting: 0, inUse: 3, connectFailures: 0 });
    await clock.advance(7_000);
    expect(destroyed).toEqual(["connection 4", "connection 5", "connection 6"]);
  });

  it("warms up beside a connect that hangs", async () => {
    const { pool, resource, clock } = fakePool();
    resource.onCreate = never;
    const warm = pool.warmup(2);
    resource.onCreate = () => undefined;
    await clock.advance(2_000);
    await warm;
    expect(pool.stats()).toMatchObject({ idle: 2, connecting: 0 });
  });

  it("tries again within the deadline, with growing pauses and one connect at a time", async () => {
    const { pool, resource, clock } = fakePool({ acquireTimeoutMs: 5_000 });
    const startedMs: number[] = [];
    resource.onCreate = () => {
      startedMs.push(clock.now());
      throw lost;
    };
    const waiting = Array.from({ length: 100 }, () => Promise.resolve(pool.acquire()));
    const all = Promise.allSettled(waiting);
    await clock.advance(1_000);
    expect(startedMs).toEqual([0, 5, 15, 35, 75, 155, 315, 635]);
    resource.onCreate = () => undefined;
    await clock.advance(640);
    expect(pool.stats()).toMatchObject({ inUse: 10, waiting: 90, connectFailures: 8 });
    for (const lease of await Promise.all(waiting.slice(0, 10))) lease.release({ discard: true });
    await clock.advance(5_000);
    expect((await all).filter((result) => result.status === "fulfilled")).toHaveLength(20);
  });

  it("tells of a failed connect only when the deadline has passed, and keeps it as the cause", async () => {
    const { pool, resource, clock } = fakePool({ acquireTimeoutMs: 1_000 });
    resource.onCreate = () => {
      throw lost;
    };
    const failed = expect(Promise.resolve(pool.acquire())).rejects.toMatchObject({
      code: "STRATA_POOL_TIMEOUT",
      message: expect.stringContaining("the last connect failed: the server is gone"),
      cause: lost,
    });
    await clock.advance(999);
    expect(pool.stats().waiting).toBe(1);
    await clock.advance(1);
    await failed;
  });

  it("forgets a failed connect once another has succeeded", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 1, acquireTimeoutMs: 100 });
    resource.onCreate = () => {
      resource.onCreate = () => undefined;
      throw lost;
    };
    const first = pool.acquire();
    await clock.advance(50);
    await first;
    const failed = expect(Promise.resolve(pool.acquire())).rejects.toMatchObject({
      message: expect.not.stringContaining("connect failed"),
    });
    await clock.advance(100);
    await failed;
  });

  it("tells everyone at once when the login is refused, and those who come during the pause too", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 2 });
    const refused = new ConnectionError("wrong password", {}, "STRATA_CONNECTION_REFUSED");
    resource.isPermanent = (error) => error === refused;
    resource.onCreate = () => later(clock, 10, refused);
    const waiting = Promise.allSettled(Array.from({ length: 5 }, () => pool.acquire()));
    await clock.advance(10);
    for (const result of await waiting) expect(result).toEqual({ status: "rejected", reason: refused });
    expect(resource.creates).toBe(2);
    expect(() => pool.acquire()).toThrow(refused);
    expect(resource.creates).toBe(2);
    resource.onCreate = () => undefined;
    await clock.advance(5_000);
    expect((await pool.acquire()).resource.id).toBe(1);
  });

  it("never has more connects under way than maxConnecting", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 10, maxConnecting: 3 });
    resource.onCreate = () => later(clock, 10);
    const leases = Promise.all(Array.from({ length: 10 }, () => pool.acquire()));
    expect(pool.stats()).toMatchObject({ connecting: 3, waiting: 10 });
    await clock.advance(40);
    for (const lease of await leases) lease.release();
    expect(resource.peak).toBe(10);
  });

  it("closes all that was made before an eviction", async () => {
    const { pool, resource, clock } = fakePool();
    const lease = await pool.acquire();
    await pool.warmup(2);
    resource.onCreate = () => later(clock, 100);
    const other = await pool.acquire();
    const waiting = pool.acquire();
    pool.evict();
    lease.release();
    other.release();
    await clock.advance(100);
    expect((await waiting).resource.id).toBe(4);
    expect(resource.made.map((connection) => connection.ended)).toEqual([
      "evicted",
      "evicted",
      "discarded",
      undefined,
    ]);
  });
});
