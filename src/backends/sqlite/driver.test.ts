import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { NativeStatement } from "../../backend/index.ts";
import { runSync } from "../../operation/index.ts";
import { openInline } from "./connect.ts";
import type { SqliteConnection } from "./driver.ts";
import { toDatabaseError } from "./errors.ts";
import { blockingPauses } from "./waits.ts";

const folder = mkdtempSync(join(tmpdir(), "strata-sqlite-driver-"));
const opened: SqliteConnection[] = [];
let files = 0;
afterAll(() => {
  for (const connection of opened) connection.destroy();
  rmSync(folder, { recursive: true, force: true });
});

const limits = { timeoutMs: 1_000 };
const sql = (text: string, reusable = true): NativeStatement => ({ text, readOnly: false, reusable });

function open(database = join(folder, `${++files}.db`), options = {}): SqliteConnection {
  const target = { database, connectTimeoutMs: 1_000, options };
  const connection = runSync(openInline(target, blockingPauses));
  opened.push(connection);
  return connection;
}

let db: SqliteConnection;
const run = (text: string, ...values: unknown[]) => db.execute(sql(text), values, limits);
const rows = async (text: string, ...values: unknown[]) => (await run(text, ...values)).rows;

function failureOf(work: () => unknown): ReturnType<typeof toDatabaseError> {
  try {
    work();
  } catch (error) {
    return toDatabaseError(error, {});
  }
  throw new Error("expected a failure, got none");
}

beforeEach(() => {
  db = open(":memory:");
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
});

describe("execute", () => {
  it("answers rows as arrays, with their columns and their number", () => {
    run("INSERT INTO t (v) VALUES (?), (?)", "a", 1.5);
    expect(run("SELECT id, v FROM t ORDER BY id")).toEqual({
      columns: ["id", "v"],
      rows: [
        [1, "a"],
        [2, 1.5],
      ],
      rowCount: 2,
    });
  });

  it("answers the rows changed by a statement that answers none", () => {
    expect(run("INSERT INTO t (v) VALUES (1), (2), (3)")).toEqual({ columns: [], rows: [], rowCount: 3 });
    expect(run("UPDATE t SET v = 0 WHERE v > 1")).toMatchObject({ rowCount: 2 });
    expect(run("DELETE FROM t WHERE v = 99")).toMatchObject({ rowCount: 0 });
    expect(run("CREATE TABLE other (a)")).toMatchObject({ rowCount: 0 });
  });

  it("answers the rows of RETURNING", () => {
    expect(run("INSERT INTO t (v) VALUES (1), (2) RETURNING id")).toMatchObject({
      columns: ["id"],
      rows: [[1], [2]],
      rowCount: 2,
    });
  });

  it("keeps columns of one name apart", () => {
    expect(run("SELECT 1 AS a, 2 AS a, 3 AS __proto__")).toMatchObject({
      columns: ["a", "a", "__proto__"],
      rows: [[1, 2, 3]],
    });
  });

  it("keeps whole numbers exact, and bytes and text as they are", async () => {
    const bytes = new Uint8Array([0, 255]);
    run("INSERT INTO t (v) VALUES (?), (?), (?), (?)", 2n ** 63n - 1n, 7n, bytes, "żółć");
    const stored = (await rows("SELECT v FROM t ORDER BY id")).flat();
    expect(stored).toEqual([2n ** 63n - 1n, 7, bytes, "żółć"]);
    expect(Buffer.isBuffer(stored[2])).toBe(false);
  });

  it("runs many different statements with a small cache", async () => {
    db = open(":memory:", { statementCacheSize: 2 });
    for (let i = 0; i < 20; i++) expect(await rows(`SELECT ${i % 5}`)).toEqual([[i % 5]]);
  });

  it("runs a statement that is not reusable", async () => {
    const { rows: answer } = await db.execute(sql("SELECT ?", false), [1n], limits);
    expect(answer).toEqual([[1]]);
  });

  it.each([
    ["SELEC 1", "SqlSyntaxError"],
    ["SELECT 1; SELECT 2", "SqlSyntaxError"],
    ["SELECT ?", "SqlParameterError"],
    ["INSERT INTO t (id) VALUES (1), (1)", "UniqueViolationError"],
  ])("throws for %s, and is usable afterwards", async (text, name) => {
    expect(failureOf(() => run(text)).name).toBe(name);
    expect(await rows("SELECT count(*) FROM t")).toEqual([[0]]);
  });

  it("throws plainly after it was closed", () => {
    db.close();
    expect(db.usable).toBe(false);
    expect(failureOf(() => run("SELECT 1"))).toMatchObject({ name: "ClosedError", outcome: "not_sent" });
  });

  it("lets the WAL be checkpointed behind INSERT … RETURNING", () => {
    const path = join(folder, "wal.db");
    db = open(path, { synchronous: "off" });
    run("CREATE TABLE t (id INTEGER PRIMARY KEY, v)");
    for (let i = 0; i < 3_000; i++) run("INSERT INTO t (v) VALUES (zeroblob(2000)) RETURNING id");
    // 1,000 pages of 4 KiB are the mark at which SQLite checkpoints.
    expect(statSync(`${path}-wal`).size).toBeLessThan(8_000_000);
  });
});

