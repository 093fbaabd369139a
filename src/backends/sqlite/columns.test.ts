import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NativeStatement } from "../../backend/index.ts";
import { runSync } from "../../operation/index.ts";
import { openInline } from "./connect.ts";
import type { SqliteConnection } from "./driver.ts";
import { blockingPauses } from "./waits.ts";

const limits = { timeoutMs: 1_000 };
const sql = (text: string): NativeStatement => ({ text, readOnly: false, reusable: true });
const all = sql("SELECT * FROM t");
let folder: string;
let db: SqliteConnection;
let other: SqliteConnection;

function open(): SqliteConnection {
  const target = { database: join(folder, "a.db"), connectTimeoutMs: 1_000, options: {} };
  return runSync(openInline(target, blockingPauses));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "strata-sqlite-columns-"));
  [db, other] = [open(), open()];
  run("CREATE TABLE t (a, b)");
  run("INSERT INTO t VALUES (1, 2)");
});
afterEach(() => {
  db.destroy();
  other.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const run = (text: string, on = db) => on.execute(sql(text), [], limits);

/** The row as an object: a name over a wrong value shows. */
async function read(statement = all, on = db): Promise<Record<string, unknown>> {
  const { columns, rows } = await on.execute(statement, [], limits);
  expect(rows[0]).toHaveLength(columns.length);
  return Object.fromEntries(columns.map((column, i) => [column, rows[0]?.[i]]));
}

describe("the columns of a prepared SELECT *", () => {
  // Each number of reads before the change has the names kept in another state.
  it.each([0, 1, 2, 3, 10])("follow the schema after %d reads", async (reads) => {
    const settle = async () => {
      for (let i = 0; i < reads; i++) await read();
    };
    for (const changer of [db, other]) {
      await settle();
      run("ALTER TABLE t ADD COLUMN c DEFAULT 3", changer);
      expect(await read()).toEqual({ a: 1, b: 2, c: 3 });
      await settle();
      run("ALTER TABLE t RENAME COLUMN a TO z", changer);
      expect(await read()).toEqual({ z: 1, b: 2, c: 3 });
      await settle();
      run("ALTER TABLE t DROP COLUMN c", changer);
      expect(await read()).toEqual({ z: 1, b: 2 });
      await settle();
      run("ALTER TABLE t RENAME COLUMN z TO a", changer);
    }
  });

  it("follow a change that keeps their number and turns their order", async () => {
    for (let i = 0; i < 5; i++) await read();
    other.begin({}, limits);
    for (const text of [
      "ALTER TABLE t ADD COLUMN n",
      "UPDATE t SET n = a",
      "ALTER TABLE t DROP COLUMN a",
      "ALTER TABLE t RENAME COLUMN n TO a",
    ]) {
      run(text, other);
    }
    other.commit(limits);
    expect(await read()).toEqual({ b: 2, a: 1 });
  });

  it("follow a rollback, and another change that gets the same version", async () => {
    for (let i = 0; i < 5; i++) await read();
    db.begin({}, limits);
    run("ALTER TABLE t RENAME COLUMN a TO x");
    for (let i = 0; i < 5; i++) expect(await read()).toEqual({ x: 1, b: 2 });
    db.rollback(limits);
    expect(await read()).toEqual({ a: 1, b: 2 });
    run("ALTER TABLE t RENAME COLUMN a TO y", other);
    expect(await read()).toEqual({ y: 1, b: 2 });
  });

  it("follow tables outside of the main database", async () => {
    run("CREATE TEMP TABLE side (a)");
    run("INSERT INTO side VALUES (1)");
    const side = sql("SELECT * FROM side");
    for (let i = 0; i < 5; i++) await read(side);
    run("ALTER TABLE side RENAME COLUMN a TO b");
    expect(await read(side)).toEqual({ b: 1 });
  });

  it.each([
    "/* tag */ SELECT * FROM t",
    "SELECT '/*' AS s, t.* FROM t /* '' */",
    "SELECT t.* /* a */ FROM t /* b */",
  ])("follow it beside comments: %s", async (text) => {
    for (let i = 0; i < 5; i++) await read(sql(text));
    run("ALTER TABLE t RENAME COLUMN a TO z", other);
    expect(await read(sql(text))).toMatchObject({ z: 1, b: 2 });
  });

  it("are right for an empty answer", async () => {
    run("DELETE FROM t");
    for (let i = 0; i < 5; i++) await run("SELECT * FROM t");
    run("ALTER TABLE t ADD COLUMN c", other);
    expect(await run("SELECT * FROM t")).toMatchObject({ columns: ["a", "b", "c"], rows: [] });
  });
});

it("keeps the columns of a statement that names them, and fails when one is gone", async () => {
  for (let i = 0; i < 3; i++)
    expect(await read(sql("SELECT a, count(*) AS n FROM t"))).toEqual({ a: 1, n: 1 });
  run("ALTER TABLE t RENAME COLUMN a TO z", other);
  expect(() => run("SELECT a, count(*) AS n FROM t")).toThrow("no such column: a");
});
