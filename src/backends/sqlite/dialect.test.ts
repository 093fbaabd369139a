import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ColumnDefinition, PortableStatement, StorageType } from "../../backend/index.ts";
import { UnsupportedError, ValidationError } from "../../errors/index.ts";
import type { SqliteDatabase } from "./better-sqlite3.ts";
import { addFunctions } from "./conversions.ts";
import { sqliteDialect as dialect } from "./dialect.ts";
import { loadDriver } from "./loading.ts";
import { readRows } from "./types.ts";

let database: SqliteDatabase;

beforeEach(() => {
  const { Database } = loadDriver();
  database = new Database(":memory:", { readonly: false, fileMustExist: false, timeout: 0 });
  database.defaultSafeIntegers(true);
  addFunctions(database);
});
afterEach(() => void database.close());

function run(sql: string, ...values: unknown[]): unknown[][] {
  const statement = database.prepare(sql);
  if (statement.reader) return readRows(statement.raw().all(...values.map(dialect.bindValue)));
  statement.run(...values.map(dialect.bindValue));
  return [];
}

const ask = ({ sql, params = [] }: PortableStatement) => run(sql, ...params);
const column = (name: string, type: StorageType): ColumnDefinition => ({ name, type });

function makeUsers(...columns: ColumnDefinition[]): void {
  run(
    dialect.createTable({
      name: "users",
      columns: [{ name: "id", type: "text", key: true, notNull: true }, ...columns],
      primaryKey: ["id"],
    }),
  );
}

describe("the SQLite dialect", () => {
  it("makes a table with a column type for each kind", () => {
    const types = ["integer", "numeric", "double", "text", "boolean", "timestamp", "json", "bytes"] as const;
    makeUsers(...types.map((type) => column(`of_${type}`, type)));
    expect(ask(dialect.listColumns("users"))).toEqual([
      ["id", "TEXT"],
      ["of_integer", "INTEGER"],
      ["of_numeric", "TEXT"],
      ["of_double", "REAL"],
      ["of_text", "TEXT"],
      ["of_boolean", "INTEGER"],
      ["of_timestamp", "TEXT"],
      ["of_json", "TEXT"],
      ["of_bytes", "BLOB"],
    ]);
    expect(dialect.columnType(column("x", "double"))).toBe("REAL");
    run("INSERT INTO users (id) VALUES ('a')");
    expect(() => run("INSERT INTO users (id) VALUES ('a')")).toThrow("UNIQUE");
    expect(() => run("INSERT INTO users (id) VALUES (NULL)")).toThrow("NOT NULL");
  });

  it("reports a table that is there already, for the caller to handle", () => {
    makeUsers();
    expect(() => makeUsers()).toThrow("already exists");
  });

  it("adds columns, and lists none of a table that is not there", () => {
    makeUsers();
    run(dialect.addColumn("users", column("age", "integer")));
    expect(ask(dialect.listColumns("USERS"))).toEqual([
      ["id", "TEXT"],
      ["age", "INTEGER"],
    ]);
    expect(ask(dialect.listColumns("nobody"))).toEqual([]);
  });

  it("finds tables whatever their case, and no indexes or views", () => {
    makeUsers();
    run("CREATE VIEW other AS SELECT 1");
    expect(ask(dialect.findTable("USERS"))).toEqual([["users"]]);
    expect(ask(dialect.findTable("other"))).toEqual([]);
  });

  it("makes, lists and drops indexes", () => {
    makeUsers(column("email", "text"), column("tenant", "text"), column("deleted_at", "timestamp"));
    const columns = [column("tenant", "text"), column("email", "text")];
    run(dialect.createIndex({ name: "users_email", table: "users", columns, unique: true, liveOnly: true }));
    const one = {
      name: "users_tenant",
      table: "users",
      columns: columns.slice(0, 1),
      unique: false,
      liveOnly: false,
    };
    run(dialect.createIndex(one));
    expect(ask(dialect.listIndexes("users"))).toEqual([
      ["users_email", 1, "tenant"],
      ["users_email", 1, "email"],
      ["users_tenant", 0, "tenant"],
    ]);
    run("INSERT INTO users VALUES ('1', 'a', 't', '2024-01-01T00:00:00.000Z'), ('2', 'a', 't', NULL)");
    expect(() => run("INSERT INTO users VALUES ('3', 'a', 't', NULL)")).toThrow("UNIQUE");
    run(dialect.dropIndex({ name: "users_email", table: "users" }));
    run("INSERT INTO users VALUES ('3', 'a', 't', NULL)");
    expect(ask(dialect.listIndexes("users"))).toEqual([["users_tenant", 0, "tenant"]]);
  });

  it("limits and orders, with null before every value", () => {
    run("CREATE TABLE n (v)");
    run("INSERT INTO n VALUES (2), (NULL), (1)");
    const select = (direction: "asc" | "desc", limit?: number, offset?: number) =>
      run(
        `SELECT v FROM n ORDER BY ${dialect.orderTerm("v", direction)}${dialect.limit(limit, offset)}`,
      ).flat();
    expect(select("asc")).toEqual([null, 1, 2]);
    expect(select("desc")).toEqual([2, 1, null]);
    expect(select("asc", 2)).toEqual([null, 1]);
    expect(select("asc", 1, 1)).toEqual([1]);
    expect(select("asc", undefined, 2)).toEqual([2]);
    expect(select("asc", 0)).toEqual([]);
  });

  it("needs no lock beside its transaction", () => {
    expect(dialect.lockSchema("users")).toBeNull();
    expect(dialect.lockRows).toBe("");
  });

  it("refuses names that portable SQL cannot quote", () => {
    for (const name of ["a]b", "a[b", ""]) {
      expect(() => dialect.addColumn("users", column(name, "text"))).toThrow(ValidationError);
    }
  });
});