describe("executeMany", () => {
  it("runs one statement for each set, and counts the rows changed by all", async () => {
    expect(db.executeMany(sql("INSERT INTO t (v) VALUES (?)"), [[1n], ["b"], [null]], limits)).toBe(3);
    expect(db.executeMany(sql("INSERT INTO t (v) VALUES (?) RETURNING id"), [[1n]], limits)).toBe(1);
    expect(db.executeMany(sql("UPDATE t SET v = ? WHERE v = 1"), new Set([[9n]]), limits)).toBe(2);
    expect(db.executeMany(sql("DELETE FROM t"), [], limits)).toBe(0);
    expect(await rows("SELECT v FROM t ORDER BY id")).toEqual([[9], ["b"], [null], [9]]);
  });

  it("stops at the first set that fails", async () => {
    db.begin({}, limits);
    const sets = [[1n], [1n], [2n]];
    const insert = sql("INSERT INTO t (id) VALUES (?)");
    expect(failureOf(() => db.executeMany(insert, sets, limits)).name).toBe("UniqueViolationError");
    expect(await rows("SELECT id FROM t")).toEqual([[1]]);
    db.rollback(limits);
    expect(await rows("SELECT id FROM t")).toEqual([]);
  });
});

describe("a session", () => {
  it("has the settings that keep data safe", async () => {
    db = open();
    const setting = async (name: string) => (await rows(`PRAGMA ${name}`))[0]?.[0];
    expect(await setting("journal_mode")).toBe("wal");
    expect(await setting("synchronous")).toBe(2);
    expect(await setting("foreign_keys")).toBe(1);
    expect(await setting("trusted_schema")).toBe(0);
    expect(await setting("busy_timeout")).toBe(0);
    db = open(undefined, { synchronous: "normal", journalMode: "delete" });
    expect(await setting("synchronous")).toBe(1);
    expect(await setting("journal_mode")).toBe("delete");
  });

  it("is brought back to its first state", async () => {
    const other = join(folder, `other-${++files}.db`);
    run("PRAGMA foreign_keys = OFF");
    run("ATTACH ? AS other", other);
    run("CREATE TABLE other.things (a)");
    run("CREATE TEMP TABLE scratch (a PRIMARY KEY)");
    run("CREATE INDEX temp.scratch_a ON scratch (a)");
    run("CREATE VIEW temp.seen AS SELECT * FROM scratch");
    run("CREATE TEMP TRIGGER noted AFTER INSERT ON t BEGIN INSERT INTO scratch VALUES (new.id); END");
    run("CREATE TEMP TABLE counted (a INTEGER PRIMARY KEY AUTOINCREMENT)");
    run("CREATE VIRTUAL TABLE temp.texts USING fts5 (body)");
    run("/* why */ PRAGMA query_only = ON");
    db.reset();
    expect(await rows("PRAGMA foreign_keys")).toEqual([[1]]);
    expect((await rows("PRAGMA database_list")).map(([, name]) => name)).not.toContain("other");
    expect(await rows("SELECT name FROM temp.sqlite_schema WHERE name <> 'sqlite_sequence'")).toEqual([]);
    run("INSERT INTO t (v) VALUES (1)");
  });

  it("notices the same statement again after it was brought back", async () => {
    const off = sql("PRAGMA foreign_keys = OFF");
    for (let i = 0; i < 2; i++) {
      db.execute(off, [], limits);
      expect(await rows("PRAGMA foreign_keys")).toEqual([[0]]);
      db.reset();
      expect(await rows("PRAGMA foreign_keys")).toEqual([[1]]);
    }
  });

  it("ends what was left open when it is brought back", async () => {
    run("INSERT INTO t (v) VALUES (1), (2)");
    run("BEGIN");
    await db.stream(sql("SELECT v FROM t"), [], limits);
    db.reset();
    expect(db.inTransaction).toBe(false);
    run("DELETE FROM t");
  });

  it("tells its versions, and gives a sign of life", () => {
    expect(db.version()).toEqual({
      serverVersion: expect.stringMatching(/^SQLite 3\.\d+\.\d+$/),
      driver: expect.stringMatching(/^better-sqlite3 13\./),
    });
    expect(db.ping(limits)).toBeUndefined();
    db.destroy();
    expect(() => db.ping(limits)).toThrow();
  });

  it("ends once, however often it is asked to", () => {
    db.close();
    db.close();
    db.destroy();
    expect(db.usable).toBe(false);
  });

  it("settles a cancel at once when nothing waits", async () => {
    await db.cancel();
    expect(await rows("SELECT 1")).toEqual([[1]]);
  });
});
