import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { DriverConnection, NativeStatement } from "../../../backend/index.ts";
import { sqliteBackend } from "../index.ts";
import { openTurns } from "../write-turn.ts";

const limits = { timeoutMs: 5_000 };
const write = (text: string): NativeStatement => ({ text, readOnly: false, reusable: true });
const read = (text: string): NativeStatement => ({ text, readOnly: true, reusable: true });
const runaway =
  "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000000) SELECT count(*) FROM c";

let folder: string;
let path: string;
let opened: DriverConnection[] = [];

async function open(options = {}, database = path, connectTimeoutMs = 10_000): Promise<DriverConnection> {
  const connection = await sqliteBackend.connect({
    database,
    host: "",
    port: 0,
    user: undefined,
    password: () => undefined,
    alias: "test",
    connectTimeoutMs,
    options: sqliteBackend.parseOptions({ isolation: "process", ...options }),
  });
  opened.push(connection);
  return connection;
}

let db: DriverConnection;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "strata-sqlite-process-"));
  path = join(folder, "a.db");
  db = await open();
  await db.execute(write("CREATE TABLE t (id INTEGER PRIMARY KEY, v)"), [], limits);
});
afterEach(async () => {
  for (const connection of opened) await connection.close();
  opened = [];
  rmSync(folder, { recursive: true, force: true });
  expect(openTurns()).toBe(0);
});

function childOf(connection: DriverConnection): ChildProcess {
  const { raw } = connection;
  if (typeof raw === "object" && raw !== null && "pid" in raw && isChild(raw)) return raw;
  throw new Error("expected a child process");
}

