import { afterEach, describe, expect, it } from "vitest";
import type { Backend } from "../backend/index.ts";
import { DatabaseConfig, type DatabaseOptions } from "../config/index.ts";
import { ClosedError } from "../errors/index.ts";
import { FakeDriver, fakeBackend } from "../testing/fake-driver.ts";
import { openDatabases, type PooledDatabase, pooledDatabase } from "./pooled-database.ts";

const drivers: FakeDriver[] = [];
const backend = fakeBackend(() => {
  const driver = new FakeDriver();
  drivers.push(driver);
  return driver;
});

/** What a handle does when it is made. */
function handle(options: Partial<DatabaseOptions> = {}, on: Backend = backend): PooledDatabase {
  const pooled = pooledDatabase(on, new DatabaseConfig({ database: "d", ...options }));
  pooled.enter();
  return pooled;
}

afterEach(async () => {
  await Promise.all(openDatabases().map((pooled) => pooled.close(0)));
  drivers.length = 0;
});

describe("pooledDatabase", () => {
  it("shares one pool among equal configurations, and opens nothing by itself", () => {
    expect(handle({ host: "h", port: 1 })).toBe(handle({ port: 1, host: "h" }));
    expect(openDatabases()).toHaveLength(1);
    expect(drivers).toEqual([]);
  });

  it("does not share among configurations that differ", () => {
    const first = handle();
    expect(handle({ database: "e" })).not.toBe(first);
    expect(handle({ pool: { maxSize: 3 } })).not.toBe(first);
    expect(openDatabases()).toHaveLength(3);
    expect(openDatabases(first.shared.config.hash)).toEqual([first]);
    expect(openDatabases("nothing")).toEqual([]);
  });

  it("does not share among those who know different passwords, although their hash is the same", () => {
    const first = handle({ password: "one" });
    const second = handle({ password: "two" });
    expect(second).not.toBe(first);
    expect(second.shared.config.hash).toBe(first.shared.config.hash);
    expect(handle()).not.toBe(first);
    expect(handle({ password: "one" })).toBe(first);
    expect(handle({ password: "two" })).toBe(second);
    expect(openDatabases(first.shared.config.hash)).toHaveLength(3);
  });

  it("does not share among backends", () => {
    const other = fakeBackend(() => new FakeDriver(), { name: "other" });
    expect(handle({}, other)).not.toBe(handle());
  });

  it("closes with the last handle, and is then no longer shared", async () => {
    const first = handle();
    handle();
    const lease = await first.pool.acquire();
    lease.release();
    await first.leave(1000);
    expect(openDatabases()).toEqual([first]);
    expect(drivers[0]?.usable).toBe(true);
    await first.leave(1000);
    expect(openDatabases()).toEqual([]);
    expect(drivers[0]?.calls).toContain("CLOSE");
    await expect((async () => await first.pool.acquire())()).rejects.toBeInstanceOf(ClosedError);
    expect(handle()).not.toBe(first);
  });

  it("closes for all of its handles when it is closed by force, which their own closing then survives", async () => {
    const first = handle();
    const lease = await first.pool.acquire({ label: "kept" });
    const report = await first.close(0);
    expect(report.forced).toMatchObject([{ label: "kept" }]);
    expect(drivers[0]?.usable).toBe(false);
    expect(openDatabases()).toEqual([]);
    const second = handle();
    lease.release();
    await first.leave(1000);
    expect(openDatabases()).toEqual([second]);
  });
});

describe("the pool of a database", () => {
  it("gives a connection back in its first state, and tells of a transaction that was left open", async () => {
    const pooled = handle();
    const told: unknown[] = [];
    pooled.shared.events.on("transactionAbandoned", (event) => told.push(event));
    const lease = await pooled.pool.acquire();
    const [driver] = drivers;
    await driver?.begin({});
    lease.release();
    expect(driver?.calls).toEqual(["BEGIN", "ROLLBACK", "RESET"]);
    expect(told).toEqual([{ database: "d" }]);
    (await pooled.pool.acquire()).release();
    expect(driver?.calls).toEqual(["BEGIN", "ROLLBACK", "RESET", "RESET"]);
    expect(told).toHaveLength(1);
  });

  it("keeps one connection, and keeps it for good, where only one can work on the database", () => {
    const lone = fakeBackend(() => new FakeDriver(), {
      name: "lone",
      capabilities: { concurrentConnections: false },
    });
    const { settings } = handle({ pool: { minSize: 2, maxSize: 5, maxOverflow: 5 } }, lone).pool;
    expect(settings).toMatchObject({
      minSize: 0,
      maxSize: 1,
      maxOverflow: 0,
      recycleMs: 0,
      idleTimeoutMs: 0,
    });
    expect(handle({ pool: { minSize: 2, maxSize: 5 } }).pool.settings).toMatchObject({
      minSize: 2,
      maxSize: 5,
    });
  });
});
