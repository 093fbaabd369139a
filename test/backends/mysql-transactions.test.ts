import { connect as connectSocket, createServer, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import {
  failure,
  missing,
  open,
  rows,
  sharedServer,
  statement,
  targetOf,
  until,
  value,
} from "./mysql-connection.ts";

describe.skipIf(missing)("a MySQL or MariaDB connection under way", () => {
  let database: TestDatabase;
  let connection: MysqlConnection;
  let other: MysqlConnection;

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
    await database.query("create table accounts (id int primary key, amount int) engine=innodb");
  });
  afterAll(() => database.drop());
  beforeEach(async () => {
    connection = await open(database.url);
    other = await open(database.url);
    await rows(connection, "delete from accounts");
    await rows(connection, "insert into accounts values (1, 10), (2, 20)");
  });
  afterEach(async () => {
    await connection.close();
    await other.close();
  });

  describe("in a transaction", () => {
    it("commits and rolls back, and knows which", async () => {
      await connection.begin({});
      expect(connection.inTransaction).toBe(true);
      await rows(connection, "update accounts set amount = 11 where id = 1");
      await connection.rollback();
      expect(connection.inTransaction).toBe(false);
      await connection.begin({});
      await rows(connection, "update accounts set amount = 12 where id = 1");
      await connection.commit();
      expect(connection.inTransaction).toBe(false);
      expect(await value(other, "select amount from accounts where id = 1")).toBe(12);
    });

    it("is not left open by a read outside of one", async () => {
      await rows(connection, "select * from accounts", [], true);
      expect(connection.inTransaction).toBe(false);
      await failure(rows(connection, "select * from nosuch"));
      await failure(rows(connection, "insert into accounts values (1, 1)"));
      expect(connection.inTransaction).toBe(false);
    });

    it.each(["read uncommitted", "read committed", "repeatable read", "serializable"] as const)(
      "keeps %s",
      async (isolation) => {
        await connection.begin({ isolation });
        const seen = await rows(connection, "select amount from accounts where id = 1");
        if (isolation === "serializable") {
          await rows(other, "set innodb_lock_wait_timeout = 1");
          expect(await failure(rows(other, "update accounts set amount = 99 where id = 1"))).toMatchObject({
            code: "STRATA_BUSY",
          });
        } else {
          await other.begin({});
          await rows(other, "update accounts set amount = 99 where id = 1");
          expect(await rows(connection, "select amount from accounts where id = 1")).toEqual(
            isolation === "read uncommitted" ? [[99]] : seen,
          );
          await other.commit();
          expect(await rows(connection, "select amount from accounts where id = 1")).toEqual(
            isolation === "repeatable read" ? seen : [[99]],
          );
        }
        await connection.rollback();
      },
    );

    it("refuses writes in one that only reads", async () => {
      await connection.begin({ readOnly: true });
      const error = await failure(rows(connection, "update accounts set amount = 0"));
      expect(error).toMatchObject({ name: "ReadOnlyError", outcome: "rejected" });
      await connection.rollback();
    });

    it("is over after a deadlock, and COMMIT says so", async () => {
      await connection.begin({});
      await other.begin({});
      await rows(connection, "update accounts set amount = 1 where id = 1");
      await rows(other, "update accounts set amount = 2 where id = 2");
      const results = await Promise.allSettled([
        rows(connection, "update accounts set amount = 1 where id = 2"),
        rows(other, "update accounts set amount = 2 where id = 1"),
      ]);
      const lost = results[0].status === "rejected" ? connection : other;
      const reason = results.find((result) => result.status === "rejected")?.reason;
      expect(await failure(Promise.reject(reason))).toMatchObject({
        name: "DeadlockError",
        outcome: "rolled_back",
        retryable: true,
      });
      expect(lost.inTransaction).toBe(false);
      expect(await failure(lost.commit(), "commit")).toMatchObject({
        name: "TransactionDoomedError",
        outcome: "rolled_back",
      });
      await lost.rollback();
      await (lost === connection ? other : connection).rollback();
      await lost.begin({});
      await lost.commit();
    });

    it("is still open after a lock timeout, with the statement undone", async () => {
      await connection.begin({});
      await rows(connection, "update accounts set amount = 5 where id = 1");
      await other.begin({});
      await rows(other, "update accounts set amount = 6 where id = 2");
      await rows(other, "set innodb_lock_wait_timeout = 1");
      const error = await failure(rows(other, "update accounts set amount = 6 where id = 1"));
      expect(error).toMatchObject({ name: "LockTimeoutError", outcome: "rejected", retryable: true });
      expect(other.inTransaction).toBe(true);
      await other.rollback();
      await connection.rollback();
    });

    it("is ended by DDL, which is noticed", async () => {
      await connection.begin({});
      await rows(connection, "create table committed_by (a int)");
      expect(connection.inTransaction).toBe(false);
      await connection.begin({});
      await rows(connection, "update accounts set amount = 77 where id = 1");
      await failure(rows(connection, "create table committed_by (a int)"));
      expect(connection.inTransaction).toBe(false);
      expect(await value(other, "select amount from accounts where id = 1")).toBe(77);
      await connection.commit();
    });

    it("keeps what a savepoint keeps", async () => {
      await connection.begin({});
      await rows(connection, "savepoint a");
      await rows(connection, "delete from accounts");
      await rows(connection, "rollback to savepoint a");
      expect(connection.inTransaction).toBe(true);
      expect(await failure(rows(connection, "release savepoint b"))).toMatchObject({
        code: "STRATA_TRANSACTION_STATE",
      });
      await connection.commit();
      expect(await value(other, "select count(*) from accounts")).toBe(2);
    });
  });

  describe("when it is cancelled", () => {
    const sleeping = () =>
      value(
        other,
        "select count(*) from information_schema.processlist where info like '%sleep(%' and info not like '%processlist%'",
      );

    it("stops the statement on the server and can be used at once", async () => {
      const startedMs = performance.now();
      const call = failure(rows(connection, "select sleep(20)"));
      await until(async () => (await sleeping()) === 1);
      await connection.cancel();
      expect(await sleeping()).toBe(0);
      // SLEEP answers 1 when it is interrupted by itself; either way it has ended.
      await call.catch(() => {});
      expect(performance.now() - startedMs).toBeLessThan(5000);
      expect(await value(connection, "select 7")).toBe(7);
    });

    it("answers an interrupted statement with a typed error, and leaves the transaction as it was", async () => {
      await connection.begin({});
      await rows(connection, "update accounts set amount = 5 where id = 1");
      const call = failure(
        rows(
          connection,
          "select count(*) from information_schema.columns a, information_schema.columns b, information_schema.columns c",
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      await connection.cancel();
      expect(await call).toMatchObject({
        name: "AbortedError",
        outcome: "rejected",
        driverCode: "ER_QUERY_INTERRUPTED",
      });
      expect(connection.inTransaction).toBe(true);
      await connection.commit();
      expect(await value(other, "select amount from accounts where id = 1")).toBe(5);
    });

    it("stops many sets of values", async () => {
      const sets = Array.from({ length: 1000 }, () => []);
      const call = connection.executeMany(statement("do sleep(0.2)", true), sets);
      const ended = call.then(
        () => "done",
        () => "failed",
      );
      await new Promise((resolve) => setTimeout(resolve, 100));
      const startedMs = performance.now();
      await connection.cancel();
      await ended;
      expect(performance.now() - startedMs).toBeLessThan(4000);
      expect(await value(connection, "select 7")).toBe(7);
    });

    it("never hits a later statement", async () => {
      for (let i = 0; i < 150; i++) {
        const call = rows(connection, "select sleep(0.002)").catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, i % 5));
        await connection.cancel();
        await call;
        expect(await value(connection, "select ?", [i], true)).toBe(i);
      }
    });

    it("does nothing when nothing is under way", async () => {
      await connection.cancel();
      expect(await value(connection, "select 7")).toBe(7);
    });
  });

  describe("reading a stream", () => {
    const manyNumbers =
      "select a.i * 10000 + b.i, repeat('x', 200) from digits a, digits b, (select 1 union select 2 union select 3) c";

    beforeAll(async () => {
      await database.query("create table digits (i int primary key) engine=innodb");
      await database.query(
        "insert into digits with recursive n (i) as (select 0 union all select i + 1 from n where i < 999) select i from n",
      );
    });

    it("answers rows as they are asked for, and then none", async () => {
      const cursor = await connection.stream(
        statement("select i, cast(i as char) as t from digits where i < ? order by i"),
        [5],
      );
      expect(cursor.columns).toEqual(["i", "t"]);
      expect(await cursor.read(2)).toEqual([
        [0, "0"],
        [1, "1"],
      ]);
      expect(await cursor.read(100)).toEqual([
        [2, "2"],
        [3, "3"],
        [4, "4"],
      ]);
      expect(await cursor.read(100)).toEqual([]);
      await cursor.close();
      await cursor.close();
      expect(await value(connection, "select 7")).toBe(7);
    });

    it("holds back the server, so that memory does not grow with the result", async () => {
      const cursor = await connection.stream(statement(manyNumbers), []);
      global.gc?.();
      const beforeBytes = process.memoryUsage().rss;
      let count = 0;
      for (
        let read = await cursor.read(5000);
        read.length > 0 && count < 500_000;
        read = await cursor.read(5000)
      ) {
        count += read.length;
        if (count === 5000) await new Promise((resolve) => setTimeout(resolve, 300));
      }
      expect(count).toBe(500_000);
      expect(process.memoryUsage().rss - beforeBytes).toBeLessThan(150 * 1024 * 1024);
      const startedMs = performance.now();
      await cursor.close();
      expect(performance.now() - startedMs).toBeLessThan(2000);
      expect(connection.usable).toBe(true);
      expect(await value(connection, "select 7")).toBe(7);
    });

    it("can be left at once, in a transaction too", async () => {
      await connection.begin({});
      for (let i = 0; i < 3; i++) {
        const cursor = await connection.stream(statement(manyNumbers, true), []);
        await cursor.read(10);
        await cursor.close();
        expect(connection.inTransaction).toBe(true);
        expect(await value(connection, "select 7")).toBe(7);
      }
      await connection.rollback();
    });

    it("can be left when everything has come already, without a KILL", async () => {
      const startedMs = performance.now();
      for (let i = 0; i < 50; i++) {
        const cursor = await connection.stream(statement("select i from digits where i < 40", true), []);
        await cursor.read(1);
        await cursor.close();
      }
      expect(performance.now() - startedMs).toBeLessThan(800);
      expect(await value(connection, "select 7")).toBe(7);
    });

    it("fails with the statement's own error, before or after the first rows", async () => {
      expect(await failure(connection.stream(statement("select * from nosuch"), []))).toMatchObject({
        name: "SqlSyntaxError",
      });
      const late = statement(
        "select i, (select i from digits d where d.i <= greatest(digits.i - 900, 0)) from digits order by i",
      );
      const read = async () => await (await connection.stream(late, [])).read(1000);
      expect(await failure(read())).toMatchObject({ driverCode: "ER_SUBQUERY_NO_1_ROW" });
      expect(await value(connection, "select 7")).toBe(7);
    });

    it("is cancelled like any other statement", async () => {
      const cursor = await connection.stream(statement(manyNumbers), []);
      await cursor.read(10);
      const startedMs = performance.now();
      await connection.cancel();
      expect(performance.now() - startedMs).toBeLessThan(2000);
      await cursor.close();
      expect(await value(connection, "select 7")).toBe(7);
    });

    it("answers nothing for a statement without rows", async () => {
      const cursor = await connection.stream(statement("update accounts set amount = 1"), []);
      expect(cursor.columns).toEqual([]);
      expect(await cursor.read(10)).toEqual([]);
      await cursor.close();
    });
  });

  describe("that is lost", () => {
    it("while idle turns unusable and says nothing", async () => {
      const id = await value(connection, "select connection_id()");
      await rows(other, `kill ${id}`);
      await until(() => !connection.usable);
      expect(connection.inTransaction).toBe(false);
      const error = await failure(rows(connection, "select 1"));
      expect(error).toMatchObject({ name: "ConnectionError", outcome: "not_sent" });
      await connection.close();
    });

    it("under way fails the call, with an unknown outcome", async () => {
      const id = await value(connection, "select connection_id()");
      const call = failure(rows(connection, "select sleep(20)"));
      await new Promise((resolve) => setTimeout(resolve, 50));
      await rows(other, `kill ${id}`);
      expect(await call).toMatchObject({
        name: "ConnectionError",
        code: "STRATA_CONNECTION",
        outcome: "unknown",
      });
      await until(() => !connection.usable);
    });

    it("because nothing answers is ended by a cancel, in bounded time", async () => {
      let silent = false;
      const sockets = new Set<Socket>();
      const upstream = targetOf(database.url);
      const proxy = createServer((inner) => {
        const outer = connectSocket(upstream.port, upstream.host);
        for (const [from, to] of [
          [inner, outer],
          [outer, inner],
        ] as const) {
          sockets.add(from);
          from.on("error", () => {});
          from.on("close", () => to.destroy());
          from.on("data", (chunk) => {
            if (!silent) to.write(chunk);
          });
        }
      });
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
      const address = proxy.address();
      const port = typeof address === "object" && address !== null ? address.port : 0;
      const cutOff = await open(database.url, { port, connectTimeoutMs: 400 });
      const call = failure(rows(cutOff, "select sleep(20)"));
      await new Promise((resolve) => setTimeout(resolve, 100));
      silent = true;
      const startedMs = performance.now();
      await cutOff.cancel();
      expect(performance.now() - startedMs).toBeLessThan(1000);
      expect(cutOff.usable).toBe(false);
      expect((await call).outcome).toBe("unknown");
      await cutOff.close();
      for (const socket of sockets) socket.destroy();
      proxy.close();
    });

    it("by destroy fails what is under way, at once", async () => {
      const calls = [failure(rows(connection, "select sleep(20)")), failure(connection.ping(), "ping")];
      await new Promise((resolve) => setTimeout(resolve, 50));
      const startedMs = performance.now();
      connection.destroy();
      connection.destroy();
      expect(connection.usable).toBe(false);
      for (const error of await Promise.all(calls)) expect(error).toMatchObject({ name: "ConnectionError" });
      expect(performance.now() - startedMs).toBeLessThan(200);
    });
  });
});