function isChild(raw: object): raw is ChildProcess {
  return "kill" in raw && "exitCode" in raw;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A process that has exited but was not waited for is still there in name.
    return !existsSync(`/proc/${pid}/stat`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  for (let i = 0; i < 200 && isAlive(pid); i++) await sleep(10);
  expect(isAlive(pid)).toBe(false);
}

async function failureOf(work: () => unknown): Promise<ReturnType<typeof sqliteBackend.toDatabaseError>> {
  try {
    await work();
  } catch (error) {
    return sqliteBackend.toDatabaseError(error, {});
  }
  throw new Error("expected a failure, got none");
}

/** Whether the file can be written to at once, and is whole. */
async function expectSound(rows: number): Promise<void> {
  const inline = await open({ isolation: "inline" });
  await inline.begin({}, { timeoutMs: 200 });
  expect(await inline.execute(read("SELECT count(*) FROM t"), [], limits)).toMatchObject({ rows: [[rows]] });
  expect(await inline.execute(read("PRAGMA integrity_check"), [], limits)).toMatchObject({ rows: [["ok"]] });
  await inline.commit(limits);
}

describe("an isolated connection", () => {
  it("carries values and failures across exactly", async () => {
    const bytes = new Uint8Array([0, 255]);
    const values = [9007199254740993n, 7n, 1.5, "żółć", bytes, null];
    const marks = values.map(() => "?").join();
    const { rows } = await db.execute(read(`SELECT ${marks}`), values, limits);
    expect(rows).toEqual([[9007199254740993n, 7, 1.5, "żółć", bytes, null]]);
    expect(Buffer.isBuffer(rows[0]?.[4])).toBe(false);
    await db.execute(write("INSERT INTO t VALUES (1, 'a')"), [], limits);
    expect(
      await failureOf(() => db.execute(write("INSERT INTO t VALUES (1, 'b')"), [], limits)),
    ).toMatchObject({
      name: "UniqueViolationError",
      driverCode: "SQLITE_CONSTRAINT_PRIMARYKEY",
      table: "t",
      columns: ["id"],
      outcome: "rejected",
    });
    expect((await failureOf(() => db.execute(read("SELECT ?"), [], limits))).name).toBe("SqlParameterError");
    expect((await failureOf(() => db.execute(read("SELEC"), [], limits))).name).toBe("SqlSyntaxError");
    expect((await failureOf(() => db.begin({ isolation: "read committed" }, limits))).name).toBe(
      "UnsupportedError",
    );
    expect(db.usable).toBe(true);
  });

  it("has transactions, and shares the turn to write with connections in this process", async () => {
    const inline = await open({ isolation: "inline" });
    const insert = write("INSERT INTO t (v) VALUES (1)");
    await db.begin({}, limits);
    expect(db.inTransaction).toBe(true);
    await db.execute(insert, [], limits);
    expect(await failureOf(() => inline.execute(insert, [], { timeoutMs: 30 }))).toMatchObject({
      name: "LockTimeoutError",
      outcome: "not_sent",
    });
    const waiting = inline.begin({}, limits);
    await db.commit(limits);
    expect(db.inTransaction).toBe(false);
    await waiting;
    const next = db.execute(insert, [], limits);
    await inline.rollback(limits);
    await next;
    await db.begin({}, limits);
    await db.execute(insert, [], limits);
    await db.rollback(limits);
    await db.begin({ readOnly: true }, limits);
    expect((await failureOf(() => db.execute(insert, [], limits))).name).toBe("ReadOnlyError");
    await db.commit(limits);
    await expectSound(2);
  });

  it("does what the port asks for besides", async () => {
    const insert = write("INSERT INTO t (v) VALUES (?)");
    const sets = Array.from({ length: 1_201 }, (_, i) => [BigInt(i)]);
    await db.begin({}, limits);
    expect(await db.executeMany(insert, sets, limits)).toBe(1_201);
    await db.commit(limits);
    const cursor = await db.stream(read("SELECT v FROM t ORDER BY id"), [], limits);
    expect(cursor.columns).toEqual(["v"]);
    expect(await cursor.read(1_000)).toHaveLength(1_000);
    expect(await cursor.read(1_000)).toHaveLength(201);
    const early = await db.stream(read("SELECT v FROM t"), [], limits);
    expect(await early.read(1)).toEqual([[0]]);
    await early.close();
    await db.execute(write("PRAGMA foreign_keys = OFF"), [], limits);
    await db.reset();
    expect(await db.execute(read("PRAGMA foreign_keys"), [], limits)).toMatchObject({ rows: [[1]] });
    await db.ping(limits);
    expect(await db.version()).toMatchObject({ serverVersion: expect.stringContaining("SQLite 3.") });
  });

  it("ends in good order, once", async () => {
    const child = childOf(db);
    await db.close();
    await db.close();
    db.destroy();
    expect([child.exitCode, child.signalCode]).toEqual([0, null]);
    expect(db.usable).toBe(false);
    expect(await failureOf(() => db.ping(limits))).toMatchObject({
      name: "ConnectionError",
      outcome: "not_sent",
    });
  });

  it("is given no secrets of the environment, and leaves signals to its parent", async () => {
    const child = childOf(db);
    const environment = `/proc/${child.pid}/environ`;
    if (existsSync(environment)) {
      const names = readFileSync(environment, "utf8")
        .split("\0")
        .map((entry) => entry.split("=")[0]);
      expect(names).not.toContain("PATH");
      expect(names).not.toContain("NODE_OPTIONS");
    }
    child.kill("SIGINT");
    child.kill("SIGTERM");
    await db.ping(limits);
  });
});

describe("a call that runs away", () => {
  it("is ended within its limit, while the event loop goes on", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 10);
    const startedMs = performance.now();
    const error = await failureOf(() => db.execute(read(runaway), [], { timeoutMs: 300 }));
    expect(performance.now() - startedMs).toBeLessThan(550);
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(10);
    expect(error).toMatchObject({ name: "QueryTimeoutError", outcome: "rejected" });
    expect(db.usable).toBe(false);
    expect(isAlive(childOf(db).pid ?? 0)).toBe(false);
    await expectSound(0);
  });

  it("is ended by cancel, which settles when the lock is free", async () => {
    await db.begin({}, limits);
    await db.execute(write("INSERT INTO t (v) VALUES (1)"), [], limits);
    const failure = failureOf(() => db.execute(read(runaway), [], limits));
    await sleep(50);
    await db.cancel();
    expect(db.usable).toBe(false);
    await expectSound(0);
    expect(await failure).toMatchObject({ name: "AbortedError", outcome: "rolled_back" });
    expect(db.inTransaction).toBe(false);
    await db.rollback(limits);
  });

  it("may have been a write that was done", async () => {
    const statement = write(`INSERT INTO t (v) SELECT count(*) FROM (${runaway})`);
    const error = await failureOf(() => db.execute(statement, [], { timeoutMs: 100 }));
    expect(error).toMatchObject({ name: "QueryTimeoutError", outcome: "unknown", retryable: false });
    await expectSound(0);
  });

  it("can be stopped while it waits for its turn, and the connection stays", async () => {
    const inline = await open({ isolation: "inline" });
    await inline.begin({}, limits);
    const failure = failureOf(() => db.begin({}, limits));
    await db.cancel();
    expect(await failure).toMatchObject({ name: "AbortedError", outcome: "not_sent" });
    expect(db.usable).toBe(true);
    await inline.rollback(limits);
    await db.begin({}, limits);
    await db.rollback(limits);
  });

  it("is ended by destroy, which does not wait", async () => {
    const failure = failureOf(() => db.execute(write(runaway), [], limits));
    await sleep(20);
    db.destroy();
    expect(db.usable).toBe(false);
    expect(await failure).toMatchObject({ name: "AbortedError", outcome: "unknown" });
  });

  it("is told from a lock that was not free, which costs no process", async () => {
    const other = await open();
    await other.begin({}, limits);
    // Past the turn, as another program would be.
    const inTheWay = failureOf(() =>
      db.execute(read("INSERT INTO t (v) VALUES (1)"), [], { timeoutMs: 200 }),
    );
    expect(await inTheWay).toMatchObject({ name: "LockTimeoutError", outcome: "rejected" });
    expect(db.usable).toBe(true);
  });
});

