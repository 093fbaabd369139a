import { afterEach, describe, expect, it } from "vitest";
import type { DriverConnection, NativeStatement } from "../../backend/index.ts";
import {
  ConnectionError,
  ConnectTimeoutError,
  DatabaseError,
  type ErrorFacts,
  QueryTimeoutError,
  UnsupportedError,
} from "../../errors/index.ts";
import { type Awaitable, isPromiseLike } from "../../operation/index.ts";
import { connectBlocking, workerTarget } from "./index.ts";

const module = new URL("../../../test/backends/fixtures/async-driver.ts", import.meta.url);
const limits = { timeoutMs: 5000 };
const open: DriverConnection[] = [];

function connect(
  change: { database?: string; connectTimeoutMs?: number; stallMs?: number } = {},
): DriverConnection {
  const connection = connectBlocking(
    {
      module,
      exportName: "connect",
      target: {
        database: change.database ?? "db",
        host: "localhost",
        port: 1,
        user: undefined,
        password: "s3cret",
        alias: "test",
        connectTimeoutMs: change.connectTimeoutMs ?? 10_000,
        options: {},
      },
    },
    {
      toDatabaseError: (_error: unknown, facts: ErrorFacts) => new DatabaseError("classified", facts),
      ...(change.stallMs === undefined ? {} : { stallMs: change.stallMs }),
    },
  );
  open.push(connection);
  return connection;
}

function statement(text: string): NativeStatement {
  return { text, readOnly: false, reusable: true };
}

function plain<T>(answer: Awaitable<T>): T {
  if (isPromiseLike(answer)) throw new Error("expected a plain answer, got a promise");
  return answer;
}

function failureOf(work: () => unknown): { error: unknown; tookMs: number } {
  const startMs = performance.now();
  try {
    work();
  } catch (error) {
    return { error, tookMs: performance.now() - startMs };
  }
  throw new Error("expected a failure");
}

afterEach(() => {
  for (const connection of open.splice(0)) connection.destroy();
});

describe("a blocking connection", () => {
  it("answers plain values of every kind", () => {
    const connection = connect();
    const values = ["text", 1.5, 2n ** 62n, true, null, new Date(5), new Uint8Array([1, 2]), "\u{1F600}"];
    const answer = connection.execute(statement("echo"), values, limits);
    expect(answer).toEqual({ columns: expect.anything(), rows: [values], rowCount: 1 });
    expect(connection.execute(statement("password"), [], limits)).toMatchObject({ rows: [["s3cret"]] });
    expect(connection.version()).toEqual({ serverVersion: "Fixture 1", driver: "fixture 1" });
    expect(connection).toMatchObject({ facts: { flavour: "fixture" } });
  });

  it("hands the driver Buffers, and copies no more of a view's memory than the view shows", () => {
    const connection = connect();
    const view = Buffer.alloc(1_000_000).subarray(10, 12);
    expect(connection.execute(statement("buffers"), [view, new Uint8Array(3)], limits)).toMatchObject({
      rows: [[true, true]],
    });
    const { rows } = plain(connection.execute(statement("slice 1000000"), [], limits));
    expect(rows[0]?.[0]).toHaveProperty("buffer.byteLength", 4);
  });

  it("keeps the transaction's state", () => {
    const connection = connect();
    expect(connection.inTransaction).toBe(false);
    connection.begin({ isolation: "serializable" }, limits);
    expect(connection.inTransaction).toBe(true);
    connection.commit(limits);
    expect(connection.inTransaction).toBe(false);
    connection.begin({}, limits);
    connection.rollback(limits);
    expect(connection.inTransaction).toBe(false);
    connection.ping(limits);
    connection.reset();
  });

  it("crosses 100,000 rows, and more than 64 MB", () => {
    const connection = connect();
    const many = connection.execute(statement("rows 100000"), [], { timeoutMs: 20_000 });
    expect(many).toMatchObject({ rowCount: 100_000 });
    const { rows } = plain(many);
    expect(rows.length).toBe(100_000);
    expect(rows[99_999]).toEqual([99_999, "row 99999", 99_999n, new Date(99_999)]);
    const large = plain(connection.execute(statement("bytes 80"), [], { timeoutMs: 20_000 }));
    expect(large.rows.length).toBe(80);
    expect(large.rows[79]?.[0]).toHaveProperty("1000000", 79);
  }, 40_000);

  it("runs many sets in one call and sums their counts", () => {
    const connection = connect();
    const sets = Array.from({ length: 12_001 }, (_, n) => [n]);
    expect(connection.executeMany(statement("echo"), sets, limits)).toBe(12_001);
    expect(connection.executeMany(statement("echo"), [], limits)).toBe(0);
  });

  it("reads a cursor piece by piece", () => {
    const connection = connect();
    const cursor = plain(connection.stream(statement("stream 5"), [], limits));
    expect(cursor).toMatchObject({ columns: ["n"] });
    expect(cursor.read(3)).toEqual([[0], [1], [2]]);
    expect(cursor.read(3)).toEqual([[3], [4]]);
    cursor.close();
    cursor.close();
    expect(cursor.read(3)).toEqual([]);
  });
});

