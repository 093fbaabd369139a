import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../../src/index.ts";
import { marginMs } from "../harness/checker.ts";
import { errorNote } from "../harness/error-note.ts";
import { measure } from "../harness/measure.ts";
import { delayed, FaultProxy, forward } from "../harness/proxy.ts";
import { chance } from "../harness/seed.ts";
import { serverRest } from "../harness/sessions.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase, through } from "../harness/targets.ts";

const timeout = 0.5;

describe.each(serverBackends)("the network, on %s", (backend) => {
  const reason = missing(backend);
  let database: FaultDatabase;
  let proxy: FaultProxy;
  let db: Database;

  beforeAll(async () => {
    if (reason !== undefined) return;
    database = await sharedDatabase(backend);
    proxy = await FaultProxy.start(Number(new URL(database.url).port));
    db = connect({});
    await db.execute("CREATE TABLE [numbers] ([n] INTEGER, [words] VARCHAR(200))");
    await db.executemany(
      "INSERT INTO [numbers] VALUES (?, ?)",
      Array.from({ length: 5_000 }, (_, n) => [n, "x".repeat(150)]),
    );
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    await db.close({ timeout: 1 });
    await proxy.close();
    await database.drop();
  });

  function connect(options: Readonly<Record<string, unknown>>): Database {
    return DatabaseManager.connect(through(database.url, proxy.port), {
      alias: "strata faults",
      pool: { maxSize: 4 },
      circuitBreaker: false,
      ...options,
    });
  }

  async function timed(call: Promise<unknown>): Promise<{ said: string; ms: number }> {
    const begin = performance.now();
    const said = await call.then(
      () => "ok",
      (error: unknown) => {
        const note = errorNote(error, []);
        return `${note.name}/${note.outcome}`;
      },
    );
    return { said, ms: performance.now() - begin };
  }

  it.skipIf(reason !== undefined)("row 05: black hole on idle connections", async () => {
    await db.warmup(4);
    proxy.silenceAll();
    // The connections look alive. A write is answered in time; reads find a new one in the place that it left.
    const write = await timed(db.execute("INSERT INTO [numbers] VALUES (?, ?)", [-1, "w"], { timeout }));
    const reads = await Promise.all(
      [1, 2, 3].map(() => timed(db.execute("SELECT count(*) FROM [numbers]", [], { timeout }))),
    );
    const again = await timed(db.execute("SELECT 1", [], { timeout: 3 }));
    measure("05", backend, {
      write: write.said,
      "write ms": write.ms,
      reads: reads.map(({ said }) => said).join(" "),
      "longest read ms": Math.max(...reads.map(({ ms }) => ms)),
      "afterwards ms": again.ms,
    });
    for (const { ms } of [write, ...reads]) expect(ms).toBeLessThan(timeout * 1000 + marginMs);
    expect(write.said).toMatch(/^QueryTimeoutError\/unknown$|^ok$/);
    expect(reads.map(({ said }) => said)).toEqual(["ok", "ok", "ok"]);
    expect(again.said).toBe("ok");
    expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
  });

  it.skipIf(reason !== undefined)("row 06: black hole in the middle of a result", async () => {
    let passed = 0;
    const connection = proxy.arrivals.length + 1;
    db.clearIdle();
    proxy.script = ({ connection: number, from, data }) => {
      if (from !== "server" || number < connection) return forward;
      passed += data.length;
      return passed > 100_000 ? { does: "silence", after: 10 } : forward;
    };
    // A result of some 30 MB, so that the server is still at work on it.
    const sql =
      "SELECT a.[n], a.[words], b.[words] FROM [numbers] a, [numbers] b WHERE a.[n] < 2000 AND b.[n] < 50";
    const { said, ms } = await timed(db.execute(sql, [], { timeout }));
    const answeredAt = performance.now();
    proxy.script = () => forward;
    let busy = Number.POSITIVE_INFINITY;
    while (busy > 0 && performance.now() - answeredAt < 3_000) {
      busy = await queriesUnderWay(database);
      if (busy > 0) await sleep(20);
    }
    const goneMs = performance.now() - answeredAt;
    const again = await timed(db.execute("SELECT count(*) FROM [numbers]", [], { timeout: 2 }));
    measure("06", backend, { said, ms, "gone from the server after ms": goneMs, afterwards: again.said });
    expect(ms).toBeLessThan(timeout * 1000 + marginMs);
    expect(said).toMatch(/^QueryTimeoutError/);
    expect(busy).toBe(0);
    expect(goneMs).toBeLessThan(1_000);
    expect(again.said).toBe("ok");
  });

  it.skipIf(reason !== undefined)("row 11: latency of 200 ± 150 ms, and a trickle of 1 kB/s", async () => {
    const random = chance();
    db.clearIdle();
    proxy.script = delayed(50, 350, () => random.next());
    const slow = connect({ alias: "strata faults slow" });
    let largest = 0;
    const watch = setInterval(() => {
      const { size, connecting, closing } = slow.getPoolMetrics();
      largest = Math.max(largest, size + connecting + closing);
    }, 10);
    const calls = await Promise.all(
      Array.from({ length: 20 }, () => timed(slow.execute("SELECT 1", [], { timeout: 4 }))),
    );
    proxy.script = () => ({ does: "forward", bytesPerSecond: 1_000 });
    const trickle = await timed(slow.execute("SELECT [words] FROM [numbers]", [], { timeout }));
    clearInterval(watch);
    proxy.script = () => forward;
    measure("11", backend, {
      ok: calls.filter(({ said }) => said === "ok").length,
      "longest ms": Math.max(...calls.map(({ ms }) => ms)),
      trickle: trickle.said,
      "trickle ms": trickle.ms,
      "most connections": largest,
    });
    await slow.close({ timeout: 1 });
    expect(largest).toBeLessThanOrEqual(4);
    for (const { ms } of calls) expect(ms).toBeLessThan(4_000 + marginMs);
    expect(trickle.ms).toBeLessThan(timeout * 1000 + marginMs);
    expect(calls.filter(({ said }) => said === "ok").length).toBeGreaterThan(10);
  });

  it.skipIf(reason !== undefined)("row 13: the handshake hangs", async () => {
    proxy.door = "silent";
    const connectionCreationTimeout = 0.4;
    const hung = connect({ alias: "strata faults hung", connectionCreationTimeout });
    const calls = await Promise.all(
      Array.from({ length: 20 }, () => timed(hung.execute("SELECT 1", [], { timeout: 1 }))),
    );
    proxy.door = "open";
    const again = await timed(hung.execute("SELECT 1", [], { timeout: 3 }));
    measure("13", backend, {
      answers: [...new Set(calls.map(({ said }) => said))].join(" "),
      "longest ms": Math.max(...calls.map(({ ms }) => ms)),
      afterwards: again.said,
      "afterwards ms": again.ms,
    });
    await hung.close({ timeout: 1 });
    for (const { ms, said } of calls) {
      expect(ms).toBeLessThan(1_000 + marginMs);
      expect(said).toMatch(/\/not_sent$/);
    }
    expect(again.said).toBe("ok");
  });

  it.skipIf(reason !== undefined)("row 13: handshakes hang that began in a short silence", async () => {
    proxy.door = "silent";
    const hung = connect({ alias: "strata faults short silence" });
    const calls = Array.from({ length: 20 }, () => timed(hung.execute("SELECT 1", [], { timeout: 5 })));
    await sleep(300);
    // Those that were let in before still get no answer.
    proxy.door = "open";
    const answers = await Promise.all(calls);
    measure("13", `${backend}, short silence`, {
      answers: [...new Set(answers.map(({ said }) => said))].join(" "),
      "longest ms": Math.max(...answers.map(({ ms }) => ms)),
      connects: proxy.arrivals.length,
    });
    await hung.close({ timeout: 1 });
    for (const { ms, said } of answers) {
      expect(said).toBe("ok");
      // Others are tried after two seconds.
      expect(ms).toBeLessThan(2_000 + 2 * marginMs);
    }
  });
});

async function queriesUnderWay({ backend, query, ...rest }: FaultDatabase): Promise<number> {
  if (backend !== "postgres") {
    const [row] = await query(
      "SELECT count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id() AND command <> 'Sleep'",
    );
    return Number(row?.[0]);
  }
  const { inTransaction } = await serverRest({ backend, query, ...rest });
  return inTransaction;
}
