import { describe, expect, it, onTestFinished } from "vitest";
import { AbortedError, QueryTimeoutError } from "../../src/index.ts";
import { gate, pause, rejection, Scratch } from "./scratch.ts";

/** Runs for far longer than any test. */
const endless =
  "WITH RECURSIVE [numbers]([n]) AS (SELECT 1 UNION ALL SELECT [n] + 1 FROM [numbers] WHERE [n] < 1000000000000) SELECT COUNT(*) FROM [numbers]";

const isolated = { isolation: "process" } as const;
// Margins are tight, and the machine may be busy with other things for a moment.
const timed = { meta: { backend: "sqlite+process/async" }, retry: 2 };

async function measured(
  promise: Promise<unknown>,
): Promise<{ readonly reason: unknown; readonly ms: number }> {
  const startedMs = performance.now();
  const reason = await rejection(promise);
  return { reason, ms: performance.now() - startedMs };
}

/** Counts the turns of the event loop until the test's end. */
function heartbeat(): { readonly beats: number } {
  const heart = { beats: 0 };
  const timer = setInterval(() => heart.beats++, 10);
  onTestFinished(() => clearInterval(timer));
  return heart;
}

describe("a query that runs away, in a process of its own", () => {
  it(
    "is answered in time and really ended: the event loop goes on, and so does the handle",
    timed,
    async () => {
      const scratch = new Scratch();
      const db = scratch.open({ ...isolated, pool: { maxSize: 1, maxOverflow: 0 } });
      await db.saveEntity("things", { id: "a", n: 1 });
      const heart = heartbeat();
      const { reason, ms } = await measured(db.execute(endless, [], { timeout: 0.5 }));
      expect(reason).toBeInstanceOf(QueryTimeoutError);
      expect(reason).toMatchObject({
        code: "STRATA_QUERY_TIMEOUT",
        outcome: "rejected",
        operation: "execute",
      });
      expect(ms).toBeGreaterThan(450);
      expect(ms).toBeLessThan(750);
      expect(heart.beats).toBeGreaterThan(20);
      expect(await db.countEntities("things")).toBe(1);
      await db.saveEntity("things", { id: "a", n: 2 });
      expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
    },
  );

  it("inside a transaction leaves nothing of it, and the file's lock is free", timed, async () => {
    const scratch = new Scratch();
    const db = scratch.open(isolated);
    const other = scratch.open({ alias: "other" });
    await db.saveEntity("things", { id: "a", n: 1 });
    const { reason, ms } = await measured(
      db.transaction(async (tx) => {
        await tx.saveEntity("things", { id: "a", n: 2 });
        await tx.execute(endless, [], { timeout: 0.5 });
      }),
    );
    expect(reason).toBeInstanceOf(QueryTimeoutError);
    expect(reason).toMatchObject({ outcome: "rolled_back" });
    expect(ms).toBeLessThan(1000);
    const startedMs = performance.now();
    await other.saveEntity("things", { id: "b", n: 1 });
    expect(performance.now() - startedMs).toBeLessThan(500);
    expect(await db.getEntity("things", "a", { deserialize: true })).toMatchObject({ n: 1, version: 1 });
  });

  it("dooms its transaction, whatever the callback catches", timed, async () => {
    const db = new Scratch().open(isolated);
    await db.saveEntity("things", { id: "a", n: 1 });
    const swallowing = db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "b", n: 2 });
      await rejection(tx.execute(endless, [], { timeout: 0.2 }));
    });
    expect(await rejection(swallowing)).toMatchObject({ code: "STRATA_TRANSACTION_DOOMED" });
    expect(await db.countEntities("things")).toBe(1);
  });

  it("is stopped by an AbortSignal, and the reason is kept", timed, async () => {
    const db = new Scratch().open(isolated);
    await db.ping();
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("the client hung up")), 100);
    const { reason, ms } = await measured(db.execute(endless, [], { signal: abort.signal }));
    expect(reason).toBeInstanceOf(AbortedError);
    expect(reason).toMatchObject({ code: "STRATA_ABORTED", cause: { message: "the client hung up" } });
    expect(ms).toBeLessThan(350);
    await db.ping();
  });
});

