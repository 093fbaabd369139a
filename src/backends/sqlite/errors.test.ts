import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { DatabaseError, LockTimeoutError, type Outcome, SqlSyntaxError } from "../../errors/index.ts";
import type { SqliteDatabase } from "./better-sqlite3.ts";
import { rulesByCode, rulesByRefusal, rulesByWords, toDatabaseError } from "./errors.ts";
import { SqliteFailure } from "./failure.ts";
import { loadDriver } from "./loading.ts";

const folder = mkdtempSync(join(tmpdir(), "strata-sqlite-errors-"));
const { Database } = loadDriver();
const opened: SqliteDatabase[] = [];

afterAll(() => {
  for (const database of opened) database.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(path = ":memory:", options: { readonly?: boolean; fileMustExist?: boolean } = {}) {
  const { readonly = false, fileMustExist = false } = options;
  const database = new Database(path, { readonly, fileMustExist, timeout: 0 });
  opened.push(database);
  return database;
}

function run(database: SqliteDatabase, sql: string, ...values: unknown[]): unknown {
  const statement = database.prepare(sql);
  return statement.reader ? statement.raw().all(...values) : statement.run(...values);
}

function withTables(): SqliteDatabase {
  const database = open();
  run(
    database,
    "CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, tenant TEXT, UNIQUE (email, tenant))",
  );
  run(
    database,
    "CREATE TABLE strict (n INTEGER NOT NULL CHECK (n > 0), parent INTEGER REFERENCES users) STRICT",
  );
  run(database, "CREATE TABLE loose (a)");
  run(database, "CREATE UNIQUE INDEX lower_a ON loose (lower(a))");
  run(database, "INSERT INTO users VALUES (1, 'a@b', 't')");
  run(database, "INSERT INTO loose (rowid, a) VALUES (1, 'x')");
  run(
    database,
    "CREATE TRIGGER no_delete BEFORE DELETE ON users BEGIN SELECT raise(ABORT, 'users stay'); END",
  );
  return database;
}

function file(name: string): string {
  const path = join(folder, name);
  const database = open(path);
  run(database, "CREATE TABLE t (a)");
  const numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)";
  run(database, `${numbers} INSERT INTO t SELECT zeroblob(4000) FROM n`);
  database.close();
  return path;
}

interface Expected {
  readonly name: string;
  readonly driverCode?: string;
  readonly outcome?: Outcome;
  readonly table?: string;
  readonly columns?: readonly string[];
}

const cases: readonly [string, Expected, () => unknown][] = [
  [
    "a unique constraint of two columns",
    {
      name: "UniqueViolationError",
      driverCode: "SQLITE_CONSTRAINT_UNIQUE",
      table: "users",
      columns: ["email", "tenant"],
    },
    () => run(withTables(), "INSERT INTO users VALUES (2, 'a@b', 't')"),
  ],
  [
    "a primary key",
    {
      name: "UniqueViolationError",
      driverCode: "SQLITE_CONSTRAINT_PRIMARYKEY",
      table: "users",
      columns: ["id"],
    },
    () => run(withTables(), "INSERT INTO users VALUES (1, 'x', 'y')"),
  ],
  [
    "a rowid",
    {
      name: "UniqueViolationError",
      driverCode: "SQLITE_CONSTRAINT_ROWID",
      table: "loose",
      columns: ["rowid"],
    },
    () => run(withTables(), "INSERT INTO loose (rowid, a) VALUES (1, 'y')"),
  ],
  [
    "a unique index on an expression, which names no columns",
    { name: "UniqueViolationError", driverCode: "SQLITE_CONSTRAINT_UNIQUE" },
    () => run(withTables(), "INSERT INTO loose VALUES ('X')"),
  ],
  [
    "a foreign key",
    { name: "ForeignKeyViolationError", driverCode: "SQLITE_CONSTRAINT_FOREIGNKEY" },
    () => run(withTables(), "INSERT INTO strict VALUES (1, 99)"),
  ],
  [
    "null where a value is needed",
    {
      name: "NotNullViolationError",
      driverCode: "SQLITE_CONSTRAINT_NOTNULL",
      table: "strict",
      columns: ["n"],
    },
    () => run(withTables(), "INSERT INTO strict VALUES (NULL, 1)"),
  ],
  [
    "a check",
    { name: "CheckViolationError", driverCode: "SQLITE_CONSTRAINT_CHECK" },
    () => run(withTables(), "INSERT INTO strict VALUES (-1, 1)"),
  ],
  [
    "a strict column's type",
    { name: "CheckViolationError", driverCode: "SQLITE_CONSTRAINT_DATATYPE" },
    () => run(withTables(), "INSERT INTO strict VALUES ('x', 1)"),
  ],
  [
    "a trigger that raises",
    { name: "CheckViolationError", driverCode: "SQLITE_CONSTRAINT_TRIGGER" },
    () => run(withTables(), "DELETE FROM users"),
  ],
  [
    "a file that another connection writes to",
    { name: "LockTimeoutError", driverCode: "SQLITE_BUSY" },
    () => {
      const path = file("busy.db");
      run(open(path), "BEGIN IMMEDIATE");
      return run(open(path), "BEGIN IMMEDIATE");
    },
  ],
  [
    "a write on a stale snapshot",
    { name: "SerializationError", driverCode: "SQLITE_BUSY_SNAPSHOT", outcome: "rejected" },
    () => {
      const path = file("stale.db");
      const [reader, writer] = [open(path), open(path)];
      reader.pragma("journal_mode = WAL");
      run(reader, "BEGIN");
      run(reader, "SELECT count(*) FROM t");
      run(writer, "DELETE FROM t");
      return run(reader, "DELETE FROM t");
    },
  ],
  [
    "a table that is being read and dropped",
    { name: "LockTimeoutError", driverCode: "SQLITE_LOCKED" },
    () => {
      const database = withTables();
      if ("unsafeMode" in database && typeof database.unsafeMode === "function") database.unsafeMode(true);
      database.prepare("SELECT * FROM users").iterate().next();
      try {
        return run(database, "DROP TABLE users");
      } finally {
        opened.splice(opened.indexOf(database), 1);
      }
    },
  ],
  [
    "a write to a file opened for reading",
    { name: "ReadOnlyError", driverCode: "SQLITE_READONLY" },
    () => run(open(file("read.db"), { readonly: true }), "DELETE FROM t"),
  ],
  [
    "a file that was removed while it was open",
    { name: "StorageError", driverCode: "SQLITE_READONLY_DBMOVED" },
    () => {
      const path = file("moved.db");
      const database = open(path);
      run(database, "SELECT count(*) FROM t");
      rmSync(path);
      return run(database, "DELETE FROM t");
    },
  ],
  [
    "a full disk",
    { name: "StorageError", driverCode: "SQLITE_FULL" },
    () => {
      const database = withTables();
      database.pragma("max_page_count = 20");
      return run(database, "INSERT INTO loose VALUES (zeroblob(1000000))");
    },
  ],
  [
    "a file that was cut off",
    { name: "StorageError", driverCode: "SQLITE_CORRUPT" },
    () => {
      const path = file("cut.db");
      truncateSync(path, 8192);
      return run(open(path), "SELECT sum(length(a)) FROM t");
    },
  ],
  [
    "a file that is no database",
    { name: "StorageError", driverCode: "SQLITE_NOTADB" },
    () => {
      const path = join(folder, "text.db");
      writeFileSync(path, "this is a text, and no database ".repeat(100));
      return run(open(path), "SELECT * FROM sqlite_schema");
    },
  ],
  [
    "a folder in place of a file",
    { name: "ConnectionError", driverCode: "SQLITE_CANTOPEN" },
    () => open(folder),
  ],
  [
    "a file that must exist",
    { name: "ConnectionError", driverCode: "SQLITE_CANTOPEN" },
    () => open(join(folder, "none.db"), { fileMustExist: true }),
  ],
  [
    "a folder that is missing",
    { name: "ConfigurationError", outcome: "not_sent" },
    () => open(join(folder, "no/x.db")),
  ],
  [
    "a word out of place",
    { name: "SqlSyntaxError", driverCode: "SQLITE_ERROR" },
    () => run(open(), "SELEC 1"),
  ],
  [
    "a missing table",
    { name: "SqlSyntaxError", driverCode: "SQLITE_ERROR" },
    () => run(open(), "SELECT * FROM nope"),
  ],
  ["a missing column", { name: "SqlSyntaxError" }, () => run(withTables(), "SELECT nope FROM users")],
  [
    "two statements",
    { name: "SqlSyntaxError", outcome: "not_sent" },
    () => run(open(), "SELECT 1; SELECT 2"),
  ],
  ["no statement", { name: "SqlSyntaxError", outcome: "not_sent" }, () => run(open(), "-- nothing")],
  ["too few values", { name: "SqlParameterError", outcome: "not_sent" }, () => run(open(), "SELECT ?")],
  [
    "too many values",
    { name: "SqlParameterError", outcome: "not_sent" },
    () => run(open(), "SELECT ?", 1, 2),
  ],
  [
    "a value of no kind",
    { name: "SqlParameterError", outcome: "not_sent" },
    () => run(open(), "SELECT ?", true),
  ],
  [
    "a view of bytes",
    { name: "SqlParameterError", outcome: "not_sent" },
    () => run(open(), "SELECT ?", new DataView(new ArrayBuffer(1))),
  ],
  [
    "a result too big to hold",
    { name: "SqlParameterError", driverCode: "SQLITE_TOOBIG", outcome: "rejected" },
    () => run(open(), "SELECT zeroblob(3000000000)"),
  ],
  [
    "text for a rowid",
    { name: "SqlParameterError", driverCode: "SQLITE_MISMATCH", outcome: "rejected" },
    () => run(withTables(), "INSERT INTO users (id) VALUES ('x')"),
  ],
  [
    "an overflow",
    { name: "DatabaseError", driverCode: "SQLITE_ERROR" },
    () => run(open(), "SELECT abs(-9223372036854775808)"),
  ],
  ["JSON that is none", { name: "DatabaseError" }, () => run(open(), "SELECT json_extract('{', '$')")],
  [
    "COMMIT without a transaction",
    { name: "TransactionStateError", outcome: "rolled_back" },
    () => run(open(), "COMMIT"),
  ],
  [
    "BEGIN in a transaction",
    { name: "TransactionStateError", outcome: "rejected" },
    () => {
      const database = open();
      run(database, "BEGIN");
      return run(database, "BEGIN");
    },
  ],
  ["a savepoint that is not there", { name: "TransactionStateError" }, () => run(open(), "RELEASE nope")],
  [
    "a closed connection",
    { name: "ClosedError", outcome: "not_sent" },
    () => {
      const database = open();
      database.close();
      return run(database, "SELECT 1");
    },
  ],
  [
    "a write beside an open cursor",
    { name: "UnsupportedError", outcome: "not_sent" },
    () => {
      const database = withTables();
      const rows = database.prepare("SELECT * FROM users").iterate();
      rows.next();
      try {
        return run(database, "DELETE FROM loose");
      } finally {
        rows.return();
      }
    },
  ],
];

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("expected a failure, got none");
}

