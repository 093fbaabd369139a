import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { bound, failure, missing, open, rows, sharedServer, statement, value } from "./mysql-connection.ts";

describe.skipIf(missing)("a MySQL or MariaDB connection", () => {
  let database: TestDatabase;
  let connection: MysqlConnection;

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    connection = await open(database.url);
  });
  afterEach(() => connection.close());

  it("works in a session that leaves nothing to the server's defaults", async () => {
    const [row] = await rows(
      connection,
      "select @@session.time_zone, @@session.character_set_client, @@session.autocommit, @@session.sql_mode",
    );
    expect(row?.slice(0, 3)).toEqual(["+00:00", "utf8mb4", 1]);
    expect(String(row?.[3]).split(",")).toEqual(
      expect.arrayContaining(["STRICT_TRANS_TABLES", "NO_ZERO_DATE"]),
    );
    expect(row?.[3]).not.toMatch(/ANSI|NO_BACKSLASH/);
    expect(await value(connection, "select 'a' = 'A' or 'a' = 'a ' or 'a' = 'á'")).toBe(0);
    expect(connection.version()).toEqual({
      serverVersion: expect.stringMatching(/^(MariaDB|MySQL) \d+\.\d+\.\d+$/),
      driver: expect.stringMatching(/^mariadb 3\.\d+\.\d+$/),
    });
    expect(connection.facts.version[0]).toBeGreaterThanOrEqual(8);
    await connection.ping();
  });

  describe("values", () => {
    it.each([
      ["bigint", 5n, 5],
      ["bigint", 9007199254740991, 9007199254740991],
      ["bigint", 9007199254740993n, 9007199254740993n],
      ["bigint", -9223372036854775808n, -9223372036854775808n],
      ["bigint unsigned", 18446744073709551615n, 18446744073709551615n],
      ["int", -7, -7],
      ["decimal(65,0)", 10n ** 65n - 1n, String(10n ** 65n - 1n)],
      ["decimal(65,0)", -(10n ** 64n), String(-(10n ** 64n))],
      ["decimal(30,10)", "12345678901234567890.1234567890", "12345678901234567890.1234567890"],
      ["double", 0.1, 0.1],
      ["double", 5e-324, 5e-324],
      ["double", 1.7976931348623157e308, 1.7976931348623157e308],
      ["double", -0, 0],
      ["float", 0.5, 0.5],
      ["float", 16777217, 16777216],
      ["tinyint(1)", true, 1],
      ["bit(1)", 1, 1],
      ["bit(64)", 18446744073709551615n, 18446744073709551615n],
      ["longtext", "naïve 👍🏽 é é\n\t'\"\\", "naïve 👍🏽 é é\n\t'\"\\"],
      ["longtext", 12345678901234567n, "12345678901234567"],
      ["longtext", 1e15, "1000000000000000"],
      ["longtext", "", ""],
      ["longtext", null, null],
      ["datetime(6)", new Date("2024-03-10T02:30:00.123Z"), new Date("2024-03-10T02:30:00.123Z")],
      ["timestamp(3)", new Date("2024-03-10T02:30:00.123Z"), new Date("2024-03-10T02:30:00.123Z")],
      ["datetime(6)", new Date("0001-01-01T00:00:00.000Z"), new Date("0001-01-01T00:00:00.000Z")],
      ["datetime(6)", new Date("9999-12-31T23:59:59.999Z"), new Date("9999-12-31T23:59:59.999Z")],
      ["datetime", "2024-03-10 02:30:00", new Date("2024-03-10T02:30:00Z")],
      ["date", "2024-03-10", "2024-03-10"],
      ["time(6)", "23:59:59.5", "23:59:59.5"],
      ["time(6)", "-100:00:00", "-100:00:00"],
      ["year", 2024, 2024],
      ["json", '{"a":[1,{"b":null}],"c":1.5}', { a: [1, { b: null }], c: 1.5 }],
      ["json", '"text"', "text"],
      ["longblob", new Uint8Array([0, 1, 254, 255]), new Uint8Array([0, 1, 254, 255])],
      ["longblob", new Uint8Array(), new Uint8Array()],
      ["longblob", new Uint8Array(40_000).fill(7), new Uint8Array(40_000).fill(7)],
      ["varbinary(10)", new Uint8Array([39, 92]), new Uint8Array([39, 92])],
      ["set('a','b')", "a,b", "a,b"],
      ["enum('x','y')", "y", "y"],
    ])("%s, case %#", async (type, sent, answered) => {
      await rows(connection, `create temporary table typed (v ${type} null) default charset utf8mb4`);
      await rows(connection, "insert into typed values (?)", [sent]);
      for (const reusable of [false, true, true]) {
        expect(await value(connection, "select v from typed", [], reusable)).toStrictEqual(answered);
      }
      // By the text protocol, as statements go that are neither reading nor reusable.
      const answer = await connection.execute(
        { text: "select v from typed", readOnly: false, reusable: false },
        [],
      );
      expect(answer.rows[0]?.[0]).toStrictEqual(answered);
      if (sent === null || typeof sent === "string") return;
      expect(await value(connection, "select count(*) from typed where v = ?", [sent])).toBe(
        type === "float" && sent === 16777217 ? 0 : 1,
      );
    });

    it("answers null for every kind of column", async () => {
      await rows(
        connection,
        "create temporary table nulls (a bigint, b decimal(9,2), c double, d datetime(6), e time, f json, g longblob, h bit(4), i set('x'), j geometry)",
      );
      await rows(connection, "insert into nulls values (null,null,null,null,null,null,null,null,null,null)");
      for (const reusable of [false, true]) {
        expect(await rows(connection, "select * from nulls", [], reusable)).toEqual([
          new Array(10).fill(null),
        ]);
      }
    });

    it("keeps a date that no calendar has as text", async () => {
      await rows(connection, "set sql_mode = ''");
      expect(await value(connection, "select cast('0000-00-00 00:00:00' as datetime)")).toBe(
        "0000-00-00 00:00:00",
      );
    });

    it("refuses a statement that is larger than the server takes, and keeps the connection", async () => {
      const limit = Number(await value(connection, "select @@max_allowed_packet"));
      const error = await failure(rows(connection, "select length(?)", ["x".repeat(limit)]));
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "not_sent" });
      expect(error.message.length).toBeLessThan(300);
      expect(await value(connection, "select length(?)", ["é".repeat(limit / 4)])).toBe((limit / 4) * 2);
    });
  });

  describe("statements", () => {
    it("answers the first result of a procedure", async () => {
      await rows(connection, "create procedure two() begin select 1 as a; select 2 as b, 3 as c; end");
      const answer = await connection.execute(statement("call two()"), []);
      expect(answer).toEqual({ columns: ["a"], rows: [[1]], rowCount: 1 });
      expect(await value(connection, "select 5")).toBe(5);
    });

    it("runs what cannot be prepared", async () => {
      await connection.execute(statement("create or replace view seen as select 1 as a", true), []);
      await connection.execute(statement("use mysql", true), []);
      await connection.execute(statement("lock tables user read", true), []);
      await connection.execute(statement("unlock tables", true), []);
    });

    it("keeps no more prepared statements than it may, and closes what was used once", async () => {
      const prepared = async () =>
        Number((await rows(connection, "show global status like 'Prepared_stmt_count'"))[0]?.[1]);
      const small = await open(database.url, { options: { statementCacheSize: 3 } });
      const before = await prepared();
      for (let i = 0; i < 20; i++) await rows(small, `select ${i}`, [], true);
      for (let i = 0; i < 20; i++) await rows(small, `select ${i}, ?`, [i]);
      await small.ping();
      expect(await prepared()).toBeLessThanOrEqual(before + 3);
      await small.close();
    });

    it("works without keeping any", async () => {
      const none = await open(database.url, { options: { statementCacheSize: 0 } });
      for (let i = 0; i < 3; i++) {
        expect(await value(none, "select ?", [i], true)).toBe(i);
        expect(await none.executeMany(statement("do ?", true), [[1], [2]])).toBe(0);
        const cursor = await none.stream(statement("select ? union select 2", true), [i]);
        expect(await cursor.read(1)).toEqual([[i]]);
        await cursor.close();
      }
      await none.close();
    });

    it("goes on with a prepared statement when its table has changed", async () => {
      await rows(connection, "create table grown (a int)");
      await rows(connection, "insert into grown values (1)");
      expect(await rows(connection, "select * from grown", [], true)).toEqual([[1]]);
      await rows(connection, "alter table grown add column b varchar(9) default 'new'");
      const answer = await connection.execute(statement("select * from grown", true), []);
      expect(answer).toEqual({ columns: ["a", "b"], rows: [[1, "new"]], rowCount: 1 });
      await rows(connection, "alter table grown modify column a varchar(9)");
      expect(await rows(connection, "select * from grown", [], true)).toEqual([["1", "new"]]);
    });

    it("prepares anew for another default database", async () => {
      await rows(connection, "create table here (a int)");
      await rows(connection, "select count(*) from here", [], true);
      await rows(connection, "use mysql");
      expect(await failure(rows(connection, "select count(*) from here", [], true))).toMatchObject({
        driverCode: "ER_NO_SUCH_TABLE",
      });
    });

    it("never lets values become SQL", async () => {
      const evil = "' or 1=1 -- \\";
      expect(await value(connection, "select ?", [evil])).toBe(evil);
      expect(() => bound([{ toSqlString: () => "now()" }])).toThrow(TypeError);
      expect(() => bound([["a", "b"]])).toThrow(TypeError);
    });

    it.each(["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES"])(
      "refuses %s, a mode of the server in which text reads otherwise",
      async (mode) => {
        // MySQL does not tell of ANSI_QUOTES.
        if (connection.facts.flavour === "mysql" && mode === "ANSI_QUOTES") return;
        const other = await open(database.url);
        expect(await failure(rows(other, `set sql_mode = '${mode}'`))).toMatchObject({
          code: "STRATA_UNSUPPORTED",
        });
        expect(other.usable).toBe(false);
      },
    );

    it("refuses more placeholders than the protocol counts", async () => {
      const text = `select ${new Array(65_536).fill("?").join(" + ")}`;
      const error = await failure(rows(connection, text, new Array(65_536).fill(1)));
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", driverCode: "ER_PS_MANY_PARAM" });
      expect(await value(connection, "select 7")).toBe(7);
    });
  });

  describe("many sets of values", () => {
    const insert = statement("insert into many values (?, ?)", true);
    beforeEach(() =>
      rows(connection, "create temporary table many (id int primary key, name varchar(20)) engine=innodb"),
    );

    it("stops at a failure, and leaves it to the transaction to undo the rest", async () => {
      await connection.begin({});
      const sets = Array.from({ length: 500 }, (_, i) => [i === 150 ? 149 : i, null]);
      expect(await failure(connection.executeMany(insert, sets))).toMatchObject({
        code: "STRATA_UNIQUE_VIOLATION",
      });
      expect(connection.inTransaction).toBe(true);
      await connection.rollback();
      expect(await value(connection, "select count(*) from many")).toBe(0);
    });

    it("throws what the caller's iterator throws, when nothing is under way any more", async () => {
      const broken = new Error("broken");
      const sets = function* () {
        for (let i = 0; i < 90; i++) yield [i, null];
        throw broken;
      };
      const before = Number(await value(connection, "select count(*) from many"));
      const one = statement(insert.text.replace(/values \((.*)\)$/i, "select $1"), true);
      expect(one.text).not.toBe(insert.text);
      await expect(connection.executeMany(one, sets())).rejects.toBe(broken);
      expect(await value(connection, "select count(*) from many")).toBe(before + 90);
      // These wait for more to be sent with, in one statement of many rows.
      await expect(connection.executeMany(insert, sets())).rejects.toBe(broken);
      expect(await value(connection, "select count(*) from many")).toBe(before + 90);
    });
  });

  describe("the session", () => {
    it("is as new after a reset", async () => {
      await rows(connection, "create table reset_here (a int)");
      await rows(connection, "set @mine = 5, time_zone = '+05:45', sql_mode = 'PIPES_AS_CONCAT'");
      await rows(connection, "use mysql");
      await rows(connection, "select get_lock('strata-test', 0)");
      await rows(connection, "select 1", [], true);
      await connection.begin({});
      await connection.reset();
      expect(connection.inTransaction).toBe(false);
      expect(
        await rows(
          connection,
          "select @mine, @@time_zone, @@sql_mode like '%PIPES%', is_free_lock('strata-test'), database()",
        ),
      ).toEqual([[null, "+00:00", 0, 1, database.name]]);
      expect(await value(connection, "select 1", [], true)).toBe(1);
      expect(await value(connection, "select 'a' = 'A'")).toBe(0);
    });

    it("costs nothing to reset when nothing was left in it", async () => {
      const questions = async () => {
        const found = await rows(connection, "show session status like 'Com_%reset%'");
        return found.map(([, count]) => Number(count)).reduce((sum, count) => sum + count, 0);
      };
      await rows(connection, "select 1", [], true);
      const before = await questions();
      await connection.reset();
      expect(await questions()).toBe(before);
      expect(await value(connection, "select 1", [], true)).toBe(1);
    });
  });
});