describe("limits and signals", () => {
  const meta = { meta: { backend: "sqlite/async" } };

  it("refuse what was aborted before it began", meta, async () => {
    const db = new Scratch().open();
    await db.saveEntity("things", { id: "a" });
    const signal = AbortSignal.abort(new Error("too late"));
    for (const work of [
      () => db.saveEntity("things", { id: "b" }, { signal }),
      () => db.execute("DELETE FROM [things]", [], { signal }),
      () => db.transaction((tx) => tx.saveEntity("things", { id: "b" }), { signal }),
      () => db.connection({ signal }),
    ]) {
      expect(await rejection(work())).toMatchObject({ code: "STRATA_ABORTED", outcome: "not_sent" });
    }
    expect(await db.countEntities("things")).toBe(1);
  });

  it("hold while a call waits for a connection", meta, async () => {
    const db = new Scratch().open({ pool: { maxSize: 1, maxOverflow: 0 } });
    const held = await db.connection();
    const late = await measured(db.execute("SELECT 1", [], { timeout: 0.1 }));
    expect(late.reason).toMatchObject({ code: "STRATA_POOL_TIMEOUT", outcome: "not_sent" });
    expect(late.ms).toBeLessThan(400);
    const aborted = await measured(db.execute("SELECT 1", [], { signal: AbortSignal.timeout(100) }));
    expect(aborted.reason).toMatchObject({ code: "STRATA_ABORTED", outcome: "not_sent" });
    expect(aborted.ms).toBeLessThan(400);
    expect(db.getPoolMetrics().waiting).toBe(0);
    await held.close();
    await db.ping();
  });

  it("hold while a call waits for the transaction of another", meta, async () => {
    const db = new Scratch().open();
    const [begun, ended] = [gate(), gate()];
    const first = db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "a" });
      begun.open();
      await ended.opened;
    });
    await begun.opened;
    const { reason, ms } = await measured(db.saveEntity("things", { id: "b" }, { timeout: 0.1 }));
    expect(reason).toMatchObject({ code: "STRATA_BUSY", outcome: "not_sent" });
    expect(ms).toBeLessThan(400);
    ended.open();
    await first;
    expect(await db.countEntities("things")).toBe(1);
  });

  it("hold while a call waits for a nested transaction beside it", meta, async () => {
    const db = new Scratch().open();
    await db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "a" });
      const inner = tx.transaction(async (nested) => {
        await pause(300);
        await nested.saveEntity("things", { id: "b" });
      });
      const { reason, ms } = await measured(tx.countEntities("things", { timeout: 0.05 }));
      expect(reason).toMatchObject({ code: "STRATA_QUERY_TIMEOUT", outcome: "not_sent" });
      expect(ms).toBeLessThan(250);
      await inner;
    });
    expect(await db.countEntities("things")).toBe(2);
  });

  it("stop the synchronous face when it waits for a lock", { meta: { backend: "sqlite/sync" } }, () => {
    const scratch = new Scratch();
    const [first, second] = [scratch.openSync(), scratch.openSync()];
    first.saveEntity("things", { id: "a" });
    first.transaction((tx) => {
      tx.saveEntity("things", { id: "b" });
      const startedMs = performance.now();
      expect(() => second.saveEntity("things", { id: "c" }, { timeout: 5 })).toThrow(
        expect.objectContaining({ code: "STRATA_BUSY", outcome: "not_sent" }),
      );
      // It could never come free while the caller is blocked.
      expect(performance.now() - startedMs).toBeLessThan(500);
    });
    expect(second.countEntities("things")).toBe(2);
  });
});
