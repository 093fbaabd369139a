import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../../src/index.ts";
import { nameOf } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure, quantile } from "../harness/measure.ts";
import { FaultProxy } from "../harness/proxy.ts";
import { Stalls } from "../harness/stalls.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase, through } from "../harness/targets.ts";

describe.each(serverBackends)("more callers than can be served, on %s", (backend) => {
  const reason = missing(backend);
  const work = backend === "postgres" ? "SELECT pg_sleep(0.01)" : "SELECT SLEEP(0.01)";
  let database: FaultDatabase;
  let proxy: FaultProxy;
  const opened: Database[] = [];
  const stalls = new Stalls();

  beforeAll(async () => {
    if (reason !== undefined) return;
    database = await sharedDatabase(backend);
    proxy = await FaultProxy.start(Number(new URL(database.url).port));
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    for (const db of opened) await db.close({ timeout: 1 });
    await proxy.close();
    await database.drop();
  });

  function connect(
    alias: string,
    options: Readonly<Record<string, unknown>> = {},
    url = database.url,
  ): Database {
    const db = DatabaseManager.connect(url, { alias, pool: { maxSize: 10 }, ...options });
    opened.push(db);
    return db;
  }

  interface Answer {
    readonly caller: number;
    readonly said: string;
    readonly ms: number;
    readonly endedAt: number;
    /** Milliseconds in which nothing of the process ran meanwhile. */
    readonly stalledMs: number;
  }

  /** Callers who were refused although one who came later had been served while they still had time. */
  function countOvertaken(answers: readonly Answer[], timeoutMs: number): number {
    let servedAt = Number.POSITIVE_INFINITY;
    let overtaken = 0;
    for (const { said, endedAt, ms } of answers.toReversed()) {
      if (said === "ok") servedAt = Math.min(servedAt, endedAt);
      else if (servedAt < endedAt - ms + timeoutMs) overtaken += 1;
    }
    return overtaken;
  }

  function ended(caller: number, said: string, begin: number): Answer {
    const endedAt = performance.now();
    return { caller, said, ms: endedAt - begin, endedAt, stalledMs: stalls.since(begin) };
  }

  async function call(db: Database, caller: number, sql: string, timeout: number): Promise<Answer> {
    const begin = performance.now();
    try {
      await db.execute(sql, [], { timeout });
      return ended(caller, "ok", begin);
    } catch (error) {
      return ended(caller, nameOf(error), begin);
    }
  }

  function count(answers: readonly Answer[]): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { said } of answers) counts[said] = (counts[said] ?? 0) + 1;
    return counts;
  }

  interface Overload {
    /** Callers served in a second, while others waited. */
    readonly goodput: number;
    /** When the last caller was told, in milliseconds since it came. */
    readonly longestMs: number;
  }

  /** Ten thousand callers of 500 ms at once. */
  async function overload(db: Database, capacity: number, busy: boolean): Promise<Overload> {
    // They come as requests do: many at once, and the event loop has its turns between them.
    const cpu = process.cpuUsage();
    const from = performance.now();
    const calls: Promise<Answer>[] = [];
    while (calls.length < 10_000) {
      for (let i = 0; i < 50; i++) calls.push(call(db, calls.length, work, 0.5));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const burstMs = performance.now() - from;
    const answers = await Promise.all(calls);
    const ms = performance.now() - from;
    const ok = answers.filter(({ said }) => said === "ok");
    const { user, system } = process.cpuUsage(cpu);
    // Until the time of those who came first is over, somebody always waits; after that the queue runs empty.
    const goodput = ok.filter(({ endedAt }) => endedAt < from + 500).length / 0.5;
    const overtaken = countOvertaken(answers, 500);
    measure("37", backend, {
      "capacity/s": capacity,
      "goodput/s": goodput,
      ...count(answers),
      "burst ms": burstMs,
      "cpu ms": (user + system) / 1000,
      "load average": loadavg()[0] ?? 0,
      overtaken,
      "99 % ms": quantile(
        answers.map((answer) => answer.ms),
        0.99,
      ),
      "longest ms": Math.max(...answers.map((answer) => answer.ms)),
      "all ms": ms,
    });
    // Where others use the machine too, only what the process could have done counts: not when it had no processor.
    const withoutProcessorMs = busy ? Math.max(0, ms - (user + system) / 1000) : 0;
    const late = answers.map((answer) => (busy ? answer.ms - answer.stalledMs : answer.ms));
    for (const { said } of answers)
      expect(said).toMatch(
        /^ok$|^(PoolTimeoutError|QueryTimeoutError)\/not_sent$|^QueryTimeoutError\/rejected$/,
      );
    // First come, first served; those who were being served when their time was up may lose.
    expect(overtaken).toBeLessThanOrEqual(20);
    return { goodput, longestMs: Math.max(...late) - withoutProcessorMs };
  }

  it.skipIf(reason !== undefined)("row 37: 10 000 callers, 10 connections, 500 ms", async () => {
    const db = connect("strata overload");
    await db.warmup(10);
    // Code that has not run for a while is slow, and this is not what is measured.
    await Promise.all(Array.from({ length: 5_000 }, (_, i) => call(db, i, work, 0.1)));
    // What can be served: ten callers, each with its next call after its last.
    let served = 0;
    const capacityFrom = performance.now();
    await Promise.all(
      Array.from({ length: 10 }, async () => {
        while (performance.now() - capacityFrom < 1_000) {
          await db.execute(work);
          served += 1;
        }
      }),
    );
    const capacity = (served / (performance.now() - capacityFrom)) * 1000;

    const busy = (loadavg()[0] ?? 0) > 2;
    let best: Overload = { goodput: 0, longestMs: Number.POSITIVE_INFINITY };
    const isEnough = () => best.goodput > 0.9 * capacity && best.longestMs < 500 + marginMs;
    // A pause that somebody else causes costs one round of it; what the library costs shows in each.
    for (let round = 0; round < 3 && !isEnough(); round += 1) {
      const { goodput, longestMs } = await overload(db, capacity, busy);
      best = {
        goodput: Math.max(best.goodput, goodput),
        longestMs: Math.min(best.longestMs, longestMs),
      };
    }
    expect(best.longestMs).toBeLessThan(500 + marginMs);
    if (!busy) expect(best.goodput).toBeGreaterThan(0.9 * capacity);
    // A connection whose last query could not be stopped at once is dropped, and made again when somebody needs it.
    const { inUse, waiting, size } = db.getPoolMetrics();
    expect({ inUse, waiting }).toEqual({ inUse: 0, waiting: 0 });
    expect(size).toBeLessThanOrEqual(10);
    expect((await call(db, 0, "SELECT 1", 1)).said).toBe("ok");
    expect(db.circuit).toBe("closed");
  });

  it.skipIf(reason !== undefined || process.env.FAULTS === "short")("row 12: connect storm", async () => {
    proxy.door = "reset";
    const db = connect(
      "strata storm",
      { circuitBreaker: false, retry: false },
      through(database.url, proxy.port),
    );
    const from = performance.now();
    const before = proxy.arrivals.length;
    let openedAt = Number.POSITIVE_INFINITY;
    let firstOk = Number.POSITIVE_INFINITY;
    const answers: Answer[] = [];
    const callers = Array.from({ length: 1_000 }, async (_, i) => {
      await sleep(i / 10);
      while (firstOk === Number.POSITIVE_INFINITY && performance.now() - from < 15_000) {
        const answer = await call(db, i, "SELECT 1", 1);
        answers.push(answer);
        if (answer.said === "ok") firstOk = Math.min(firstOk, performance.now());
        else await sleep(50);
      }
    });
    await sleep(5_000);
    const connects = proxy.arrivals.length - before;
    openedAt = performance.now();
    proxy.door = "open";
    await Promise.all(callers);
    measure("12", backend, {
      "connects in 5 s": connects,
      calls: answers.length,
      ...count(answers),
      "longest ms": Math.max(...answers.map(({ ms }) => ms)),
      "first success after healing (ms)": firstOk - openedAt,
    });
    expect(connects).toBeLessThan(60);
    expect(Math.max(...answers.map(({ ms }) => ms))).toBeLessThan(1_000 + marginMs);
    // The longest pause between two attempts to connect is one second.
    expect(firstOk - openedAt).toBeLessThan(2_000);
    for (const said of Object.keys(count(answers))) expect(said).toMatch(/^ok$|\/not_sent$/);
  });

  it.skipIf(reason !== undefined || process.env.FAULTS === "short")(
    "row 33: the event loop stalls",
    async () => {
      // One for each caller, and none that is asked first: who waits while everything stands still is out of time by right.
      const db = connect("strata stall", { pool: { maxSize: 12, validateAfterIdle: 60 } });
      await db.warmup(12);
      const answers: Answer[] = [];
      const until = performance.now() + 6_000;
      const callers = Array.from({ length: 10 }, async (_, i) => {
        while (performance.now() < until) {
          answers.push(await call(db, i, "SELECT 1", 0.3));
          await sleep(1);
        }
      });
      let stalls = 0;
      while (performance.now() < until) {
        await sleep(1_000);
        // One more call has just been sent when everything stands still.
        const sent = call(db, -1, "SELECT 2", 0.3);
        const from = performance.now();
        while (performance.now() - from < 800);
        stalls += 1;
        answers.push(await sent);
      }
      await Promise.all(callers);
      measure("33", backend, { stalls, ...count(answers), circuit: db.circuit });
      expect(count(answers)).toEqual({ ok: answers.length });
      expect(db.circuit).toBe("closed");
    },
  );
});
