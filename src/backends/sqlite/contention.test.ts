import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { NativeStatement } from "../../backend/index.ts";
import { runSync, start } from "../../operation/index.ts";
import { openInline } from "./connect.ts";
import type { SqliteConnection } from "./driver.ts";
import { toDatabaseError } from "./errors.ts";
import { blockingPauses, TimerPauses } from "./waits.ts";
import { openTurns } from "./write-turn.ts";

const limits = { timeoutMs: 5_000 };
const sql = (text: string): NativeStatement => ({ text, readOnly: false, reusable: true });
const insert = sql("INSERT INTO t (v) VALUES (?)");

let folder: string;
let path: string;
let opened: SqliteConnection[] = [];
let started: ChildProcess[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "strata-sqlite-contention-"));
  path = join(folder, "a.db");
  await (await open()).execute(sql("CREATE TABLE t (id INTEGER PRIMARY KEY, v)"), [], limits);
});
afterEach(async () => {
  for (const connection of opened) connection.destroy();
  for (const child of started) {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  opened = [];
  started = [];
  rmSync(folder, { recursive: true, force: true });
  expect(openTurns()).toBe(0);
});

async function open(options = {}): Promise<SqliteConnection> {
  const target = { database: path, connectTimeoutMs: 2_000, options };
  const connection = await start(openInline(target, new TimerPauses()));
  opened.push(connection);
  return connection;
}

function openSync(options = {}): SqliteConnection {
  const target = { database: path, connectTimeoutMs: 300, options };
  const connection = runSync(openInline(target, blockingPauses));
  opened.push(connection);
  return connection;
}

/** Another program that runs `code` with `db` open on the file, then says so, and ends when it is told to. */
async function otherProgram(code: string): Promise<{ end(): Promise<void> }> {
  const driver = createRequire(import.meta.url).resolve("better-sqlite3");
  const program = `
    const db = new (require(${JSON.stringify(driver)}))(${JSON.stringify(path)});
    ${code}
    process.stdout.write("ready");
    process.stdin.on("data", () => { db.close(); process.exit(); });`;
  const child = spawn(process.execPath, ["-e", program], { stdio: ["pipe", "pipe", "inherit"] });
  started.push(child);
  await once(child.stdout, "data");
  return {
    async end() {
      child.stdin.write("end");
      await once(child, "exit");
    },
  };
}

async function count(db: SqliteConnection): Promise<unknown> {
  return (await db.execute(sql("SELECT count(*) FROM t"), [], limits)).rows[0]?.[0];
}

async function failureOf(work: () => unknown): Promise<ReturnType<typeof toDatabaseError>> {
  try {
    await work();
  } catch (error) {
    return toDatabaseError(error, {});
  }
  throw new Error("expected a failure, got none");
}

/** The longest time that the event loop stood still while `work` was under way. */
async function stallDuring(work: Promise<unknown>): Promise<number> {
  let longestMs = 0;
  let lastMs = performance.now();
  const timer = setInterval(() => {
    longestMs = Math.max(longestMs, performance.now() - lastMs);
    lastMs = performance.now();
  }, 5);
  await work.catch(() => {});
  clearInterval(timer);
  return Math.max(longestMs, performance.now() - lastMs);
}

describe("several connections of one program", () => {
  it("write one after another, in the order in which they asked", async () => {
    const writers = await Promise.all([open(), open(), open(), open()]);
    const [holder, ...waiting] = writers;
    if (holder === undefined) throw new Error("expected a connection");
    expect(holder.begin({}, limits)).toBeUndefined();
    const order: number[] = [];
    const done = waiting.map(async (writer, i) => {
      await (i === 1 ? writer.begin({}, limits) : writer.execute(insert, [BigInt(i)], limits));
      order.push(i);
      if (i === 1) {
        await sleep(5);
        await writer.commit(limits);
      }
    });
    await sleep(5);
    expect(order).toEqual([]);
    expect(await count(holder)).toBe(0);
    holder.commit(limits);
    await Promise.all(done);
    expect(order).toEqual([0, 1, 2]);
    expect(await count(holder)).toBe(2);
  });

  it("read plainly while another writes", async () => {
    const [writer, reader] = [await open(), await open()];
    writer.begin({}, limits);
    expect(reader.execute(sql("SELECT 1"), [], limits)).toMatchObject({ rows: [[1]] });
    expect(reader.begin({ readOnly: true }, limits)).toBeUndefined();
    expect(reader.commit(limits)).toBeUndefined();
    writer.rollback(limits);
  });

  it("never see a busy database, however many write at once", async () => {
    const writers = await Promise.all(Array.from({ length: 8 }, () => open({ synchronous: "off" })));
    const work = writers.map(async (writer, i) => {
      for (let n = 0; n < 25; n++) {
        await writer.begin({}, limits);
        await writer.execute(insert, [BigInt(i)], limits);
        if (n % 5 === 0) await sleep(0);
        await (n % 5 === 4 ? writer.rollback(limits) : writer.commit(limits));
        await writer.execute(insert, [BigInt(i)], limits);
      }
    });
    await Promise.all(work);
    expect(await count(await open())).toBe(8 * 25 * 2 - 8 * 5);
  });

  it("learn within their limit that their turn did not come, and can go on", async () => {
    const [holder, other] = [await open(), await open()];
    holder.begin({}, limits);
    const startedMs = performance.now();
    const error = await failureOf(() => other.execute(insert, [1n], { timeoutMs: 100 }));
    expect(error).toMatchObject({ name: "LockTimeoutError", outcome: "not_sent", retryable: true });
    expect(performance.now() - startedMs).toBeLessThan(350);
    holder.rollback(limits);
    await other.execute(insert, [1n], limits);
    expect(await count(holder)).toBe(1);
  });

  it("can be cancelled or destroyed while they wait", async () => {
    const [holder, cancelled, destroyed] = [await open(), await open(), await open()];
    holder.begin({}, limits);
    const first = failureOf(() => cancelled.execute(insert, [1n], limits));
    const second = failureOf(() => destroyed.begin({}, limits));
    await cancelled.cancel();
    destroyed.destroy();
    expect(await first).toMatchObject({ name: "AbortedError", outcome: "not_sent" });
    expect(await second).toMatchObject({ name: "ClosedError", outcome: "not_sent" });
    expect([cancelled.usable, destroyed.usable]).toEqual([true, false]);
    holder.commit(limits);
    await cancelled.execute(insert, [1n], limits);
  });

  it("that block are refused at once while an asynchronous transaction writes", async () => {
    const [holder, blocking] = [await open(), openSync()];
    holder.begin({}, limits);
    const startedMs = performance.now();
    const error = await failureOf(() => blocking.execute(insert, [1n], { timeoutMs: 3_000 }));
    expect(performance.now() - startedMs).toBeLessThan(250);
    expect(error).toMatchObject({ name: "LockTimeoutError", outcome: "not_sent" });
    expect(error.message).toContain("asynchronous transaction of this thread");
    expect(await count(blocking)).toBe(0);
    holder.commit(limits);
    expect(blocking.execute(insert, [1n], limits)).toMatchObject({ rowCount: 1 });
  });
});

describe("beside another program that writes", () => {
  const holdLock = "db.exec('BEGIN IMMEDIATE'); db.exec('INSERT INTO t (v) VALUES (0)');";

  it.each([
    ["begin", (db: SqliteConnection) => db.begin({}, limits)],
    ["a write", (db: SqliteConnection) => db.execute(insert, [1n], limits)],
    ["a list of writes", (db: SqliteConnection) => db.executeMany(insert, [[1n], [2n]], limits)],
  ])("%s waits until the lock is free, and the event loop goes on", async (_, write) => {
    const db = await open();
    const other = await otherProgram(holdLock);
    const waiting = Promise.resolve(write(db));
    const ended = sleep(250).then(() => other.end());
    const stall = await stallDuring(waiting);
    await Promise.all([waiting, ended]);
    expect(stall).toBeLessThan(200);
    if (db.inTransaction) db.rollback(limits);
  });

  it("a call learns within its limit that the file stayed locked", async () => {
    const db = await open();
    const other = await otherProgram(holdLock);
    const startedMs = performance.now();
    const [begin, write] = [
      await failureOf(() => db.begin({}, { timeoutMs: 100 })),
      await failureOf(() => db.execute(insert, [1n], { timeoutMs: 100 })),
    ];
    expect(performance.now() - startedMs).toBeLessThan(450);
    expect(begin).toMatchObject({ name: "LockTimeoutError", outcome: "not_sent", driverCode: "SQLITE_BUSY" });
    expect(write).toMatchObject({ name: "LockTimeoutError", outcome: "rejected" });
    expect(await count(db)).toBe(0);
    await other.end();
    await db.execute(insert, [1n], limits);
  });

  it("a call that waits can be cancelled", async () => {
    const db = await open();
    await otherProgram(holdLock);
    const waiting = failureOf(() => db.begin({}, limits));
    await sleep(20);
    await db.cancel();
    expect(await waiting).toMatchObject({ name: "AbortedError", outcome: "not_sent" });
    expect(db.inTransaction).toBe(false);
  });

  it("a caller who blocks waits too, and no longer than its limit", async () => {
    const db = openSync();
    await otherProgram(`${holdLock} setTimeout(() => db.exec('COMMIT'), 400);`);
    const startedMs = performance.now();
    expect((await failureOf(() => db.begin({}, { timeoutMs: 60 }))).name).toBe("LockTimeoutError");
    expect(performance.now() - startedMs).toBeLessThan(310);
    expect(db.begin({}, limits)).toBeUndefined();
    expect(await count(db)).toBe(1);
    db.rollback(limits);
  });

  it("opening waits for a file that is locked, and gives up in time", async () => {
    rmSync(path);
    const other = await otherProgram(
      "db.pragma('journal_mode = DELETE'); db.exec('CREATE TABLE t (v)'); db.exec('BEGIN EXCLUSIVE');",
    );
    expect(await failureOf(() => openSync())).toMatchObject({
      name: "LockTimeoutError",
      outcome: "not_sent",
    });
    const opening = open();
    await other.end();
    expect((await opening).usable).toBe(true);
  });

  it("a commit is tried again while a reader is in its way", async () => {
    const mode = { journalMode: "delete" };
    for (const connection of opened) connection.close();
    const db = await open(mode);
    const reader = await otherProgram("db.exec('BEGIN'); db.prepare('SELECT count(*) FROM t').get();");
    db.begin({}, limits);
    await db.execute(insert, [1n], limits);
    expect(await failureOf(() => db.commit({ timeoutMs: 50 }))).toMatchObject({
      name: "LockTimeoutError",
      outcome: "rejected",
    });
    expect(db.inTransaction).toBe(true);
    const committed = db.commit(limits);
    await reader.end();
    await committed;
    expect(await count(db)).toBe(1);
  });

  it("both count up, and nothing is lost", async () => {
    const db = await open({ synchronous: "off" });
    await db.execute(insert, [0n], limits);
    const up = "UPDATE t SET v = v + 1";
    const other = await otherProgram(`
      db.pragma('busy_timeout = 5000');
      db.pragma('synchronous = OFF');
      setImmediate(() => {
        for (let i = 0; i < 300; i++) {
          db.exec('BEGIN IMMEDIATE; ${up}; COMMIT');
          const until = performance.now() + 0.2;
          while (performance.now() < until);
        }
      });`);
    for (let i = 0; i < 300; i++) {
      await db.begin({}, limits);
      await db.execute(sql(up), [], limits);
      await db.commit(limits);
      if (i % 10 === 0) await sleep(0);
    }
    await other.end();
    expect(await db.execute(sql("SELECT v FROM t"), [], limits)).toMatchObject({ rows: [[600]] });
    expect(await db.execute(sql("PRAGMA integrity_check"), [], limits)).toMatchObject({ rows: [["ok"]] });
  });
});
