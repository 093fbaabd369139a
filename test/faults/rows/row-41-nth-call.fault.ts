import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mysqlBackend } from "../../../src/backends/mysql/index.ts";
import { postgresBackend } from "../../../src/backends/postgres/index.ts";
import { sqliteBackend } from "../../../src/backends/sqlite/index.ts";
import { parseDatabaseUrl } from "../../../src/config/index.ts";
import { type Database, DatabaseFactory, DatabaseManager, QueryTimeoutError } from "../../../src/index.ts";
import { marginMs } from "../harness/checker.ts";
import { errorNote } from "../harness/error-note.ts";
import { type FaultKind, FaultPlan, faultyBackend } from "../harness/faulty-driver.ts";
import { measure, short } from "../harness/measure.ts";
import { limitOf, makeThings, type PublicOperation, publicOperations } from "../harness/public-operations.ts";
import { checkRest } from "../harness/sessions.ts";
import { Stalls } from "../harness/stalls.ts";
import { type FaultDatabase, missing, sharedDatabase, sqliteDatabase } from "../harness/targets.ts";
import { expectNothingBroken } from "../harness/verdict.ts";

const plans = new Map<string, FaultPlan>();
for (const backend of [postgresBackend, mysqlBackend, sqliteBackend]) {
  DatabaseFactory.register(faultyBackend(backend, plans));
}

const kinds: readonly FaultKind[] = ["lostBefore", "lostAfter", "hang", "late", "rejected"];
const mostCalls = 60;

function kindsFor(backend: string, operation: PublicOperation): readonly FaultKind[] {
  // A file has no connection to lose once a statement has run.
  const possible = backend === "sqlite" ? kinds.filter((kind) => kind !== "lostAfter") : kinds;
  if (!short) return possible;
  // What hangs takes its whole time, so in the short set only the writes of one record do, and a new field, which is
  // the work of many calls, fails in two ways.
  const isLong = /new (field|entity)/.test(operation.name);
  const hangs =
    operation.name.startsWith("transaction") ||
    (operation.name === "saveEntity, changed" && backend !== "sqlite");
  return possible.filter((kind) => {
    if (kind === "late" || (kind === "hang" && !hangs)) return false;
    return !isLong || kind === "lostAfter" || kind === "rejected";
  });
}

/** So that a call that never settles is a finding too, and does not end the run. */
async function withinReason<T>(call: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const never = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error("the call never settled")), 3_000);
  });
  return await Promise.race([call, never]).finally(() => clearTimeout(timer));
}

