import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PostgresConnection } from "../../src/backends/postgres/driver.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { failure, missing, open, rows, sharedServer, statement, value } from "./postgres-connection.ts";

describe.skipIf(missing)("transactions, streams and sessions on PostgreSQL", () => {
  let database: TestDatabase;
  let connection: PostgresConnection;
  let other: PostgresConnection;

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
    await database.query(
      "create table accounts (id int primary key, amount int not null check (amount >= 0))",
    );
    await database.query("create table tenants (email text, tenant int, unique (email, tenant))");
    await database.query(
      "create table deferred (a int unique deferrable initially deferred, b int references accounts)",
    );
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    [connection, other] = await Promise.all([open(database.url), open(database.url)]);
    await rows(connection, "truncate accounts, deferred, tenants");
    await rows(connection, "insert into accounts values (1, 100), (2, 100)");
  });
  afterEach(() => Promise.all([connection.close(), other.close()]));

  const amount = (id: number) => value(connection, "select amount from accounts where id = $1", [id]);

  describe("transactions", () => {
    it("commits, rolls back, and knows of both", async () => {
      await connection.begin({});
      expect(connection.inTransaction).toBe(true);
      await rows(connection, "update accounts set amount = 1 where id = 1");
      await connection.rollback();
      expect(connection.inTransaction).toBe(false);
      expect(await amount(1)).toBe(100);
      await connection.begin({});
      await rows(connection, "update accounts set amount = 1 where id = 1");
      await connection.commit();
      expect(connection.inTransaction).toBe(false);
      expect(await amount(1)).toBe(1);
    });

    it.each(["read uncommitted", "read committed", "repeatable read", "serializable"] as const)(
      "begins with %s",
      async (isolation) => {
        await connection.begin({ isolation, readOnly: true });
        expect(await value(connection, "show transaction_isolation")).toBe(isolation);
        expect(await failure(rows(connection, "delete from accounts"))).toMatchObject({
          name: "ReadOnlyError",
          outcome: "rejected",
        });
        await connection.rollback();
      },
    );

    it("never takes a COMMIT that rolled back for one", async () => {
      await connection.begin({});
      await rows(connection, "update accounts set amount = 1 where id = 1");
      await failure(rows(connection, "select nonsense"));
      expect(connection.inTransaction).toBe(true);
      expect(await failure(connection.commit(), "commit")).toMatchObject({
        name: "TransactionDoomedError",
        outcome: "rolled_back",
      });
      expect(connection.inTransaction).toBe(false);
      expect(await amount(1)).toBe(100);
    });

    it("tells that a constraint failed at COMMIT, and that the transaction is over", async () => {
      await connection.begin({});
      await rows(connection, "insert into deferred values (1), (1)");
      expect(await failure(connection.commit(), "commit")).toMatchObject({
        name: "UniqueViolationError",
        outcome: "rolled_back",
        columns: ["a"],
      });
      expect(connection.inTransaction).toBe(false);
    });

    it("refuses a second BEGIN and a COMMIT without one; ROLLBACK without one is nothing", async () => {
      expect(await failure(connection.commit())).toMatchObject({ name: "TransactionStateError" });
      await connection.rollback();
      await connection.begin({});
      expect(await failure(connection.begin({}))).toMatchObject({ name: "TransactionStateError" });
      await connection.rollback();
    });

    it("sees a transaction that the caller began by a statement", async () => {
      await rows(connection, "begin");
      expect(connection.inTransaction).toBe(true);
      await rows(connection, "rollback");
      expect(connection.inTransaction).toBe(false);
    });

    it("tells serialization failures and deadlocks", async () => {
      for (const session of [connection, other]) {
        await session.begin({ isolation: "serializable" });
        await rows(session, "select sum(amount) from accounts");
      }
      await rows(connection, "update accounts set amount = 0 where id = 1");
      await connection.commit();
      const error = await failure(rows(other, "update accounts set amount = 0 where id = 1"));
      expect(error).toMatchObject({ name: "SerializationError", outcome: "rolled_back", retryable: true });
      await other.rollback();

      await rows(other, "set deadlock_timeout = '20ms'");
      for (const session of [connection, other]) await session.begin({});
      await rows(connection, "update accounts set amount = 5 where id = 1");
      await rows(other, "update accounts set amount = 5 where id = 2");
      const first = rows(connection, "update accounts set amount = 5 where id = 2");
      const second = failure(rows(other, "update accounts set amount = 5 where id = 1"));
      expect(await second).toMatchObject({ name: "DeadlockError", outcome: "rolled_back" });
      await other.rollback();
      await first;
      await connection.rollback();
    });
  });

  describe("errors", () => {
    it("name columns and tables, and never tell a value", async () => {
      const canary = "canary-7f3a";
      const insert = "insert into tenants values ($1, 1)";
      await rows(connection, insert, [canary]);
      const unique = await failure(rows(connection, insert, [canary]));
      expect(unique).toMatchObject({
        name: "UniqueViolationError",
        table: "tenants",
        columns: ["email", "tenant"],
      });
      const check = await failure(rows(connection, "insert into accounts values (3, -1)"));
      expect(check).toMatchObject({ name: "CheckViolationError", table: "accounts" });
      const notNull = await failure(rows(connection, "insert into accounts values (3, null)"));
      expect(notNull).toMatchObject({ name: "NotNullViolationError", columns: ["amount"] });
      const foreign = await failure(rows(connection, "insert into deferred values (1, 77)"));
      expect(foreign).toMatchObject({ name: "ForeignKeyViolationError", table: "deferred", columns: ["b"] });
      const wrongKind = await failure(rows(connection, "select $1::int", [canary]));
      expect(wrongKind).toMatchObject({ name: "SqlParameterError", sqlState: "22P02" });
      const range = await failure(rows(connection, "select $1::timestamptz", [`2024-99-99 ${canary}`]));
      for (const error of [unique, check, notNull, foreign, wrongKind, range]) {
        const { cause } = error;
        const words = [error, cause].map((part) => `${part} ${JSON.stringify(part)}`).join();
        expect(words + (cause instanceof Error ? cause.stack : "")).not.toContain(canary);
      }
      const unknown = await failure(rows(connection, "select nothing from nowhere"));
      expect(unknown).toMatchObject({ name: "SqlSyntaxError", sqlState: "42P01" });
      expect(unknown.message).toContain('relation "nowhere" does not exist (at character 21)');
    });
  });

  describe("streams", () => {
    const series = statement("select generate_series(1, $1::int)");

    it("reads piece by piece, outside of a transaction and inside one", async () => {
      for (const inside of [false, true]) {
        if (inside) await connection.begin({});
        const cursor = await connection.stream(series, ["250"]);
        expect(cursor.columns).toEqual(["generate_series"]);
        const sizes: number[] = [];
        for (let portion = await cursor.read(100); portion.length > 0; portion = await cursor.read(100)) {
          sizes.push(portion.length);
        }
        expect(sizes).toEqual([100, 100, 50]);
        await cursor.close();
        await cursor.close();
        expect(connection.inTransaction).toBe(inside);
        if (inside) await connection.rollback();
      }
    });

    it("is not a transaction of the caller's, refuses other calls, and frees the connection when left early", async () => {
      const cursor = await connection.stream(series, ["1000000"]);
      expect(await cursor.read(10)).toHaveLength(10);
      expect(connection.inTransaction).toBe(false);
      for (const call of [
        () => rows(connection, "select 1"),
        () => connection.begin({}),
        () => connection.ping(),
      ]) {
        expect(await failure(call())).toMatchObject({ name: "TransactionStateError" });
      }
      await cursor.close();
      expect(await value(connection, "select count(*) from pg_cursors where name <> ''")).toBe(0);
      expect(await cursor.read(10)).toEqual([]);
    });

    it("lets the caller's transaction write while it reads", async () => {
      await connection.begin({});
      const cursor = await connection.stream(statement("select id from accounts order by id"), []);
      for (let [row] = await cursor.read(1); row !== undefined; [row] = await cursor.read(1)) {
        await rows(connection, "update accounts set amount = 7 where id = $1", [row[0]]);
      }
      await cursor.close();
      await connection.commit();
      expect(await amount(2)).toBe(7);
    });

    it("stores what a streamed statement writes, and undoes it when the statement fails", async () => {
      const insert = statement(
        "insert into accounts select g, 1 from generate_series(10, $1::int) g returning id",
      );
      const cursor = await connection.stream(insert, ["14"]);
      await cursor.read(2);
      await cursor.close();
      expect(await value(connection, "select count(*) from accounts")).toBe(7);
      const failing = await connection.stream(
        statement("select 1 / (3 - g) from generate_series(1, 9) g"),
        [],
      );
      expect(await failure(failing.read(5))).toMatchObject({ sqlState: "22012" });
      await failing.close();
      expect(await failure(connection.stream(statement("select nonsense"), []))).toMatchObject({
        sqlState: "42703",
      });
      expect(await value(connection, "select 1")).toBe(1);
      expect(connection.inTransaction).toBe(false);
    });

    it("answers no rows for a statement that has none", async () => {
      const cursor = await connection.stream(statement("update accounts set amount = 3"), []);
      expect([cursor.columns, await cursor.read(5)]).toEqual([[], []]);
      await cursor.close();
      expect(await amount(1)).toBe(3);
    });
  });

  describe("reset", () => {
    const pid = () => value(connection, "select pg_backend_pid()");

    it("rolls back a transaction that is open", async () => {
      await connection.begin({});
      await rows(connection, "update accounts set amount = 0");
      await connection.reset();
      expect(connection.inTransaction).toBe(false);
      expect(await amount(1)).toBe(100);
    });

    it("leaves nothing of the session for the next caller", async () => {
      await rows(connection, "select 1 as kept", [], true);
      await rows(connection, "set statement_timeout = '77s'");
      await rows(connection, "set search_path = pg_catalog");
      await rows(connection, "set role pg_read_all_data");
      await rows(connection, "listen news");
      await rows(connection, "select pg_advisory_lock(42)");
      await rows(connection, "create temp table mine (a int)");
      await rows(connection, "declare held cursor with hold for select 1");
      await connection.reset();
      expect(await value(connection, "show statement_timeout")).toBe("0");
      expect(await value(connection, "select current_user = session_user")).toBe(true);
      expect(await value(connection, "select count(*) from pg_listening_channels()")).toBe(0);
      expect(await value(other, "select pg_try_advisory_lock(42)")).toBe(true);
      expect(await value(connection, "select to_regclass('mine')")).toBeNull();
      expect(await value(connection, "select count(*) from pg_cursors where name <> ''")).toBe(0);
      expect(await rows(connection, "select statement from pg_prepared_statements")).toEqual([
        ["select 1 as kept"],
      ]);
    });

    it("removes what was prepared by hand", async () => {
      await rows(connection, "select 1 as kept", [], true);
      await rows(connection, "prepare mine as select 1");
      await connection.reset();
      expect(await value(connection, "select count(*) from pg_prepared_statements")).toBe(0);
      expect(await value(connection, "select 1 as kept", [], true)).toBe(1);
    });

    it("costs no round trip after ordinary statements", async () => {
      await rows(connection, "select 1");
      await rows(connection, "update accounts set amount = 1");
      const query = () => value(other, "select query from pg_stat_activity where pid = $1", [backend]);
      const backend = await pid();
      await connection.reset();
      expect(await query()).toBe("select pg_backend_pid()");
    });

    it("keeps the search path and the date format that the connection needs", async () => {
      await connection.close();
      await rows(other, 'create schema if not exists "my app\\x"');
      await rows(other, `alter role current_user in database ${database.name} set datestyle = 'German'`);
      connection = await open(database.url, { options: { searchPath: ["my app\\x", "public"] } });
      for (let i = 0; i < 2; i++) {
        expect(await value(connection, "select current_schema()")).toBe("my app\\x");
        expect(await value(connection, "select $1::timestamptz", [new Date(1e12)])).toEqual(new Date(1e12));
        await rows(connection, "set search_path = pg_catalog");
        await rows(connection, "set datestyle = 'SQL'");
        await connection.reset();
      }
      await rows(other, `alter role current_user in database ${database.name} reset datestyle`);
    });

    it("forgets a stream that was left open", async () => {
      const cursor = await connection.stream(statement("select generate_series(1, 1000)"), []);
      await cursor.read(1);
      await connection.reset();
      const next = await connection.stream(statement("select 1"), []);
      await cursor.close();
      expect(await next.read(5)).toEqual([[1]]);
      await next.close();
      expect(await value(connection, "select 1")).toBe(1);
    });
  });
});