describe("errors across the bridge", () => {
  it("keep name, code, errno, SQLSTATE and cause", () => {
    const { error } = failureOf(() => connect().execute(statement("fail"), [], limits));
    expect(error).toMatchObject({
      name: "DriverError",
      message: "duplicate 'x'",
      code: "ER_DUP_ENTRY",
      errno: 1062,
      sqlState: "23000",
      cause: { name: "TypeError", message: "the reason below" },
    });
    expect(error).toBeInstanceOf(Error);
  });

  it("keep the library's classes, also when connecting fails", () => {
    const { error } = failureOf(() => connect({ database: "refused" }));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({
      code: "STRATA_CONNECTION_REFUSED",
      sqlState: "28000",
      outcome: "not_sent",
    });
    const many = failureOf(() => connect({ database: "unreachable" })).error;
    expect(many).toBeInstanceOf(AggregateError);
    expect(many).toMatchObject({ errors: [{ code: "ECONNREFUSED" }] });
  });
});

describe("time limits", () => {
  it("cancel a statement that runs too long, and leave the connection usable", () => {
    const connection = connect();
    const { error, tookMs } = failureOf(() =>
      connection.execute(statement("sleep 3000"), [], { timeoutMs: 150 }),
    );
    expect(error).toBeInstanceOf(QueryTimeoutError);
    expect(error).toMatchObject({
      outcome: "rejected",
      operation: "execute",
      cause: { message: "classified" },
    });
    expect(tookMs).toBeGreaterThanOrEqual(140);
    expect(tookMs).toBeLessThan(150 + 250);
    expect(connection.usable).toBe(true);
    expect(connection.execute(statement("cancels"), [], limits)).toMatchObject({ rows: [[1]] });
  });

  it("answer in time when the server never does, and give the connection up", () => {
    const connection = connect();
    const { error, tookMs } = failureOf(() => connection.execute(statement("hang"), [], { timeoutMs: 100 }));
    expect(error).toBeInstanceOf(QueryTimeoutError);
    expect(error).toMatchObject({ outcome: "unknown" });
    expect(tookMs).toBeLessThan(100 + 250);
    expect(connection.usable).toBe(false);
    expect(failureOf(() => connection.ping(limits)).error).toMatchObject({ code: "STRATA_CLOSED" });
  });

  it("answer in time while the worker is stuck", () => {
    const connection = connect();
    const { error, tookMs } = failureOf(() =>
      connection.execute(statement("busy 5000"), [], { timeoutMs: 200 }),
    );
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ code: "STRATA_CONNECTION", outcome: "unknown" });
    expect(tookMs).toBeLessThan(200 + 250);
    expect(connect().execute(statement("echo"), [1], limits)).toMatchObject({ rows: [[1]] });
  });

  it("send nothing when no time is left", () => {
    const { error } = failureOf(() => connect().execute(statement("echo"), [], { timeoutMs: 0 }));
    expect(error).toMatchObject({ code: "STRATA_QUERY_TIMEOUT", outcome: "not_sent" });
  });

  it("hold for connecting", () => {
    const { error, tookMs } = failureOf(() => connect({ database: "hang", connectTimeoutMs: 700 }));
    expect(error).toBeInstanceOf(ConnectTimeoutError);
    expect(tookMs).toBeLessThan(700 + 250);
  });
});

describe("a worker that ends", () => {
  it.each(["exit", "throw"])("by %s inside a call is noticed at once", (how) => {
    const connection = connect();
    const { error, tookMs } = failureOf(() => connection.execute(statement(how), [], { timeoutMs: 20_000 }));
    expect(error).toBeInstanceOf(ConnectionError);
    expect(error).toMatchObject({ outcome: "unknown", operation: "execute" });
    expect(tookMs).toBeLessThan(1000);
    expect(connection.usable).toBe(false);
    expect(connection.inTransaction).toBe(false);
  });

  it("cannot say so, as when its memory is used up, is noticed by its silence", () => {
    const connection = connect({ stallMs: 400 });
    const { error, tookMs } = failureOf(() =>
      connection.execute(statement("busy 8000"), [], { timeoutMs: 20_000 }),
    );
    expect(error).toBeInstanceOf(ConnectionError);
    expect(tookMs).toBeLessThan(1500);
  });

  it("while connecting is a connection error", () => {
    expect(failureOf(() => connect({ database: "exit" })).error).toMatchObject({ outcome: "not_sent" });
  });

  it("leaves a lost idle connection to be noticed by usable", async () => {
    const connection = connect();
    connection.execute(statement("lose"), [], limits);
    expect(connection.usable).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connection.usable).toBe(false);
  });

  it("is what close and destroy do, twice too", () => {
    const connection = connect();
    connection.close();
    connection.close();
    connection.destroy();
    expect(connection.usable).toBe(false);
    expect(failureOf(() => connection.commit(limits)).error).toMatchObject({ code: "STRATA_CLOSED" });
  });
});

describe("the target", () => {
  const target = {
    database: "db",
    host: "h",
    port: 1,
    user: "u",
    alias: "a",
    connectTimeoutMs: 1,
    options: {},
  };

  it("carries the password that the function answered", () => {
    expect(workerTarget({ ...target, password: () => "now" })).toEqual({ ...target, password: "now" });
  });

  it("refuses a password that has to be awaited", () => {
    const { error } = failureOf(() => workerTarget({ ...target, password: async () => "later" }));
    expect(error).toBeInstanceOf(UnsupportedError);
  });

  it("refuses options that cannot cross", () => {
    const spec = {
      module,
      exportName: "connect",
      target: { ...workerTarget({ ...target, password: () => "" }) },
    };
    const { error } = failureOf(() =>
      connectBlocking(
        { ...spec, target: { ...spec.target, connectTimeoutMs: 5000, options: { check: () => true } } },
        { toDatabaseError: (_error, facts) => new DatabaseError("", facts) },
      ),
    );
    expect(error).toMatchObject({ code: "STRATA_CONFIGURATION" });
  });
});
