import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NativeStatement } from "../../backend/index.ts";
import { runSync } from "../../operation/index.ts";
import { openInline } from "./connect.ts";
import type { SqliteConnection } from "./driver.ts";
import { toDatabaseError } from "./errors.ts";
import { blockingPauses } from "./waits.ts";
import { openTurns } from "./write-turn.ts";

const limits = { timeoutMs: 1_000 };
const sql = (text: string): NativeStatement => ({ text, readOnly: false, reusable: true });

let folder: string;
let db: SqliteConnection;
let other: SqliteConnection;

function open(options = {}): SqliteConnection {
  const target = { database: join(folder, "a.db"), connectTimeoutMs: 1_000, options };
  return runSync(openInline(target, blockingPauses));
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "strata-sqlite-transactions-"));
  [db, other] = [open(), open()];
  run("CREATE TABLE t (id INTEGER PRIMARY KEY, parent REFERENCES t DEFERRABLE INITIALLY DEFERRED)");
});
afterEach(() => {
  db.destroy();
  other.destroy();
  rmSync(folder, { recursive: true, force: true });
  expect(openTurns()).toBe(0);
});

const run = (text: string, on = db) => on.execute(sql(text), [], limits);
const count = async (on = db) => (await run("SELECT count(*) FROM t", on)).rows[0]?.[0];

function failureOf(work: () => unknown): ReturnType<typeof toDatabaseError> {
  try {
    work();
  } catch (error) {
    return toDatabaseError(error, {});
  }
  throw new Error("expected a failure, got none");
}

/** Whether another connection of this thread could write now. */
function turnIsFree(): boolean {
  try {
    run("INSERT INTO t (id) VALUES (1000)", other);
    run("DELETE FROM t WHERE id = 1000", other);
    return true;
  } catch (error) {
    expect(toDatabaseError(error, {})).toMatchObject({ name: "LockTimeoutError", outcome: "not_sent" });
    return false;
  }
}

