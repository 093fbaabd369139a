import { describe, expect, it } from "vitest";
import { ClosedError, type Database, DatabaseManager } from "../../src/index.ts";
import { gate, range, rejection, Scratch } from "./scratch.ts";

const meta = { backend: "sqlite/async" };

function poolsOpen(): number {
  return Object.keys(DatabaseManager.getPoolMetrics()).length;
}

describe("close", () => {
  it.each(["inline", "process"])(
    "while queries are under way lets them end, and refuses new ones (%s)",
    { meta },
    async (isolation) => {
      const scratch = new Scratch();
      const db = scratch.open({ isolation, pool: { maxSize: 3 } });
      await db.saveEntity("things", { id: "a", n: 0 });
      const saves = range(20).map((n) => db.saveEntity("things", { id: `${n}`, n }));
      await Promise.race(saves);
      const closing = db.close();
      const late = rejection(db.saveEntity("things", { id: "late" }));
      const settled = await Promise.allSettled(saves);
      await closing;
      expect(await late).toBeInstanceOf(ClosedError);
      for (const result of settled) {
        if (result.status === "rejected")
          expect(result.reason).toMatchObject({ code: "STRATA_CLOSED", outcome: "not_sent" });
      }
      const saved = settled.filter(({ status }) => status === "fulfilled").length;
      // What was told to be stored is, and nothing else.
      expect(await scratch.open().countEntities("things")).toBe(saved + 1);
      expect(saved).toBeGreaterThan(0);
    },
  );

  it("waits for a transaction that is under way", { meta }, async () => {
    const scratch = new Scratch();
    const db = scratch.open();
    const [begun, ended] = [gate(), gate()];
    const transaction = db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "a" });
      begun.open();
      await ended.opened;
      await tx.saveEntity("things", { id: "b" });
    });
    await begun.opened;
    const closing = db.close();
    ended.open();
    await transaction;
    await closing;
    expect(await scratch.open().countEntities("things")).toBe(2);
  });

  it("ends by force what does not end in time, and rolls it back", { meta }, async () => {
    const scratch = new Scratch();
    const db = scratch.open();
    const [begun, never] = [gate(), gate()];
    const transaction = rejection(
      db.transaction(async (tx) => {
        await tx.saveEntity("things", { id: "a" });
        begun.open();
        await never.opened;
        await tx.saveEntity("things", { id: "b" });
      }),
    );
    await begun.opened;
    const startedMs = performance.now();
    await db.close({ timeout: 0.1 });
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(await scratch.open().countEntities("things")).toBe(0);
    never.open();
    expect(await transaction).toMatchObject({
      name: expect.stringMatching(/Error$/),
      code: expect.stringMatching(/^STRATA_/),
    });
    expect(await scratch.open().countEntities("things")).toBe(0);
  });

  it("can be called twice, and by `await using`", { meta }, async () => {
    const scratch = new Scratch();
    let kept: Database;
    {
      await using db = scratch.open();
      await db.ping();
      kept = db;
    }
    await kept.close();
    await Promise.all([kept.close(), kept.close()]);
    const reason = await rejection(kept.ping());
    expect(reason).toBeInstanceOf(ClosedError);
    const sync = scratch.openSync();
    sync.ping();
    sync.close();
    sync.close();
    expect(() => sync.ping()).toThrow(ClosedError);
  });

  it("refuses a connection that was given back", { meta }, async () => {
    const db = new Scratch().open();
    const connection = await db.connection();
    await connection.close();
    await connection.close();
    expect(await rejection(connection.ping())).toBeInstanceOf(ClosedError);
    expect(await rejection(connection.transaction(() => {}))).toBeInstanceOf(ClosedError);
    expect(await rejection(connection.stream("SELECT 1").next())).toBeInstanceOf(ClosedError);
    await db.ping();
  });
});

describe("handles with one configuration", () => {
  it("share one pool, which closes with the last of them", { meta }, async () => {
    const scratch = new Scratch();
    const before = poolsOpen();
    const [one, two] = [scratch.open(), scratch.open()];
    const other = scratch.open({ pool: { maxSize: 2 } });
    expect([one.hash === two.hash, one.hash === other.hash]).toEqual([true, false]);
    expect(poolsOpen()).toBe(before + 2);
    await one.saveEntity("things", { id: "a" });
    expect(two.getPoolMetrics().acquired).toBe(one.getPoolMetrics().acquired);
    await one.close();
    expect(await two.countEntities("things")).toBe(1);
    expect(await rejection(one.ping())).toBeInstanceOf(ClosedError);
    await two.close();
    expect(poolsOpen()).toBe(before + 1);
    const again = scratch.open();
    expect(await again.countEntities("things")).toBe(1);
    await other.close();
    await again.close();
    expect(poolsOpen()).toBe(before);
  });

  it("in memory see each other's records; with another password they never do", { meta }, async () => {
    const open = (password?: string): Database =>
      DatabaseManager.connect("sqlite", {
        database: ":memory:",
        alias: "shared",
        ...(password && { password }),
      });
    const handles = [open("canary one"), open("canary one"), open("canary two"), open()];
    const [one, same, another, none] = handles;
    await one?.saveEntity("things", { id: "a" });
    expect(await same?.countEntities("things")).toBe(1);
    expect(await another?.countEntities("things")).toBe(0);
    expect(await none?.countEntities("things")).toBe(0);
    // The password is no part of the hash, which may be logged.
    expect(new Set(handles.map(({ hash }) => hash)).size).toBe(1);
    for (const handle of handles) await handle.close();
  });

  it("do not share connections that were not asked for with the same limits", { meta }, async () => {
    const scratch = new Scratch();
    const slow = scratch.open({ queryExecutionTimeout: 60 });
    const quick = scratch.open({ queryExecutionTimeout: 1 });
    expect(slow.hash).not.toBe(quick.hash);
  });
});

describe("closeAll", () => {
  it("closes every pool, whoever uses it", { meta }, async () => {
    const handles = range(3).map(() => new Scratch().open());
    for (const db of handles) await db.ping();
    await DatabaseManager.closeAll();
    expect(poolsOpen()).toBe(0);
    for (const db of handles) expect(await rejection(db.ping())).toBeInstanceOf(ClosedError);
    const fresh = new Scratch().open();
    await fresh.ping();
  });

  it("by its hash closes one pool only", { meta }, async () => {
    const [one, two] = [new Scratch().open(), new Scratch().open()];
    await Promise.all([one.ping(), two.ping()]);
    await DatabaseManager.closePool(one.hash);
    expect(await rejection(one.ping())).toBeInstanceOf(ClosedError);
    await two.ping();
  });
});
