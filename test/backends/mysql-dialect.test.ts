import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ColumnDefinition, PortableStatement, StorageType } from "../../src/backend/index.ts";
import type { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { isAlreadyThere, mysqlBackend } from "../../src/backends/mysql/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { failure, missing, open, rows, sharedServer, value } from "./mysql-connection.ts";

const { dialect } = mysqlBackend;

/** The names of portable SQL in the dialect's quotes: all that the dialect's own statements need. */
function native(sql: string): string {
  return sql.replace(/\[(\w+)\]/g, "`$1`");
}

describe.skipIf(missing)("the dialect, on a server", () => {
  let database: TestDatabase;
  let connection: MysqlConnection;

  const run = (sql: string, values: readonly unknown[] = []) => rows(connection, native(sql), values);
  const ask = ({ sql, params = [] }: PortableStatement) => run(sql, params);
  const column = (
    name: string,
    type: StorageType,
    more: Partial<ColumnDefinition> = {},
  ): ColumnDefinition => ({ name, type, ...more });
  const types = ["integer", "numeric", "double", "text", "boolean", "timestamp", "json", "bytes"] as const;

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
    connection = await open(database.url);
  });
  afterAll(async () => {
    await connection.close();
    await database.drop();
  });

  it("makes tables whose text is exact, whatever the database's defaults", async () => {
    const columns = [
      column("id", "text", { key: true, notNull: true }),
      ...types.map((type) => column(`a_${type}`, type)),
    ];
    await run(dialect.createTable({ name: "made", columns, primaryKey: ["id"] }));
    expect(await ask(dialect.listColumns("made"))).toEqual(
      columns.map((each) => [each.name, dialect.columnType(each)]),
    );
    expect(await ask(dialect.listColumns("MADE"))).toEqual([]);
    expect(await ask(dialect.findTable("MADE"))).toEqual([["made"]]);
    expect(await ask(dialect.findTable("nosuch"))).toEqual([]);
    expect(await ask(dialect.listIndexes("made"))).toEqual([]);
    for (const id of ["abc", "ABC", "abc ", "ábc", "abc\u0301", "👍", "👍🏽", ""])
      await run("insert into [made] ([id]) values (?)", [id]);
    expect(await value(connection, "select count(*) from made where id = ?", ["abc"])).toBe(1);
    expect(await run("select [id] from [made] order by [id]")).toEqual([
      [""],
      ["ABC"],
      ["abc"],
      ["abc "],
      ["abc\u0301"],
      ["ábc"],
      ["👍"],
      ["👍🏽"],
    ]);
    expect(
      await value(
        connection,
        "select engine from information_schema.tables where table_schema = database() and table_name = 'made'",
      ),
    ).toBe("InnoDB");
    const again = await failure(run(dialect.createTable({ name: "made", columns, primaryKey: ["id"] })));
    expect(isAlreadyThere(again)).toBe(true);
  });

  it("adds columns to any table, with exact text", async () => {
    await run("create table [foreign_table] ([id] int) default charset latin1");
    await run(dialect.addColumn("foreign_table", column("note", "text")));
    await run("insert into [foreign_table] values (1, ?)", ["é👍"]);
    expect(await value(connection, "select count(*) from foreign_table where note = ?", ["É👍"])).toBe(0);
    expect(await run("select [note] from [foreign_table]")).toEqual([["é👍"]]);
    expect(
      isAlreadyThere(await failure(run(dialect.addColumn("foreign_table", column("note", "text"))))),
    ).toBe(true);
  });

  describe("changing a column's type", () => {
    const moment = new Date("2024-03-10T02:30:00.120Z");
    it.each([
      ["integer", "numeric", [9007199254740993n, -1], ["9007199254740993", "-1"]],
      ["integer", "double", [5, null], [5, null]],
      ["integer", "text", [30, -9223372036854775808n, null], ["30", "-9223372036854775808", null]],
      ["numeric", "text", [10n ** 40n], [String(10n ** 40n)]],
      [
        "double",
        "text",
        [1.5, 30, 0.1, 1e15, 1.25e20, 1e21, -1.5e300, 1e-6],
        ["1.5", "30", "0.1", "1000000000000000", "125000000000000000000", "1e+21", "-1.5e+300", "0.000001"],
      ],
      ["boolean", "text", [true, false, null], ["true", "false", null]],
      ["timestamp", "text", [moment, null], [moment.toISOString(), null]],
      [
        "bytes",
        "text",
        [new Uint8Array([255, 0]), new Uint8Array(100), null],
        ["/wA=", Buffer.alloc(100).toString("base64"), null],
      ],
      ["json", "text", ['{"a":[1]}'], ['{"a":[1]}']],
      ["text", "json", ["a 'b' \"c\" \\ é\n", null], [JSON.stringify("a 'b' \"c\" \\ é\n"), null]],
      ["boolean", "json", [true], ["true"]],
      ["integer", "json", [7], ["7"]],
      ["timestamp", "json", [moment], [JSON.stringify(moment)]],
      [null, "double", [null], [null]],
      [null, "bytes", [null], [null]],
    ] as const)("from %s to %s keeps the values, case %#", async (from, to, before, after) => {
      const table = {
        name: "changing",
        columns: [
          column("id", "integer", { notNull: true }),
          column("v", from ?? "text"),
          column("w", "text"),
        ],
        primaryKey: ["id"],
      };
      await run(dialect.createTable(table));
      for (const [index, sent] of before.entries())
        await run("insert into [changing] ([id], [v]) values (?, ?)", [index, sent]);
      for (const sql of dialect.changeColumnType("changing", column("v", to), from)) await run(sql);
      expect(await run("select [v] from [changing] order by [id]")).toEqual(after.map((each) => [each]));
      expect(await ask(dialect.listColumns("changing"))).toEqual(
        expect.arrayContaining([["v", dialect.columnType(column("v", to))]]),
      );
      await run("drop table [changing]");
    });
  });

  it("leaves deleted rows out of unique indexes", async () => {
    const columns = [
      column("id", "text", { key: true, notNull: true }),
      column("email", "text"),
      column("tenant", "integer"),
      column("deleted_at", "timestamp"),
    ];
    await run(dialect.createTable({ name: "people", columns, primaryKey: ["id"] }));
    const email = column("email", "text", { key: true });
    const both = [email, column("tenant", "integer", { key: true })];
    await run(
      dialect.createIndex({
        name: "people_email",
        table: "people",
        columns: [email],
        unique: true,
        liveOnly: true,
      }),
    );
    await run(
      dialect.createIndex({
        name: "people_both",
        table: "people",
        columns: both,
        unique: true,
        liveOnly: true,
      }),
    );
    await run(
      dialect.createIndex({
        name: "people_tenant",
        table: "people",
        columns: [column("tenant", "integer")],
        unique: false,
        liveOnly: true,
      }),
    );
    expect(await ask(dialect.listIndexes("people"))).toEqual([
      ["people_both", 1, "email"],
      ["people_both", 1, "tenant"],
      ["people_email", 1, "email"],
      ["people_tenant", 0, "tenant"],
    ]);
    expect((await ask(dialect.listColumns("people"))).map(([name]) => name)).toEqual(
      columns.map(({ name }) => name),
    );
    const insert = (id: string, address: string | null) =>
      run("insert into [people] ([id], [email]) values (?, ?)", [id, address]);
    await insert("1", "a@x");
    await insert("2", "A@x");
    await insert("3", "a@x ");
    await insert("4", null);
    await insert("5", null);
    expect(await failure(insert("6", "a@x"))).toMatchObject({
      name: "UniqueViolationError",
      table: "people",
      columns: ["email"],
    });
    await run("update [people] set [deleted_at] = ? where [id] = '1'", [new Date(0)]);
    await insert("6", "a@x");
    expect(await failure(run("update [people] set [deleted_at] = null where [id] = '1'"))).toMatchObject({
      columns: ["email"],
    });
    const plan = await run("explain select [id] from [people] where [email] = 'a@x'");
    expect(JSON.stringify(plan)).toMatch(/people_(email|both)/);
    expect(
      isAlreadyThere(
        await failure(
          run(
            dialect.createIndex({
              name: "people_email",
              table: "people",
              columns: [email],
              unique: true,
              liveOnly: true,
            }),
          ),
        ),
      ),
    ).toBe(true);
    await run(dialect.dropIndex({ name: "people_email", table: "people" }));
    await run(dialect.dropIndex({ name: "people_both", table: "people" }));
    expect(await ask(dialect.listIndexes("people"))).toEqual([["people_tenant", 0, "tenant"]]);
  });

  it("locks an entity's schema for one session until it is reset", async () => {
    const other = await open(database.url);
    const lock = dialect.lockSchema("a_name_of_sixty_four_characters_and_a_few_more_than_that_0123456789");
    expect(await ask(lock ?? { sql: "" })).toEqual([[1]]);
    const waiting = rows(other, lock?.sql ?? "", lock?.params);
    let held = false;
    waiting.then(() => {
      held = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(held).toBe(false);
    await connection.reset();
    expect(await waiting).toEqual([[1]]);
    await other.close();
  });

  it("gives up DDL that waits behind a reader, so that others are not held up for long", async () => {
    await run("create table [busy_table] ([id] int primary key)");
    const reader = await open(database.url);
    await reader.begin({});
    await rows(reader, "select * from busy_table");
    const startedMs = performance.now();
    const error = await failure(run(dialect.addColumn("busy_table", column("extra", "text"))));
    expect(error).toMatchObject({ name: "LockTimeoutError", retryable: true });
    expect(performance.now() - startedMs).toBeLessThan(6000);
    await reader.close();
    await run(dialect.addColumn("busy_table", column("extra", "text")));
  });

  it("limits and orders", async () => {
    await run("create table [many] ([i] int)");
    await run("insert into [many] values (1), (null), (3), (2)");
    const list = async (tail: string) => (await run(`select [i] from [many]${tail}`)).map(([i]) => i);
    const by = (direction: "asc" | "desc") => ` order by ${dialect.orderTerm("i", direction)}`;
    expect(await list(by("asc"))).toEqual([null, 1, 2, 3]);
    expect(await list(by("desc"))).toEqual([3, 2, 1, null]);
    expect(await list(by("asc") + dialect.limit(2, undefined))).toEqual([null, 1]);
    expect(await list(by("asc") + dialect.limit(undefined, 3))).toEqual([3]);
    expect(await list(by("asc") + dialect.limit(1, 1))).toEqual([1]);
    expect(await list(dialect.limit(undefined, undefined) + dialect.lockRows)).toHaveLength(4);
  });
});