describe("changeColumnType", () => {
  function change(from: StorageType | null, to: StorageType): readonly string[] {
    const statements = dialect.changeColumnType("users", column("value", to), from);
    for (const sql of statements) run(sql);
    return statements;
  }
  const values = () => run("SELECT value FROM users ORDER BY id").flat();
  const store = (...stored: unknown[]) =>
    stored.forEach((value, i) => void run("INSERT INTO users (id, value) VALUES (?, ?)", String(i), value));

  it("turns whole numbers into text that finds them", () => {
    makeUsers(column("value", "integer"));
    store(30, null, 2n ** 60n, -1);
    change("integer", "text");
    expect(values()).toEqual(["30", null, "1152921504606846976", "-1"]);
    expect(ask(dialect.listColumns("users"))).toContainEqual(["value", "TEXT"]);
    expect(run("SELECT id FROM users WHERE value = '30'")).toEqual([["0"]]);
  });

  it("turns booleans into 'true' and 'false', and doubles into what JavaScript prints", () => {
    makeUsers(column("value", "boolean"), column("size", "double"));
    store(true, false, null);
    run("UPDATE users SET size = 0.1");
    change("boolean", "text");
    expect(values()).toEqual(["true", "false", null]);
    for (const sql of dialect.changeColumnType("users", column("size", "text"), "double")) run(sql);
    expect(run("SELECT size FROM users WHERE id = '0'")).toEqual([["0.1"]]);
  });

  it("changes nothing from integer to double: both kinds stay exact in one column", () => {
    makeUsers(column("value", "integer"));
    store(1, 2n ** 53n - 1n);
    expect(change("integer", "double")).toEqual([]);
    run("INSERT INTO users (id, value) VALUES ('9', ?)", 30.5);
    expect(values()).toEqual([1, Number.MAX_SAFE_INTEGER, 30.5]);
    expect(run("SELECT typeof(value) FROM users ORDER BY id").flat()).toEqual(["integer", "integer", "real"]);
    expect(run("SELECT id FROM users WHERE value > 30 AND value < 31")).toEqual([["9"]]);
    change("double", "text");
    expect(values()).toEqual(["1", "9007199254740991", "30.5"]);
  });

  it("keeps every finite number that an INTEGER column is given", () => {
    makeUsers(column("value", "integer"));
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
    );
    fc.assert(
      fc.property(number, (value) => {
        run("INSERT OR REPLACE INTO users (id, value) VALUES ('p', ?)", value);
        const [[stored] = []] = run("SELECT value FROM users WHERE id = 'p'");
        // 1e18 may come back as a bigint: the same number, exactly.
        expect(Number(stored)).toBe(Number(value) + 0);
        if (typeof value === "bigint") expect(BigInt(String(stored))).toBe(value);
      }),
    );
  });

  it("widens a whole number beyond 64 bits to exact text", () => {
    makeUsers(column("value", "integer"));
    store(5);
    change("integer", "numeric");
    run("UPDATE users SET value = ?", "123456789012345678901234567890");
    expect(values()).toEqual(["123456789012345678901234567890"]);
  });

  it("leaves alone what has the same form", () => {
    makeUsers(column("value", "timestamp"));
    expect(change("timestamp", "text")).toEqual([]);
    expect(change("text", "text")).toEqual([]);
    expect(change("boolean", "integer")).toEqual([]);
  });

  it("quotes text that becomes JSON, in place", () => {
    makeUsers(column("value", "text"));
    store("hi", null);
    expect(change("text", "json")).toHaveLength(1);
    expect(values()).toEqual(['"hi"', null]);
  });

  it("turns bytes into base64", () => {
    makeUsers(column("value", "bytes"));
    store(new Uint8Array([1, 255]));
    change("bytes", "text");
    expect(values()).toEqual(["Af8="]);
    run("UPDATE users SET value = 5");
    expect(values()).toEqual(["5"]);
  });

  it("makes a column anew that holds nothing but null", () => {
    makeUsers(column("value", "text"), column("other", "text"));
    run("INSERT INTO users (id, other) VALUES ('a', 'kept')");
    change(null, "integer");
    expect(ask(dialect.listColumns("users"))).toContainEqual(["value", "INTEGER"]);
    expect(run("SELECT other, value FROM users")).toEqual([["kept", null]]);
  });

  it("needs the column's indexes dropped before, and refuses a NOT NULL column", () => {
    makeUsers(column("value", "integer"));
    run("CREATE INDEX users_value ON users (value)");
    expect(() => change("integer", "text")).toThrow("users_value");
    const fixed = { name: "value", type: "text", notNull: true } as const;
    expect(() => dialect.changeColumnType("users", fixed, "integer")).toThrow(UnsupportedError);
  });
});
