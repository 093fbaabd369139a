import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { DriverConnection, DriverResult } from "../../src/backend/index.ts";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import type { DatabaseError } from "../../src/errors/index.ts";
import { isPromiseLike } from "../../src/operation/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { bound, limits, missing, sharedServer, statement, targetOf } from "./mysql-connection.ts";

function failureOf(work: () => unknown): { error: DatabaseError; tookMs: number } {
  const startMs = performance.now();
  try {
    work();
  } catch (error) {
    const tookMs = performance.now() - startMs;
    return { error: mysqlBackend.toDatabaseError(error, { operation: "execute", cause: error }), tookMs };
  }
  throw new Error("expected a failure");
}

describe.skipIf(missing)("a blocking connection to MySQL or MariaDB", () => {
  let database: TestDatabase;
  let connection: DriverConnection;

  beforeAll(async () => {
    database = await createDatabase(sharedServer());
    await database.query("create table names (id int primary key, name varchar(20)) engine=innodb");
  });
  afterAll(() => database.drop());
  beforeEach(() => {
    connection = connect();
    execute("delete from names");
  });
  afterEach(() => connection.close());

  function connect(more: Parameters<typeof targetOf>[1] = {}): DriverConnection {
    const made = mysqlBackend.connectSync?.(targetOf(database.url, more));
    if (made === undefined) throw new Error("expected a blocking face");
    return made;
  }

  function execute(
    text: string,
    values: readonly unknown[] = [],
    timeoutMs = limits.timeoutMs,
  ): DriverResult {
    const answer = connection.execute(statement(text, true), bound(values), { timeoutMs });
    if (isPromiseLike(answer)) throw new Error("expected a plain answer");
    return answer;
  }

  it("answers values as the asynchronous one does", () => {
    const sent = [
      "é👍",
      5,
      2n ** 60n,
      1.5,
      true,
      null,
      new Date("2024-03-10T02:30:00.120Z"),
      new Uint8Array([1, 0, 255]),
    ];
    const marks = "?, ?, ?, cast(? as double), ?, ?, cast(? as datetime(6)), cast(? as binary)";
    expect(execute(`select ${marks}`, sent).rows).toEqual([
      ["é👍", 5, 2n ** 60n, 1.5, 1, null, sent[6], sent[7]],
    ]);
    const large = new Uint8Array(50_000).fill(9);
    expect(execute("select cast(? as binary)", [large]).rows).toEqual([[large]]);
    expect(connection.version()).toMatchObject({ driver: expect.stringMatching(/^mariadb 3/) });
  });

  it("keeps transactions", () => {
    connection.begin({ isolation: "read committed" }, limits);
    expect(execute("insert into names values (1, ?)", ["a"]).rowCount).toBe(1);
    expect(connection.inTransaction).toBe(true);
    connection.rollback(limits);
    expect(execute("select * from names").rows).toEqual([]);
    connection.begin({}, limits);
    expect(
      connection.executeMany(
        statement("insert into names values (?, ?)", true),
        [
          [1, "a"],
          [2, "b"],
        ],
        limits,
      ),
    ).toBe(2);
    connection.commit(limits);
    expect(execute("select name from names order by id").rows).toEqual([["a"], ["b"]]);
    expect(connection.inTransaction).toBe(false);
  });

  it("keeps class, code, SQLSTATE and columns of errors", () => {
    execute("insert into names values (1, 'secret-value')");
    const { error } = failureOf(() => execute("insert into names values (?, ?)", [1, "b"]));
    expect(error).toMatchObject({
      name: "UniqueViolationError",
      sqlState: "23000",
      driverCode: "ER_DUP_ENTRY",
      table: "names",
      columns: ["id"],
      outcome: "rejected",
    });
    const wrong = failureOf(() => connect({ password: () => "wrong" }));
    expect(wrong.error).toMatchObject({ code: "STRATA_CONNECTION_REFUSED", outcome: "not_sent" });
    expect(failureOf(() => connect({ port: 1 })).error).toMatchObject({ driverCode: "ECONNREFUSED" });
  });

  it("really ends a statement that runs too long, and is usable at once", () => {
    connection.begin({}, limits);
    execute("insert into names values (1, 'a')");
    const text =
      "select count(*) from information_schema.columns a, information_schema.columns b, information_schema.columns c";
    const { error, tookMs } = failureOf(() => execute(text, [], 300));
    expect(error).toMatchObject({ name: "QueryTimeoutError", outcome: "rejected" });
    expect(tookMs).toBeGreaterThan(290);
    expect(tookMs).toBeLessThan(550);
    expect(connection.inTransaction).toBe(true);
    const running =
      "select count(*) from information_schema.processlist where info like '%columns c' and info not like '%processlist%'";
    expect(execute(running).rows).toEqual([[0]]);
    connection.rollback(limits);
  });

  it("waits for locks no longer than its limit", () => {
    execute("insert into names values (1, 'a')");
    connection.begin({}, limits);
    execute("update names set name = 'b'");
    const other = connect();
    const update = statement("update names set name = 'c'", true);
    const { error, tookMs } = failureOf(() => other.execute(update, [], { timeoutMs: 200 }));
    expect(error).toMatchObject({ name: "QueryTimeoutError" });
    expect(tookMs).toBeLessThan(450);
    connection.commit(limits);
    expect(other.execute(update, [], limits)).toMatchObject({ rowCount: 1 });
    other.close();
  });

  it("reads cursors and large results", () => {
    const digits =
      "(select 0 d union select 1 union select 2 union select 3 union select 4 union select 5 union select 6 union select 7 union select 8 union select 9)";
    const many = `select a.d, b.d, c.d, d.d, e.d, repeat('x', 20) from ${["a", "b", "c", "d", "e"].map((name) => `${digits} ${name}`).join(", ")}`;
    expect(execute(many).rows).toHaveLength(100_000);
    const cursor = connection.stream(statement(many), [], limits);
    if (isPromiseLike(cursor)) throw new Error("expected a plain answer");
    expect(cursor.read(10)).toHaveLength(10);
    expect(cursor.columns).toHaveLength(6);
    cursor.close();
    expect(execute("select 7").rows).toEqual([[7]]);
  });

  it("notices that the server ended it while it was idle", async () => {
    const [[id] = []] = execute("select connection_id()").rows;
    await database.query(`kill ${id}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(connection.usable).toBe(false);
    const next = connect();
    expect(next.usable).toBe(true);
    next.close();
  });
});

describe("a process with a blocking connection", () => {
  const program = fileURLToPath(new URL("./fixtures/forgotten.ts", import.meta.url));

  it.each(["", "stuck"])("ends by itself when it forgets to close it %s", async (how) => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, how], { timeout: 10_000 });
    expect(stdout).toContain('"rows":[["done"]]');
    expect(stdout.includes("ConnectionError")).toBe(how === "stuck");
  });
});
