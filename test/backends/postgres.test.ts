import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PostgresConnection } from "../../src/backends/postgres/driver.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import {
  failure,
  missing,
  open,
  rows,
  sharedServer,
  statement,
  targetOf,
  value,
} from "./postgres-connection.ts";

describe.skipIf(missing)("a PostgreSQL connection", () => {
  let database: TestDatabase;
  let connection: PostgresConnection;

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    connection = await open(database.url);
  });
  afterEach(() => connection.close());

  describe("values", () => {
    it.each([
      ["int8", 5n, 5],
      ["int8", 9007199254740993n, 9007199254740993n],
      ["int8", -9223372036854775808n, -9223372036854775808n],
      ["int4", -7, -7],
      ["numeric", "12345678901234567890.1234567890", "12345678901234567890.1234567890"],
      ["numeric", 2n ** 80n, "1208925819614629174706176"],
      ["float8", 0.1, 0.1],
      ["float8", 5e-324, 5e-324],
      ["float8", -0, 0],
      ["float4", 0.5, 0.5],
      ["bool", true, true],
      ["text", "naïve 👍🏽 é é\n\t'\"\\", "naïve 👍🏽 é é\n\t'\"\\"],
      ["text", "", ""],
      ["text", null, null],
      ["timestamptz", new Date("2024-03-10T02:30:00.123Z"), new Date("2024-03-10T02:30:00.123Z")],
      ["timestamptz", new Date("0001-01-01T00:00:00.000Z"), new Date("0001-01-01T00:00:00.000Z")],
      ["timestamptz", new Date("9999-12-31T23:59:59.999Z"), new Date("9999-12-31T23:59:59.999Z")],
      ["timestamptz", "1890-01-01 00:00:00+00:19:32", new Date("1889-12-31T23:40:28.000Z")],
      ["timestamptz", "infinity", "infinity"],
      ["timestamp", "2024-03-10 02:30:00", "2024-03-10 02:30:00"],
      ["date", "2024-03-10", "2024-03-10"],
      ["date", new Date("2024-03-10T23:59:59.999Z"), "2024-03-10"],
      ["time", "23:59:59.5", "23:59:59.5"],
      ["interval", "1 day 02:03:04", "1 day 02:03:04"],
      ["jsonb", '{"a":[1,{"b":null}],"c":1.5}', { a: [1, { b: null }], c: 1.5 }],
      ["json", '"text"', "text"],
      ["bytea", new Uint8Array([0, 1, 254, 255]), new Uint8Array([0, 1, 254, 255])],
      ["bytea", new Uint8Array(), new Uint8Array()],
      ["uuid", "f47ac10b-58cc-4372-a567-0e02b2c3d479", "f47ac10b-58cc-4372-a567-0e02b2c3d479"],
      ["int8[]", [1, null, 9007199254740993n], [1, null, 9007199254740993n]],
      [
        "text[]",
        ["a", "NULL", null, "x,y", 'q"b\\', "{}", ""],
        ["a", "NULL", null, "x,y", 'q"b\\', "{}", ""],
      ],
      ["text[]", [], []],
      [
        "int4[]",
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 2],
          [3, 4],
        ],
      ],
      ["bytea[]", [new Uint8Array([255])], [new Uint8Array([255])]],
      ["timestamptz[]", [new Date(0)], [new Date(0)]],
      ["bool[]", [true, false], [true, false]],
    ])("%s of %s", async (type, sent, answered) => {
      for (const reusable of [false, true, true]) {
        const answer = await value(connection, `select $1::${type}`, [sent], reusable);
        expect(answer).toStrictEqual(answered);
      }
    });

    it("reads bytes and dates whatever the session's formats are", async () => {
      await rows(connection, "set bytea_output = 'escape'");
      await rows(connection, "set timezone = 'Asia/Kathmandu'");
      expect(await value(connection, "select '\\x00415cff'::bytea")).toEqual(
        new Uint8Array([0, 65, 92, 255]),
      );
      expect(await value(connection, "select $1::timestamptz", [new Date(1e12)])).toEqual(new Date(1e12));
    });

    it("refuses more values than the protocol counts, before anything is sent", async () => {
      const error = await failure(connection.execute(statement("select 1"), new Array(65_536).fill("1")));
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "not_sent" });
      expect(error.message).toMatch(/at most 65535 values.*got 65536/);
      const text = `select ${Array.from({ length: 1600 }, (_, i) => `$${i + 1}::int`).join(",")}`;
      expect((await rows(connection, text, new Array(1600).fill(1)))[0]).toHaveLength(1600);
    });
  });

  describe("statements", () => {
    it("answers counts for rows that a change returns, and for a text without a statement", async () => {
      const count = async (text: string) => (await connection.execute(statement(text), [])).rowCount;
      await rows(connection, "create table returned as select generate_series(1, 5) as a");
      expect(await count("delete from returned where a > 3 returning a")).toBe(2);
      expect(await count("select * from returned")).toBe(3);
      expect(await count("-- nothing")).toBe(0);
    });

    it("prepares what is used again once, and what is used once never", async () => {
      const prepared = () =>
        rows(connection, "select statement from pg_prepared_statements where not from_sql");
      await rows(connection, "select 1 as once");
      for (let i = 0; i < 5; i++)
        expect(await value(connection, "select $1::int as again", [i], true)).toBe(i);
      expect(await prepared()).toEqual([["select $1::int as again"]]);
    });

    it("keeps no more prepared statements than it may, and closes the evicted ones", async () => {
      const small = await open(database.url, { options: { statementCacheSize: 3 } });
      for (let i = 0; i < 20; i++) await rows(small, `select ${i}`, [], true);
      expect(await value(small, "select count(*) from pg_prepared_statements")).toBe(3);
      await small.close();
      const none = await open(database.url, { options: { statementCacheSize: 0 } });
      await rows(none, "select 1", [], true);
      expect(await value(none, "select count(*) from pg_prepared_statements")).toBe(0);
      await none.close();
    });

    it("does not keep a statement that failed at its first use", async () => {
      for (let i = 0; i < 3; i++) await failure(rows(connection, "select 1 / $1::int", [0], true));
      expect(await value(connection, "select 1 / $1::int", [1], true)).toBe(1);
      expect(await value(connection, "select count(*) from pg_prepared_statements")).toBe(1);
    });

    it("prepares again outside of a transaction when a table has changed", async () => {
      await rows(connection, "create table grown (a int)");
      await rows(connection, "insert into grown values (1)");
      expect(await rows(connection, "select * from grown", [], true)).toEqual([[1]]);
      await rows(connection, "alter table grown add column b text default 'new'");
      for (let i = 0; i < 2; i++) {
        expect(await rows(connection, "select * from grown", [], true)).toEqual([[1, "new"]]);
      }
    });

    it("asks for the whole transaction again when a table has changed inside one", async () => {
      await rows(connection, "create table grown_inside (a int)");
      await rows(connection, "select * from grown_inside", [], true);
      await connection.begin({});
      await rows(connection, "alter table grown_inside add column b text");
      const error = await failure(rows(connection, "select * from grown_inside", [], true));
      expect(error).toMatchObject({ name: "SerializationError", outcome: "rejected", retryable: true });
      await connection.rollback();
      expect(await rows(connection, "select * from grown_inside", [], true)).toEqual([]);
    });

    it.each(["deallocate all", "discard all"])("goes on after %s", async (forget) => {
      await rows(connection, "select 1 as kept", [], true);
      await rows(connection, forget);
      expect(await value(connection, "select 1 as kept", [], true)).toBe(1);
    });

    it("goes on when the driver's own connection has dropped its statements", async () => {
      await rows(connection, "select 1 as kept", [], true);
      const raw = connection.raw;
      if (typeof raw !== "object" || raw === null || !("query" in raw) || typeof raw.query !== "function") {
        throw new Error("expected pg's client");
      }
      await raw.query("deallocate all");
      expect(await value(connection, "select 1 as kept", [], true)).toBe(1);
    });

    it("refuses COPY, and stays in step", async () => {
      await rows(connection, "create table copied (a int)");
      for (const text of ["copy copied from stdin", "copy (select 1) to stdout"]) {
        expect(await failure(rows(connection, text))).toMatchObject({ code: "STRATA_UNSUPPORTED" });
        expect(await value(connection, "select 1")).toBe(1);
      }
    });

    it("refuses a second call while one is under way", async () => {
      const first = value(connection, "select pg_sleep(0.05)::text");
      expect(await failure(value(connection, "select 1"))).toMatchObject({ name: "TransactionStateError" });
      expect(await first).toBe("");
    });

    it("tells its name, and the versions", async () => {
      expect(await value(connection, "select current_setting('application_name')")).toBe("strata tests");
      expect(connection.version()).toEqual({
        serverVersion: expect.stringMatching(/^PostgreSQL \d+\.\d+$/),
        driver: expect.stringMatching(/^pg \d+\.\d+\.\d+$/),
      });
      await connection.ping();
    });
  });

  describe("many sets of values", () => {
    const insert = statement("insert into many values ($1, $2)");
    beforeEach(() => rows(connection, "create temp table many (id int primary key, name text)"));

    it("counts the rows that statements answer", async () => {
      expect(await connection.executeMany(statement("select $1::int"), [["1"], ["2"]])).toBe(2);
    });

    it("stores none when one fails, at the start, in the middle and at the end", async () => {
      for (const bad of [0, 150, 499]) {
        const sets = Array.from({ length: 500 }, (_, i) => [i === bad ? "x" : String(i), null]);
        expect(await failure(connection.executeMany(insert, sets))).toMatchObject({ sqlState: "22P02" });
        expect(await value(connection, "select count(*) from many")).toBe(0);
      }
    });

    it("stores none when the caller's iterator throws, and throws that", async () => {
      const broken = new Error("broken");
      const sets = function* () {
        for (let i = 0; i < 250; i++) yield [String(i), null];
        throw broken;
      };
      await expect(connection.executeMany(insert, sets())).rejects.toBe(broken);
      expect(await value(connection, "select count(*) from many")).toBe(0);
      const unbindable = [
        ["1", null],
        [undefined, null],
      ];
      await expect(connection.executeMany(insert, unbindable)).rejects.toThrow(TypeError);
      expect(connection.inTransaction).toBe(false);
    });
  });

  it("serves callers who block", async () => {
    const target = targetOf(database.url);
    const sync = postgresBackend.connectSync?.(target);
    expect(
      sync?.execute(statement("select $1::int8, now() > '2020-01-01'"), ["9007199254740993"], {
        timeoutMs: 5000,
      }),
    ).toEqual({
      columns: ["int8", "?column?"],
      rows: [[9007199254740993n, true]],
      rowCount: 1,
    });
    sync?.close();
  });
});
