import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Database } from "../../src/index.ts";
import { rejection, Scratch } from "./scratch.ts";

const rows = 100_000;
const onePool = { pool: { maxSize: 1, maxOverflow: 0 } } as const;
const asynchronous = { meta: { backend: "sqlite/async" } };
const everyRow = "SELECT [n], [text] FROM [big] ORDER BY [n]";

const numbers = (count: number) =>
  `WITH RECURSIVE [numbers]([n]) AS (SELECT 1 UNION ALL SELECT [n] + 1 FROM [numbers] WHERE [n] < ${count})`;

function fill(scratch: Scratch): void {
  const db = scratch.openSync();
  db.execute("CREATE TABLE [big] ([n] INTEGER PRIMARY KEY, [text] TEXT)");
  db.execute(`INSERT INTO [big] ${numbers(rows)} SELECT [n], printf('%.500c', 'x') FROM [numbers]`);
  db.close();
}

function collect(): void {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
}

/** The heap in MB after everything that can be collected was. */
function heap(): number {
  collect();
  return process.memoryUsage().heapUsed / 1e6;
}

describe("100,000 rows of 500 characters as a stream", () => {
  it.each([
    ["inline", "sqlite/async"],
    ["process", "sqlite+process/async"],
  ])("never lie in memory together (%s)", { meta: { backend: "sqlite/async" } }, async (isolation) => {
    const scratch = new Scratch();
    fill(scratch);
    const db = scratch.open({ ...onePool, isolation });
    await db.ping();
    const before = heap();
    let [count, sum, most] = [0, 0, 0];
    for await (const row of db.stream<{ n: number; text: string }>(everyRow)) {
      count++;
      sum += row.n + row.text.length;
      if (count % 20_000 === 0) most = Math.max(most, heap() - before);
    }
    expect([count, sum]).toEqual([rows, (rows * (rows + 1)) / 2 + rows * 500]);
    expect(most).toBeLessThan(15);
    expect(db.getPoolMetrics()).toMatchObject({ inUse: 0 });
  });

  it("neither do they without promises", { meta: { backend: "sqlite/sync" } }, () => {
    const scratch = new Scratch();
    fill(scratch);
    const db = scratch.openSync();
    db.ping();
    const before = heap();
    let [count, most] = [0, 0];
    for (const row of db.stream(everyRow)) {
      if (Number(row.n) !== ++count) throw new Error(`row ${row.n} came as row ${count}`);
      if (count % 20_000 === 0) most = Math.max(most, heap() - before);
    }
    expect(count).toBe(rows);
    expect(most).toBeLessThan(15);
  });
});

describe("leaving a stream early", () => {
  const some = `${numbers(5000)} SELECT [n] FROM [numbers]`;

  async function isFree(db: Database): Promise<void> {
    expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
    await db.saveEntity("things", { id: "a", n: Math.random() }, { timeout: 2 });
  }

  it.each(["inline", "process"])("frees its connection (%s)", asynchronous, async (isolation) => {
    const db = new Scratch().open({ ...onePool, isolation });
    for await (const row of db.stream<{ n: number }>(some)) if (row.n === 3) break;
    await isFree(db);
    const failing = async () => {
      for await (const row of db.stream<{ n: number }>(some))
        if (row.n === 700) throw new RangeError("enough");
    };
    expect(await rejection(failing())).toBeInstanceOf(RangeError);
    await isFree(db);
    const unread = db.stream(some);
    await unread.return();
    await isFree(db);
    const begun = db.stream(some);
    await begun.next();
    await begun.return();
    await isFree(db);
  });

  it("frees its connection when the statement fails", asynchronous, async () => {
    const db = new Scratch().open(onePool);
    const failing = db.stream("SELECT abs(-9223372036854775807 - 1)");
    expect(await rejection(failing.next())).toMatchObject({ code: "STRATA_DATABASE" });
    expect(await rejection(db.stream("SELECT * FROM [nothing]").next())).toMatchObject({
      code: "STRATA_SQL_SYNTAX",
    });
    expect(await rejection(db.stream("SELECT ?", []).next())).toMatchObject({ code: "STRATA_SQL_PARAMETER" });
    await isFree(db);
  });

  it("lets a transaction go on, which cannot be used meanwhile", asynchronous, async () => {
    const db = new Scratch().open(onePool);
    await db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "b", n: 1 });
      for await (const row of tx.stream<{ n: number }>(some)) {
        expect(await rejection(tx.countEntities("things"))).toMatchObject({
          code: "STRATA_TRANSACTION_STATE",
        });
        if (row.n === 2) break;
      }
      await tx.saveEntity("things", { id: "c", n: 1 });
    });
    expect(await db.countEntities("things")).toBe(2);
  });

  it("frees the synchronous connection, which is refused meanwhile", {
    meta: { backend: "sqlite/sync" },
  }, () => {
    const db = new Scratch().openSync();
    for (const row of db.stream<{ n: number }>(some)) {
      expect(() => db.saveEntity("things", { id: "a" })).toThrow(
        expect.objectContaining({ kind: expect.any(String) }),
      );
      if (row.n === 2) break;
    }
    db.saveEntity("things", { id: "a" });
    expect(db.countEntities("things")).toBe(1);
  });
});
