import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { StorageType } from "../../src/backend/index.ts";
import type { PostgresConnection } from "../../src/backends/postgres/driver.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { missing, open, rows, sharedServer, until, value } from "./postgres-connection.ts";

const { dialect } = postgresBackend;

/** The portable SQL of the dialect holds names and `?` only where they are meant. */
function native(sql: string): string {
  let count = 0;
  return sql.replace(/\[(\w+)\]/g, '"$1"').replace(/\?/g, () => `$${++count}`);
}

describe.skipIf(missing)("the dialect on PostgreSQL", () => {
  let database: TestDatabase;
  let connection: PostgresConnection;

  const run = (sql: string) => rows(connection, native(sql));
  const ask = (statement: { sql: string; params?: readonly unknown[] }) =>
    rows(connection, native(statement.sql), statement.params ?? []);

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    connection = await open(database.url);
  });
  afterEach(() => connection.close());

  it("makes tables that it lists again, in the first schema of the search path only", async () => {
    const types: readonly StorageType[] = [
      "integer",
      "numeric",
      "double",
      "text",
      "boolean",
      "timestamp",
      "json",
      "bytes",
    ];
    const columns = types.map((type) => ({ name: `a_${type}`, type }));
    await run(
      dialect.createTable({
        name: "Users",
        columns: [{ name: "id", type: "text", key: true, notNull: true }, ...columns],
        primaryKey: ["id"],
      }),
    );
    await run(dialect.addColumn("Users", { name: "order", type: "text" }));
    expect(await ask(dialect.listColumns("Users"))).toEqual([
      ["id", "text"],
      ["a_integer", "bigint"],
      ["a_numeric", "numeric"],
      ["a_double", "double precision"],
      ["a_text", "text"],
      ["a_boolean", "boolean"],
      ["a_timestamp", "timestamp with time zone"],
      ["a_json", "jsonb"],
      ["a_bytes", "bytea"],
      ["order", "text"],
    ]);
    expect(await ask(dialect.listColumns("users"))).toEqual([]);
    expect(await ask(dialect.findTable("users"))).toEqual([["Users"]]);
    await run("create schema elsewhere");
    await run("set search_path = elsewhere, public");
    expect(await ask(dialect.listColumns("Users"))).toEqual([]);
    expect(await ask(dialect.findTable("users"))).toEqual([]);
  });

  it("sorts ids byte by byte, whatever the database does", async () => {
    await run(
      dialect.createTable({
        name: "sorted",
        columns: [{ name: "id", type: "text", key: true }],
        primaryKey: ["id"],
      }),
    );
    const ids = ["b", "a ", "a", "B", "A", "é", "_", "10", "9"];
    for (const id of ids) await rows(connection, "insert into sorted values ($1)", [id]);
    const sorted = ids
      .map((id) => Buffer.from(id))
      .sort(Buffer.compare)
      .map(String);
    expect((await run("select id from sorted order by id")).flat()).toEqual(sorted);
  });

  it("makes and lists indexes, and leaves deleted rows out of them", async () => {
    await run(
      "create table indexed (id text primary key, email text, tenant bigint, deleted_at timestamptz)",
    );
    await run(
      dialect.createIndex({
        name: "indexed_email_tenant_idx",
        table: "indexed",
        columns: [
          { name: "tenant", type: "integer" },
          { name: "email", type: "text" },
        ],
        unique: true,
        liveOnly: true,
      }),
    );
    expect(await ask(dialect.listIndexes("indexed"))).toEqual([
      ["indexed_email_tenant_idx", 1, "tenant"],
      ["indexed_email_tenant_idx", 1, "email"],
    ]);
    await run("insert into indexed values ('1', 'a', 1, now()), ('2', 'a', 1, null)");
    await expect(run("insert into indexed values ('3', 'a', 1, null)")).rejects.toThrow(/indexed_email/);
    await run(dialect.dropIndex({ name: "indexed_email_tenant_idx", table: "indexed" }));
    expect(await ask(dialect.listIndexes("indexed"))).toEqual([]);
  });

  const doubles = [
    ...[
      0, -0, 1, -1.5, 0.1, 100, 1e15, 123456789012345680, 1e20, 1e21, 1.5e300, 5e-324, 1e-6, 1e-7, 1.25e-10,
    ],
    ...[0.30000000000000004, 9007199254740991, 1e-5, 0.0001, 123456.789, 1.7976931348623157e308],
  ];
  it.each<[StorageType, StorageType, unknown, unknown]>([
    ["integer", "numeric", 5, "5"],
    ["integer", "double", 5, 5],
    ["integer", "text", -5, "-5"],
    ["integer", "json", 5, 5],
    ["numeric", "text", 2n ** 70n, String(2n ** 70n)],
    ["double", "numeric", 0.1, "0.1"],
    ["double", "json", 1.5, 1.5],
    ["boolean", "text", true, "true"],
    ["boolean", "text", false, "false"],
    ["boolean", "integer", true, 1],
    ["boolean", "json", true, true],
    ["timestamp", "text", new Date("2024-05-06T07:08:09.010Z"), "2024-05-06T07:08:09.010Z"],
    ["timestamp", "json", new Date("0099-05-06T07:08:09.999Z"), "0099-05-06T07:08:09.999Z"],
    ["bytes", "text", Buffer.alloc(100, 255), Buffer.alloc(100, 255).toString("base64")],
    ["json", "text", '{"a": 1}', '{"a": 1}'],
    ["text", "json", 'a "quoted" text', 'a "quoted" text'],
    ["text", "integer", "42", 42],
    ...doubles.map((double): [StorageType, StorageType, unknown, unknown] => [
      "double",
      "text",
      double,
      String(double),
    ]),
  ])("changes %s to %s and keeps %s", async (from, to, before, after) => {
    await run("drop table if exists changing");
    const column = { name: "a", type: from };
    await run(dialect.createTable({ name: "changing", columns: [column], primaryKey: [] }));
    await rows(connection, "insert into changing values ($1), (null)", [before]);
    for (const sql of dialect.changeColumnType("changing", { name: "a", type: to }, from)) await run(sql);
    expect((await run("select a from changing")).flat()).toEqual([after, null]);
  });

  it("changes the type of a column that holds nothing but null", async () => {
    await run("create table undecided (a bytea)");
    await run("insert into undecided values (null)");
    for (const sql of dialect.changeColumnType("undecided", { name: "a", type: "integer" }, null))
      await run(sql);
    expect(await ask(dialect.listColumns("undecided"))).toEqual([["a", "bigint"]]);
  });

  it("locks a schema until the transaction ends", async () => {
    const other = await open(database.url);
    const lock = dialect.lockSchema("users");
    if (lock === null) throw new Error("expected a lock");
    await connection.begin({});
    await ask(lock);
    await other.begin({});
    const waiting = rows(other, native(lock.sql), lock.params ?? []);
    await until(
      async () => (await value(connection, "select count(*) from pg_locks where not granted")) === 1,
    );
    await ask({ sql: lock.sql, params: ["orders"] });
    await connection.commit();
    await waiting;
    await other.close();
  });

  it("sorts null before every value", async () => {
    const sorted = async (direction: "asc" | "desc") =>
      (
        await run(
          `select a from (values (1), (null), (2)) v(a) order by ${dialect.orderTerm("a", direction)}`,
        )
      ).flat();
    expect(await sorted("asc")).toEqual([null, 1, 2]);
    expect(await sorted("desc")).toEqual([2, 1, null]);
  });
});
