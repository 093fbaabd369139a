import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { failure, missing, open, rows, sharedServer } from "./mysql-connection.ts";

describe.skipIf(missing)("errors of a MySQL or MariaDB connection", () => {
  let database: TestDatabase;
  let connection: MysqlConnection;

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
    connection = await open(database.url);
    await database.query(
      "create table owners (id varchar(20) primary key, email varchar(50), a int, b int, unique key mail (email), unique key ab (a, b), constraint positive check (a > 0)) engine=innodb",
    );
    await database.query(
      "create table pets (id int primary key, owner varchar(20), name varchar(5) not null, constraint kept foreign key (owner) references owners (id)) engine=innodb",
    );
    await database.query("insert into owners values ('o1', 'taken@secret.example', 1, 1)");
  });
  afterAll(async () => {
    await connection.close();
    await database.drop();
  });

  it.each([
    ["insert into owners (id) values (?)", ["o1"], "UniqueViolationError", "owners", ["id"]],
    [
      "insert into owners (id, email) values (?, ?)",
      ["o2", "taken@secret.example"],
      "UniqueViolationError",
      "owners",
      ["email"],
    ],
    ["update owners set a = ?, b = 1 where id <> 'x'", [1], null, null, null],
    ["insert into owners (id, a, b) values ('o3', ?, 1)", [1], "UniqueViolationError", "owners", ["a", "b"]],
    ["insert into pets values (1, ?, 'x')", ["nobody"], "ForeignKeyViolationError", "pets", ["owner"]],
    ["insert into pets values (2, null, ?)", [null], "NotNullViolationError", "pets", ["name"]],
    ["insert into pets (id) values (?)", [3], "NotNullViolationError", "pets", ["name"]],
    ["insert into owners (id, a) values ('o4', ?)", [-5], "CheckViolationError", "owners", undefined],
    ["select * from nosuch where a = ?", [1], "SqlSyntaxError", undefined, undefined],
    ["selec ?", [1], "SqlSyntaxError", undefined, undefined],
    ["insert into pets values (?, null, 'x')", ["4711 monkeys"], "DatabaseError", undefined, undefined],
  ] as const)("%s", async (text, values, name, table, columns) => {
    if (name === null) return expect(await rows(connection, text, values)).toEqual([]);
    const error = await failure(rows(connection, text, values));
    expect(error).toMatchObject({ name, table, columns, outcome: "rejected", backend: "mysql" });
    expect(error.sqlState).toMatch(/^[0-9A-Z]{5}$/);
    expect(error.driverCode).toMatch(/^(ER|WARN)_/);
    const shown = [
      inspect(error, { depth: 9, showHidden: true }),
      JSON.stringify(error),
      inspect(error.cause, { showHidden: true }),
    ].join();
    expect(shown).not.toMatch(/secret|4711|nobody/);
  });

  it("names an index of the table that the statement names", async () => {
    await database.query(
      "create table copies (id int primary key, email varchar(50), unique key mail (email)) engine=innodb",
    );
    await database.query("insert into copies values (1, 'x')");
    const error = await failure(rows(connection, "insert into copies values (2, 'x')"));
    expect(error).toMatchObject({ table: "copies", columns: ["email"] });
  });
});
