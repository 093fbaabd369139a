import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { DatabaseConfig, type DatabaseOptions } from "./config/index.ts";
import { openDatabases, pooledDatabase } from "./database/pooled-database.ts";
import { PoolManager } from "./pool-manager.ts";
import { FakeDriver, fakeBackend } from "./testing/fake-driver.ts";
import { never } from "./testing/fake-resource.ts";

/** An open pool, of which the driver answers as it is told. */
function opened(database: string, driver = new FakeDriver(), options: Partial<DatabaseOptions> = {}) {
  const pooled = pooledDatabase(
    fakeBackend(() => driver),
    new DatabaseConfig({ database, ...options }),
  );
  return { ...pooled, pool: pooled.pool, hash: pooled.shared.config.hash, driver };
}

afterEach(async () => {
  await Promise.all(openDatabases().map((pooled) => pooled.close(0)));
});

describe("PoolManager", () => {
  it("answers nothing while no pool is open", async () => {
    expect(PoolManager.getPoolMetrics()).toEqual({});
    expect(PoolManager.getPoolStatus()).toEqual([]);
    expect(await PoolManager.healthCheckAllPools()).toEqual({});
    expect(PoolManager.checkForLeakedConnections()).toEqual([]);
    expect(await PoolManager.closePool()).toEqual([]);
  });

  it("answers metrics by hash, of all pools or of one", async () => {
    const one = opened("one");
    const two = opened("two");
    await one.pool.acquire();
    const metrics = PoolManager.getPoolMetrics();
    expect(Object.keys(metrics).sort()).toEqual([one.hash, two.hash].sort());
    expect([metrics[one.hash]?.inUse, metrics[two.hash]?.inUse]).toEqual([1, 0]);
    expect(PoolManager.getPoolMetrics(two.hash)).toEqual({ [two.hash]: metrics[two.hash] });
    expect(PoolManager.getPoolMetrics("nothing")).toEqual({});
  });

  it("shows pools apart that differ in nothing but the password, and closes one of them alone", async () => {
    const [one, two, three] = ["one", "two", "three"].map((password) =>
      opened("same", new FakeDriver(), { password }),
    );
    if (one === undefined || two === undefined || three === undefined) throw new Error("expected three");
    const { hash } = one;
    expect([two.hash, three.hash]).toEqual([hash, hash]);
    two.driver.onCall = () => {
      throw new Error("gone");
    };
    const keys = [hash, `${hash}#2`, `${hash}#3`];
    expect(Object.keys(PoolManager.getPoolMetrics(hash))).toEqual(keys);
    expect(PoolManager.getPoolStatus().map(({ key }) => key)).toEqual(keys);
    expect(await PoolManager.healthCheckAllPools()).toEqual({
      [hash]: true,
      [`${hash}#2`]: false,
      [`${hash}#3`]: true,
    });
    expect(await PoolManager.closePool({ hash: `${hash}#2` })).toHaveLength(1);
    expect(Object.keys(PoolManager.getPoolMetrics())).toEqual([hash, `${hash}#3`]);
    opened("same", new FakeDriver(), { password: "four" });
    expect(Object.keys(PoolManager.getPoolMetrics())).toEqual([hash, `${hash}#3`, `${hash}#2`]);
    expect(await PoolManager.closePool({ hash })).toHaveLength(3);
  });

  it("answers the status of each, with its names and its circuit", async () => {
    const one = opened("one", undefined, { alias: "first" });
    opened("two");
    expect(PoolManager.getPoolStatus(one.hash)).toMatchObject([
      { alias: "first", hash: one.hash, backend: "fake", circuit: "closed", inUse: 0, lifecycle: "new" },
    ]);
    expect(PoolManager.getPoolStatus().map(({ alias }) => alias)).toEqual(["first", "two"]);
  });

  it("asks every database for a sign of life, and gives the connections back", async () => {
    const alive = opened("alive");
    const dead = opened(
      "dead",
      new FakeDriver(() => {
        throw new Error("gone");
      }),
    );
    expect(await PoolManager.healthCheckAllPools()).toEqual({ [alive.hash]: true, [dead.hash]: false });
    expect(alive.driver.calls).toEqual(["PING", "RESET"]);
    expect(PoolManager.getPoolMetrics()).toMatchObject({
      [alive.hash]: { inUse: 0 },
      [dead.hash]: { inUse: 0 },
    });
  });

  it("does not wait for ever for a database that says nothing", async () => {
    const silent = opened("silent", new FakeDriver(() => never().then(() => undefined)));
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    let healthy: Record<string, boolean> | undefined;
    void PoolManager.healthCheckAllPools().then((answer) => {
      healthy = answer;
    });
    await vi.advanceTimersByTimeAsync(4_900);
    expect(healthy).toBeUndefined();
    await vi.advanceTimersByTimeAsync(200);
    await vi.advanceTimersByTimeAsync(200);
    expect(healthy).toEqual({ [silent.hash]: false });
    expect(silent.driver.usable).toBe(false);
  });

  it("tells the connections that are held for long, by the alias of their database", async () => {
    const { pool } = opened("one", undefined, { alias: "first" });
    const lease = await pool.acquire({ label: "work" });
    expect(PoolManager.checkForLeakedConnections()).toEqual([]);
    expect(PoolManager.checkForLeakedConnections(0)).toMatchObject([{ alias: "first", label: "work" }]);
    lease.release();
    expect(PoolManager.checkForLeakedConnections(0)).toEqual([]);
  });

  it("closes the pool that is named, and then all others, by force when their time is up", async () => {
    const one = opened("one");
    const two = opened("two");
    await two.pool.acquire({ label: "kept" });
    expect(await PoolManager.closePool({ hash: "nothing" })).toEqual([]);
    expect(await PoolManager.closePool({ hash: one.hash })).toMatchObject([{ forced: [], unfinished: 0 }]);
    expect(Object.keys(PoolManager.getPoolMetrics())).toEqual([two.hash]);
    expect(await PoolManager.closePool({ timeout: 0 })).toMatchObject([{ forced: [{ label: "kept" }] }]);
    expect(two.driver.usable).toBe(false);
    expect(PoolManager.getPoolMetrics()).toEqual({});
  });
});