describe("a process that is killed", () => {
  it("in a transaction leaves the lock free and the file whole", async () => {
    await db.begin({}, limits);
    await db.execute(write("INSERT INTO t (v) VALUES (1)"), [], limits);
    const child = childOf(db);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect([db.usable, db.inTransaction]).toEqual([false, false]);
    expect(await failureOf(() => db.commit(limits))).toMatchObject({
      name: "ConnectionError",
      outcome: "rolled_back",
    });
    await expectSound(0);
  });

  it.each([
    ["a write", write(runaway), "unknown"],
    ["a read", read(runaway), "rejected"],
  ])("during %s fails that call", async (_, statement, outcome) => {
    const failure = failureOf(() => db.execute(statement, [], limits));
    await sleep(20);
    childOf(db).kill("SIGKILL");
    expect(await failure).toMatchObject({ name: "ConnectionError", code: "STRATA_CONNECTION", outcome });
    await expectSound(0);
  });

  it("while it is idle says nothing until it is used", async () => {
    const child = childOf(db);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(db.usable).toBe(false);
    expect(await failureOf(() => db.ping(limits))).toMatchObject({
      name: "ConnectionError",
      outcome: "not_sent",
    });
  });
});

describe("opening an isolated connection", () => {
  it("fails as opening in this process does", async () => {
    const text = join(folder, "text.db");
    writeFileSync(text, "no database at all ".repeat(500));
    expect((await failureOf(() => open({}, text))).name).toBe("StorageError");
    expect(await failureOf(() => open({}, join(folder, "no", "a.db")))).toMatchObject({
      name: "ConfigurationError",
    });
    expect((await failureOf(() => open({}, "file:a.db"))).name).toBe("ConfigurationError");
    expect((await failureOf(() => open({ readOnly: true }, ":memory:"))).name).toBe("ConfigurationError");
  });

  it("is given up within its limit", async () => {
    expect(await failureOf(() => open({}, path, 1))).toMatchObject({
      name: "ConnectTimeoutError",
      outcome: "not_sent",
    });
  });

  it("works in memory", async () => {
    const memory = await open({}, ":memory:");
    await memory.execute(write("CREATE TABLE t (a)"), [], limits);
    expect(await memory.execute(read("SELECT * FROM t"), [], limits)).toMatchObject({
      columns: ["a"],
      rows: [],
    });
  });
});

describe("the program that owns an isolated connection", () => {
  function program(then: string): ChildProcess {
    const backend = JSON.stringify(new URL("../index.ts", import.meta.url).href);
    const target = { database: path, connectTimeoutMs: 10_000, options: { isolation: "process" } };
    const code = `
      import { sqliteBackend } from ${backend};
      const limits = { timeoutMs: 60_000 };
      const db = await sqliteBackend.connect(${JSON.stringify(target)});
      await db.execute(${JSON.stringify(read("SELECT 1"))}, [], limits);
      process.stdout.write(String(db.raw.pid));
      ${then}`;
    return spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
  }

  async function pidFrom(parent: ChildProcess): Promise<number> {
    if (parent.stdout === null) throw new Error("expected an output");
    const [data] = await once(parent.stdout, "data");
    return Number(String(data));
  }

  it("ends although the connection is idle, and the process with it", async () => {
    const parent = program("");
    const ended = once(parent, "exit");
    const pid = await pidFrom(parent);
    expect(await ended).toEqual([0, null]);
    await untilGone(pid);
  });

  it("stays while a call is under way", async () => {
    const slow =
      "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000000) SELECT count(*) FROM c";
    const parent = program(
      `db.execute(${JSON.stringify(read(slow))}, [], limits).then(() => process.stdout.write("done"));`,
    );
    const output: string[] = [];
    parent.stdout?.on("data", (data) => output.push(String(data)));
    await once(parent, "exit");
    expect(output.join("")).toMatch(/^\d+done$/);
  });

  it("takes the process with it when it is killed", async () => {
    const parent = program("setInterval(() => {}, 1000);");
    const pid = await pidFrom(parent);
    expect(isAlive(pid)).toBe(true);
    parent.kill("SIGKILL");
    await untilGone(pid);
  });
});
