import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DriverConnection } from "../../src/backend/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { type ConnectionTools, limits } from "./connection-tools.ts";
import * as mysql from "./mysql-connection.ts";
import * as postgres from "./postgres-connection.ts";

/** What both servers are asked, in the SQL of each. */
interface Texts {
  readonly sameNames: string;
  readonly fiveRows: string;
  /** SQLSTATE of what the server cannot parse. */
  readonly syntaxError: string;
  readonly temporaryTable: string;
  readonly insert: string;
}

type Tools<C extends DriverConnection> = Pick<
  ConnectionTools<C>,
  "missing" | "sharedServer" | "open" | "statement" | "rows" | "value" | "failure"
>;

function describeConnections<C extends DriverConnection>(name: string, tools: Tools<C>, texts: Texts): void {
  const { missing, sharedServer, open, statement, rows, value, failure } = tools;

  describe.skipIf(missing)(`a connection to ${name}`, () => {
    let database: TestDatabase;
    let connection: C;

    beforeAll(async () => {
      database = await createDatabase(sharedServer());
    });
    afterAll(() => database.drop());
    beforeEach(async () => {
      connection = await open(database.url);
    });
    afterEach(() => connection.close());

    it("answers columns of one name side by side, and one named __proto__", async () => {
      const result = await connection.execute(statement(texts.sameNames), [], limits);
      expect(result).toEqual({ columns: ["a", "a", "__proto__"], rows: [[1, 2, 3]], rowCount: 1 });
    });

    it("answers counts for what changes rows", async () => {
      const count = async (text: string) => (await connection.execute(statement(text), [], limits)).rowCount;
      expect(await count("create table counted (a int)")).toBe(0);
      expect(await count(texts.fiveRows)).toBe(5);
      expect(await count("update counted set a = 0 where a > 3")).toBe(2);
      // It finds the rows that it need not change, too.
      expect(await count("update counted set a = 0 where a = 0")).toBe(2);
      expect(await count("select * from counted")).toBe(5);
      expect(await count("select * from counted where false")).toBe(0);
      expect(await count("delete from counted where a = 0")).toBe(2);
    });

    it("takes one statement only", async () => {
      const error = await failure(rows(connection, "select 1; drop table if exists t"));
      expect(error).toMatchObject({ name: "SqlSyntaxError", sqlState: texts.syntaxError });
    });

    describe("many sets of values", () => {
      beforeEach(() => rows(connection, texts.temporaryTable));

      it.each(["once", "again"])(
        "are all stored, more than are sent at a time, by what is used %s",
        async (used) => {
          const insert = statement(texts.insert, used === "again");
          const sets = Array.from({ length: 2_345 }, (_, i) => [String(i), `name ${i}`]);
          expect(await connection.executeMany(insert, sets, limits)).toBe(2_345);
          expect(await value(connection, "select count(*) from many")).toBe(2_345);
          expect(await connection.executeMany(insert, [], limits)).toBe(0);
        },
      );

      it("take part in an open transaction", async () => {
        const sets = [
          ["1", "a"],
          ["2", "b"],
        ];
        await connection.begin({}, limits);
        await connection.executeMany(statement(texts.insert), sets, limits);
        expect(connection.inTransaction).toBe(true);
        await connection.rollback(limits);
        expect(await value(connection, "select count(*) from many")).toBe(0);
      });
    });
  });
}

describeConnections("PostgreSQL", postgres, {
  sameNames: 'select 1 as a, 2 as a, 3 as "__proto__"',
  fiveRows: "insert into counted select generate_series(1, 5)",
  syntaxError: "42601",
  temporaryTable: "create temp table many (id int primary key, name text)",
  insert: "insert into many values ($1, $2)",
});

describeConnections("MySQL or MariaDB", mysql, {
  sameNames: "select 1 as a, 2 as a, 3 as `__proto__`",
  fiveRows: "insert into counted values (1),(2),(3),(4),(5)",
  syntaxError: "42000",
  temporaryTable: "create temporary table many (id int primary key, name varchar(20)) engine=innodb",
  insert: "insert into many values (?, ?)",
});
