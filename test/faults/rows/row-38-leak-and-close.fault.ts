import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type AsyncConnection, DatabaseManager } from "../../../src/index.ts";
import { answerOf, longest, tally } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { checkRest } from "../harness/sessions.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase } from "../harness/targets.ts";

describe.each(serverBackends)("holders and closing, on %s", (backend) => {
  const reason = missing(backend);
  const slow = backend === "postgres" ? "SELECT pg_sleep(0.5)" : "SELECT SLEEP(0.5)";
  let database: FaultDatabase;

  beforeAll(async () => {
    if (reason === undefined) database = await sharedDatabase(backend);
  });
  afterAll(async () => {
    if (reason === undefined) await database.drop();
  });

  it.skipIf(reason !== undefined)("row 38: a connection that is never given back", async () => {
    const db = DatabaseManager.connect(database.url, {
      alias: "strata leak",
      pool: { maxSize: 2, leakThreshold: 0.3, reclaimLeaks: true },
    });
    const leaks: unknown[] = [];
    db.onPool("leak", (leak) => leaks.push(leak));
    const forgotten: AsyncConnection[] = [await db.connection(), await db.connection()];
    const thrown = await answerOf(
      db.connection(async () => {
        throw new Error("after acquire");
      }),
    );
    const waited = await answerOf(db.execute("SELECT 1", [], { timeout: 3 }));
    const used = await answerOf(forgotten[0]?.execute("SELECT 1") ?? Promise.resolve());
    const closing = await answerOf(db.close({ timeout: 1 }));
    measure("38", backend, {
      reported: leaks.length,
      "throws after acquire": thrown.said,
      "a waiting call": waited.said,
      "after ms": waited.ms,
      "use of the reclaimed": used.said,
      "close ms": closing.ms,
    });
    expect(leaks.length).toBe(2);
    expect(JSON.stringify(leaks)).toContain("row-38-leak-and-close.fault.ts");
    expect(waited.said).toBe("ok");
    expect(used.said).toMatch(/^(ClosedError|ConnectionError)\/not_sent$/);
    expect(closing.ms).toBeLessThan(1_000 + marginMs);
    expect((await checkRest(database, 0)).broken).toEqual([]);
  });

  it.skipIf(reason !== undefined)("row 38: close does not wait for a leak beyond its limit", async () => {
    const db = DatabaseManager.connect(database.url, { alias: "strata leak 2", pool: { maxSize: 2 } });
    await db.connection();
    const closing = await answerOf(db.close({ timeout: 0.5 }));
    expect(closing.said).toBe("ok");
    expect(closing.ms).toBeLessThan(500 + marginMs);
    expect((await checkRest(database, 0)).broken).toEqual([]);
  });

  it.skipIf(reason !== undefined)("row 39: close with 500 calls under way", async () => {
    const handles = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;
    const db = DatabaseManager.connect(database.url, { alias: "strata close", pool: { maxSize: 10 } });
    await db.warmup(10);
    const calls = Array.from({ length: 500 }, () => answerOf(db.execute(slow, [], { timeout: 5 })));
    await sleep(100);
    const closing = await answerOf(db.close({ timeout: 3 }));
    const answers = await Promise.all(calls);
    const late = await answerOf(db.execute("SELECT 1"));
    await sleep(100);
    const left = process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length - handles;
    measure("39", backend, {
      ...tally(answers),
      "longest ms": longest(answers),
      "close ms": closing.ms,
      "sockets left": left,
    });
    expect(tally(answers)).toEqual({ ok: 10, "ClosedError/not_sent": 490 });
    expect(closing.ms).toBeLessThan(1_500);
    expect(late.said).toBe("ClosedError/not_sent");
    expect(left).toBeLessThanOrEqual(0);
    expect((await checkRest(database, 0)).broken).toEqual([]);
  });
});
