import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NativeStatement } from "../../backend/index.ts";
import { runSync } from "../../operation/index.ts";
import { openInline } from "./connect.ts";
import type { SqliteConnection } from "./driver.ts";
import { toDatabaseError } from "./errors.ts";
import { blockingPauses } from "./waits.ts";

const limits = { timeoutMs: 1_000 };
const sql = (text: string): NativeStatement => ({ text, readOnly: false, reusable: true });
let db: SqliteConnection;

beforeEach(() => {
  const target = { database: ":memory:", connectTimeoutMs: 1_000, options: {} };
  db = runSync(openInline(target, blockingPauses));
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
  run("INSERT INTO t (v) VALUES ('a'), (9007199254740993), (x'01'), ('d'), ('e')");
});
afterEach(() => db.destroy());

const run = (text: string) => db.execute(sql(text), [], limits);
const stream = (text: string, ...values: unknown[]) => db.stream(sql(text), values, limits);

function failureOf(work: () => unknown): ReturnType<typeof toDatabaseError> {
  try {
    work();
  } catch (error) {
    return toDatabaseError(error, {});
  }
  throw new Error("expected a failure, got none");
}

describe("a cursor", () => {
  it("reads piece by piece, with values as execute reads them", async () => {
    const cursor = await stream("SELECT id, v FROM t WHERE id < ? ORDER BY id", 5n);
    expect(cursor.columns).toEqual(["id", "v"]);
    expect(await cursor.read(2)).toEqual([
      [1, "a"],
      [2, 9007199254740993n],
    ]);
    expect(await cursor.read(10)).toEqual([
      [3, new Uint8Array([1])],
      [4, "d"],
    ]);
    expect(await cursor.read(10)).toEqual([]);
    await cursor.close();
  });

  it("knows its columns when there are no rows", async () => {
    const cursor = await stream("SELECT id, v FROM t WHERE id > 99");
    expect(cursor.columns).toEqual(["id", "v"]);
    expect(await cursor.read(1)).toEqual([]);
    run("DELETE FROM t");
  });

  it("lets others read beside it, and write only when it has ended", async () => {
    const cursor = await stream("SELECT id FROM t");
    await cursor.read(1);
    expect(await run("SELECT count(*) FROM t")).toMatchObject({ rows: [[5]] });
    expect(failureOf(() => run("DELETE FROM t"))).toMatchObject({
      name: "UnsupportedError",
      outcome: "not_sent",
      message: expect.stringContaining("a cursor is open"),
    });
    await cursor.close();
    await cursor.close();
    expect(await cursor.read(1)).toEqual([]);
    expect(await run("DELETE FROM t")).toMatchObject({ rowCount: 5 });
  });

  it("frees its connection when it was read to its end", async () => {
    const cursor = await stream("SELECT id FROM t");
    expect(await cursor.read(6)).toHaveLength(5);
    run("DELETE FROM t");
  });

  it("can be open more than once for one statement", async () => {
    const cursors = [await stream("SELECT id FROM t"), await stream("SELECT id FROM t")];
    for (const cursor of cursors) expect(await cursor.read(1)).toEqual([[1]]);
  });

  it("ends with its connection", async () => {
    const cursor = await stream("SELECT id FROM t");
    await cursor.read(1);
    db.close();
    expect(db.usable).toBe(false);
    expect(failureOf(() => cursor.read(9)).name).toBe("ClosedError");
    await cursor.close();
  });

  it("frees its connection when reading fails", async () => {
    const cursor = await stream("SELECT CASE id WHEN 3 THEN abs(-9223372036854775808) ELSE id END FROM t");
    expect(failureOf(() => cursor.read(5)).name).toBe("DatabaseError");
    expect(await cursor.read(5)).toEqual([]);
    run("DELETE FROM t");
  });

  it("serves the rows of a write, which is done when the first is read", async () => {
    const cursor = await stream("UPDATE t SET v = 0 RETURNING id");
    expect(cursor.columns).toEqual(["id"]);
    expect(await cursor.read(2)).toEqual([[1], [2]]);
    expect(await run("SELECT count(*) FROM t WHERE v = 0")).toMatchObject({ rows: [[5]] });
    expect(await cursor.read(9)).toHaveLength(3);
    await cursor.close();
    expect(await cursor.read(1)).toEqual([]);
  });

  it("throws at once for a statement that is wrong", () => {
    expect(failureOf(() => stream("SELECT nope")).name).toBe("SqlSyntaxError");
    expect(failureOf(() => stream("SELECT ?")).name).toBe("SqlParameterError");
  });
});