describe.each(["sqlite", "postgres", "mysql"] as const)("row 41: the n-th call fails, on %s", (backend) => {
  const reason = backend === "sqlite" ? undefined : missing(backend);
  const seen = { runs: 0, ok: 0, failed: 0, unknown: 0, happened: 0, latestMs: -Infinity };
  let database: FaultDatabase;
  let clean: Database;
  let tags = 0;
  const stalls = new Stalls();
  const uncaught: string[] = [];
  const note = (error: unknown) => uncaught.push(String(error));

  function connect(name: string, alias: string): Database {
    const pool = { maxSize: 2 };
    if (backend === "sqlite") return DatabaseManager.connect(name, { database: database.url, alias, pool });
    return DatabaseManager.connect(name, { ...parseDatabaseUrl(database.url).options, alias, pool });
  }

  beforeAll(async () => {
    if (reason !== undefined) return;
    process.on("uncaughtException", note);
    process.on("unhandledRejection", note);
    database = backend === "sqlite" ? sqliteDatabase() : await sharedDatabase(backend);
    clean = connect(backend, "clean");
    await makeThings(clean);
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    await clean.close();
    const rest = await checkRest(database, 0);
    await database.drop();
    process.off("uncaughtException", note);
    process.off("unhandledRejection", note);
    measure("41", backend, seen);
    expect([...uncaught, ...rest.broken]).toEqual([]);
  });

  /** One run: the `at`-th call fails. Answers whether there were so many calls. */
  async function once(
    operation: PublicOperation,
    kind: FaultKind,
    at: number,
    broken: string[],
  ): Promise<boolean> {
    const tag = `t${++tags}x`;
    await operation.prepare?.(clean, tag);
    const plan = new FaultPlan(kind, at);
    plans.set(tag, plan);
    const db = connect(`faulty-${backend}`, tag);
    const begin = performance.now();
    let failure: unknown;
    try {
      await withinReason(operation.run(db, tag));
    } catch (error) {
      failure = error;
    }
    plan.disarm();
    const tookMs = performance.now() - begin - stalls.since(begin);
    const what = `${operation.name}, ${kind} at call ${at} (${plan.hit})`;
    seen.runs += 1;
    checkTime(operation, what, tookMs, broken);
    const phase = checkError(what, failure, broken);
    await checkEffect(operation, what, tag, phase, failure, broken);
    // On a busy machine a little late can be too late.
    const isLate = plan.hit !== undefined && kind === "late" && failure !== undefined;
    if (isLate && !(failure instanceof QueryTimeoutError))
      broken.push(`${what}: an answer that is a little late is an answer, got ${String(failure)}`);
    await checkPool(db, what, broken);
    plans.delete(tag);
    await withinReason(db.close({ timeout: 1 })).catch(() =>
      broken.push(`P: ${what}: the pool does not close`),
    );
    return plan.hit !== undefined;
  }

  function checkTime(operation: PublicOperation, what: string, tookMs: number, broken: string[]): void {
    const limitMs = limitOf(operation);
    seen.latestMs = Math.max(seen.latestMs, tookMs - limitMs);
    if (tookMs > limitMs + marginMs)
      broken.push(`T: ${what}: answered after ${tookMs.toFixed(0)} ms of ${limitMs}`);
  }

  function checkError(what: string, failure: unknown, broken: string[]): "ok" | "fail" | "unknown" {
    if (failure === undefined) return "ok";
    const { typed, leaks, outcome, message, name } = errorNote(failure, []);
    if (!typed) broken.push(`E: ${what}: threw ${name}: ${message}`);
    if (leaks) broken.push(`E: ${what}: shows a secret`);
    return outcome === "unknown" ? "unknown" : "fail";
  }

  async function checkEffect(
    { effects, before, after }: PublicOperation,
    what: string,
    tag: string,
    phase: "ok" | "fail" | "unknown",
    failure: unknown,
    broken: string[],
  ): Promise<void> {
    seen[phase === "fail" ? "failed" : phase] += 1;
    if (effects === undefined) return;
    // A connection that was given up may still have its last statement on the server.
    if (phase !== "ok") await new Promise((resolve) => setTimeout(resolve, 5));
    const found = await effects(database.query, tag);
    const allowed = phase === "ok" ? [after] : phase === "fail" ? [before] : [before, after];
    if (phase === "unknown" && found === after) seen.happened += 1;
    if (allowed.includes(found)) return;
    const note = failure === undefined ? "" : JSON.stringify(errorNote(failure, []));
    broken.push(`A: ${what}: ${phase}, ${found} effects, expected ${allowed.join(" or ")} ${note}`);
  }

  /** P: the pool is at rest, and the next caller is served. */
  async function checkPool(db: Database, what: string, broken: string[]): Promise<void> {
    await db.execute("SELECT 1", [], { timeout: 2 }).catch((error: unknown) => {
      broken.push(`P: ${what}: the next call fails: ${String(error)}`);
    });
    for (let i = 0; i < 40 && db.getPoolMetrics().inUse > 0; i++) await new Promise((r) => setTimeout(r, 5));
    const { inUse, waiting } = db.getPoolMetrics();
    if (inUse + waiting > 0) broken.push(`P: ${what}: ${inUse} in use, ${waiting} waiting`);
  }

  for (const operation of publicOperations) {
    it.skipIf(reason !== undefined)(operation.name, async () => {
      const broken: string[] = [];
      for (const kind of kindsFor(backend, operation)) {
        let more = true;
        for (let at = 1; more && at <= mostCalls; at++) more = await once(operation, kind, at, broken);
        if (more) broken.push(`${operation.name}: more than ${mostCalls} calls`);
      }
      expectNothingBroken(`row 41 ${backend}, ${operation.name}`, broken);
    });
  }
});