describe("a transaction", () => {
  it("commits, and holds the turn to write from its begin to its end", async () => {
    expect(turnIsFree()).toBe(true);
    expect(db.begin({}, limits)).toBeUndefined();
    expect(db.inTransaction).toBe(true);
    expect(turnIsFree()).toBe(false);
    run("INSERT INTO t (id) VALUES (1)");
    expect(await count(other)).toBe(0);
    expect(db.commit(limits)).toBeUndefined();
    expect(db.inTransaction).toBe(false);
    expect(await count(other)).toBe(1);
    expect(turnIsFree()).toBe(true);
  });

  it("rolls back", async () => {
    db.begin({ isolation: "serializable" }, limits);
    run("INSERT INTO t (id) VALUES (1)");
    db.rollback(limits);
    expect(await count()).toBe(0);
    expect(turnIsFree()).toBe(true);
    expect(db.rollback(limits)).toBeUndefined();
  });

  it("rolls back with a cursor open", async () => {
    run("INSERT INTO t (id) VALUES (1), (2)");
    db.begin({}, limits);
    const cursor = await db.stream(sql("SELECT id FROM t"), [], limits);
    db.rollback(limits);
    expect(() => cursor.read(1)).toThrow("not read to their end");
    expect(turnIsFree()).toBe(true);
  });

  it("has savepoints by statement", async () => {
    db.begin({}, limits);
    run("INSERT INTO t (id) VALUES (1)");
    run("SAVEPOINT s");
    run("INSERT INTO t (id) VALUES (2)");
    run("ROLLBACK TO s");
    run("RELEASE s");
    expect(turnIsFree()).toBe(false);
    db.commit(limits);
    expect(await count()).toBe(1);
  });

  it("stays open when its commit fails, until it is rolled back", async () => {
    db.begin({}, limits);
    run("INSERT INTO t (id, parent) VALUES (1, 99)");
    expect(failureOf(() => db.commit(limits))).toMatchObject({ name: "ForeignKeyViolationError" });
    expect(db.inTransaction).toBe(true);
    expect(turnIsFree()).toBe(false);
    db.rollback(limits);
    expect(turnIsFree()).toBe(true);
    expect(await count()).toBe(0);
  });

  it("is told as rolled back when SQLite ends it by itself, and gives up the turn", () => {
    db.begin({}, limits);
    run("INSERT INTO t (id) VALUES (1)");
    expect(failureOf(() => run("INSERT OR ROLLBACK INTO t (id) VALUES (1)"))).toMatchObject({
      name: "UniqueViolationError",
      outcome: "rolled_back",
      table: "t",
      columns: ["id"],
    });
    expect(db.inTransaction).toBe(false);
    expect(turnIsFree()).toBe(true);
    expect(failureOf(() => db.commit(limits))).toMatchObject({
      name: "TransactionStateError",
      outcome: "rolled_back",
    });
  });

  it("is told as it is after a full disk", async () => {
    run("PRAGMA max_page_count = 20");
    db.begin({}, limits);
    run("INSERT INTO t (id) VALUES (1)");
    const error = failureOf(() => run("CREATE TABLE big AS SELECT zeroblob(1000000) AS a"));
    expect(error.name).toBe("StorageError");
    expect(error.outcome).toBe(db.inTransaction ? "rejected" : "rolled_back");
    db.rollback(limits);
    expect(await count()).toBe(0);
    expect(await run("PRAGMA integrity_check")).toMatchObject({ rows: [["ok"]] });
    expect(turnIsFree()).toBe(true);
  });

  it("cannot be begun twice, nor with another isolation", () => {
    expect(failureOf(() => db.begin({ isolation: "read committed" }, limits)).name).toBe("UnsupportedError");
    db.begin({}, limits);
    expect(failureOf(() => db.begin({}, limits)).name).toBe("TransactionStateError");
    db.rollback(limits);
    expect(turnIsFree()).toBe(true);
  });

  it("begun and ended by statements holds the turn from its first write", () => {
    run("BEGIN");
    expect(turnIsFree()).toBe(true);
    run("INSERT INTO t (id) VALUES (1)");
    expect(turnIsFree()).toBe(false);
    run("COMMIT");
    expect(turnIsFree()).toBe(true);
    run("BEGIN IMMEDIATE");
    expect(turnIsFree()).toBe(false);
    run("ROLLBACK");
    expect(turnIsFree()).toBe(true);
  });

  it("that is closed or destroyed is rolled back, and gives up the turn", async () => {
    db.begin({}, limits);
    run("INSERT INTO t (id) VALUES (1)");
    db.close();
    expect(turnIsFree()).toBe(true);
    expect(await count(other)).toBe(0);
    db = open();
    db.begin({}, limits);
    db.destroy();
    expect(turnIsFree()).toBe(true);
  });

  it("gives up the turn even when its file cannot be closed", () => {
    run("INSERT INTO t (id) VALUES (1)");
    db.begin({}, limits);
    const rows = db.raw.prepare("SELECT * FROM t").iterate();
    rows.next();
    db.destroy();
    expect(db.usable).toBe(false);
    rows.return();
    expect(openTurns()).toBe(1);
  });

  it("that goes stale on upgrade is a SerializationError", () => {
    run("BEGIN");
    run("SELECT * FROM t");
    run("INSERT INTO t (id) VALUES (5)", other);
    expect(failureOf(() => run("INSERT INTO t (id) VALUES (6)"))).toMatchObject({
      name: "SerializationError",
      outcome: "rejected",
      retryable: true,
    });
    run("ROLLBACK");
    expect(turnIsFree()).toBe(true);
  });
});

describe("a transaction that only reads", () => {
  it("sees one state throughout, and does not keep others from writing", async () => {
    db.begin({ readOnly: true }, limits);
    expect(await count()).toBe(0);
    run("INSERT INTO t (id) VALUES (1)", other);
    expect(await count()).toBe(0);
    db.commit(limits);
    expect(await count()).toBe(1);
  });

  it.each([
    "INSERT INTO t (id) VALUES (1)",
    "CREATE TEMP TABLE x (a)",
    "INSERT INTO t DEFAULT VALUES RETURNING id",
  ])("refuses %s, and allows it afterwards", (text) => {
    db.begin({ readOnly: true }, limits);
    expect(failureOf(() => run(text)).name).toBe("ReadOnlyError");
    expect(failureOf(() => db.executeMany(sql(text), [[]], limits)).name).toBe("ReadOnlyError");
    expect(failureOf(() => db.stream(sql(text), [], limits)).name).toBe("ReadOnlyError");
    expect(db.inTransaction).toBe(true);
    db.rollback(limits);
    run(text);
    expect(turnIsFree()).toBe(true);
  });

  it("is the only kind on a connection that only reads", async () => {
    run("INSERT INTO t (id) VALUES (1)");
    db.close();
    db = open({ readOnly: true });
    db.begin({}, limits);
    expect(await count()).toBe(1);
    expect(failureOf(() => run("DELETE FROM t")).name).toBe("ReadOnlyError");
    db.rollback(limits);
    expect(turnIsFree()).toBe(true);
  });
});