describe("toDatabaseError", () => {
  it.each(cases)("classifies %s", (_, expected, work) => {
    const thrown = thrownBy(work);
    const error = toDatabaseError(thrown, { operation: "execute" });
    expect(error).toMatchObject({
      outcome: "rejected",
      ...expected,
      backend: "sqlite",
      operation: "execute",
    });
    expect(error).toMatchObject({ table: expected.table, columns: expected.columns });
    expect(error.cause).toBe(thrown);
  });

  // What a test cannot bring about on a real database, by its code alone.
  it.each([
    ["SQLITE_IOERR_SHORT_READ", "StorageError"],
    ["SQLITE_IOERR", "StorageError"],
    ["SQLITE_CORRUPT_INDEX", "StorageError"],
    ["SQLITE_BUSY_RECOVERY", "LockTimeoutError"],
    ["SQLITE_LOCKED_SHAREDCACHE", "LockTimeoutError"],
    ["SQLITE_READONLY_ROLLBACK", "ReadOnlyError"],
    ["SQLITE_CANTOPEN_ISDIR", "ConnectionError"],
    ["SQLITE_PERM", "ConnectionError"],
    ["SQLITE_INTERRUPT", "AbortedError"],
    ["SQLITE_ABORT_ROLLBACK", "AbortedError"],
    ["SQLITE_CONSTRAINT_VTAB", "CheckViolationError"],
    ["SQLITE_RANGE", "SqlParameterError"],
    ["SQLITE_NOLFS", "StorageError"],
    ["SQLITE_FORMAT", "StorageError"],
    ["SQLITE_MISUSE", "ClosedError"],
    ["SQLITE_NOMEM", "DatabaseError"],
    ["SQLITE_AUTH", "DatabaseError"],
    ["SQLITE_INTERNAL", "DatabaseError"],
    ["SQLITE_OF_THE_FUTURE", "DatabaseError"],
  ])("classifies %s as %s", (code, name) => {
    const error = toDatabaseError(new SqliteFailure("words", code), {});
    expect(error).toMatchObject({ name, driverCode: code, outcome: "rejected" });
  });

  it("has a test for every rule", () => {
    const codes = new Set(cases.map(([, { driverCode }]) => driverCode));
    const byCodeAlone = [
      "SQLITE_CONSTRAINT",
      "SQLITE_IOERR",
      "SQLITE_NOLFS",
      "SQLITE_FORMAT",
      "SQLITE_PERM",
      "SQLITE_RANGE",
      "SQLITE_INTERRUPT",
      "SQLITE_ABORT",
      "SQLITE_MISUSE",
    ];
    expect(
      Object.keys(rulesByCode).filter((code) => !codes.has(code) && !byCodeAlone.includes(code)),
    ).toEqual([]);
    const messages = cases.map(([, , work]) => String(thrownBy(work)).replace(/^\w+: /, ""));
    for (const { pattern } of [...rulesByWords, ...rulesByRefusal]) {
      expect(messages.some((message) => pattern.test(message))).toBe(true);
    }
  });

  it.each([
    [undefined],
    [null],
    ["text"],
    [7],
    [{}],
    [new Error("surprise")],
    [{ code: 7 }],
    [{ code: "EACCES" }],
  ])("knows nothing of the effect of %o", (thrown) => {
    const error = toDatabaseError(thrown, {});
    expect(error.constructor).toBe(DatabaseError);
    expect(error.outcome).toBe("unknown");
  });

  it("passes the library's own errors on", () => {
    const own = new LockTimeoutError("waited");
    expect(toDatabaseError(own, { operation: "execute" })).toBe(own);
  });

  it("says that nothing was sent when connecting failed, and lets the one who throws know better", () => {
    const failure = new SqliteFailure("file is not a database", "SQLITE_NOTADB");
    expect(toDatabaseError(failure, { operation: "connect" }).outcome).toBe("not_sent");
    const lost = new SqliteFailure("disk is full", "SQLITE_FULL", "rolled_back");
    expect(toDatabaseError(lost, { operation: "execute" }).outcome).toBe("rolled_back");
  });

  it.each([
    ["SELECT json_extract('{}', ?)", "canary"],
    ["SELECT * FROM docs WHERE docs MATCH ?", 'canary "'],
  ])("does not repeat a bound value: %s", (sql, value) => {
    const database = open();
    run(database, "CREATE VIRTUAL TABLE docs USING fts5 (body)");
    const error = toDatabaseError(
      thrownBy(() => run(database, sql, value)),
      {},
    );
    expect(error.message).not.toContain("canary");
  });

  it("says what to do", () => {
    const error = toDatabaseError(
      thrownBy(() => run(open(), "SELECT 1; SELECT 2")),
      {},
    );
    expect(error).toBeInstanceOf(SqlSyntaxError);
    expect(error.message).toContain("send each statement by itself");
  });
});
