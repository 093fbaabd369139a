import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../../src/index.ts";
import { marginMs } from "../harness/checker.ts";
import { canary, errorNote } from "../harness/error-note.ts";
import { measure, short } from "../harness/measure.ts";
import { asksToCommit, type Fate, FaultProxy, forward } from "../harness/proxy.ts";
import { makeLedger } from "../harness/run-load.ts";
import { checkRest } from "../harness/sessions.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase, through } from "../harness/targets.ts";
import { expectNothingBroken } from "../harness/verdict.ts";

const timeout = 3;

/** The ways in which a packet can be the last one: not sent, half sent, sent. */
const ways: readonly { readonly name: string; readonly sent: boolean; fate(data: Buffer): Fate }[] = [
  { name: "before", sent: false, fate: () => ({ does: "reset" }) },
  { name: "within", sent: false, fate: (data) => ({ does: "reset", after: Math.floor(data.length / 2) }) },
  { name: "after", sent: true, fate: (data) => ({ does: "reset", after: data.length }) },
];

describe.each(serverBackends)("row 07: RST at every protocol step, on %s", (backend) => {
  const reason = missing(backend);
  let database: FaultDatabase;
  let proxy: FaultProxy;

  beforeAll(async () => {
    if (reason !== undefined) return;
    database = await sharedDatabase(backend);
    await makeLedger(database);
    await database.query("CREATE TABLE plain_rows (tag VARCHAR(60), n INTEGER)");
    proxy = await FaultProxy.start(Number(new URL(database.url).port));
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    await proxy.close();
    await database.drop();
  });

  /** Begin, insert, insert into the history, commit. */
  function work(db: Database, mark: string): Promise<unknown> {
    return db.transaction(
      async (tx) => {
        await tx.execute("INSERT INTO [plain_rows] ([tag], [n]) VALUES (?, ?)", [mark, 1], { timeout });
        await tx.saveEntity("ledger", { id: mark, mark, secret: canary }, { timeout });
      },
      { timeout },
    );
  }

  async function effects(mark: string): Promise<number> {
    const [row] = await database.query(
      `SELECT (SELECT count(*) FROM ledger_history WHERE mark = '${mark}') + (SELECT count(*) FROM ledger WHERE mark = '${mark}') + (SELECT count(*) FROM plain_rows WHERE tag = '${mark}')`,
    );
    return Number(row?.[0]);
  }

  function connect(): Database {
    return DatabaseManager.connect(through(database.url, proxy.port), {
      alias: "strata row 07",
      pool: { maxSize: 1 },
      connectionAcquisitionTimeout: 2,
    });
  }

  /** How many packets there are, and which of them carries COMMIT, and the answer to it. */
  async function steps(): Promise<{ count: number; commit: number; answer: number }> {
    const found = { count: 0, commit: 0, answer: 0 };
    const first = proxy.arrivals.length + 1;
    proxy.script = (packet) => {
      if (packet.connection !== first) return forward;
      found.count = packet.index;
      if (asksToCommit(packet)) found.commit = packet.index;
      else if (found.commit > 0 && found.answer === 0 && packet.from === "server")
        found.answer = packet.index;
      return forward;
    };
    const db = connect();
    await work(db, "dry-run");
    const { count, commit, answer } = found;
    await db.close();
    expect(await effects("dry-run")).toBe(3);
    expect(commit).toBeGreaterThan(0);
    return { count, commit, answer };
  }

  it.skipIf(reason !== undefined)("each step has its outcome", async () => {
    const { count, commit, answer } = await steps();
    const broken: string[] = [];
    const outcomes: Record<string, number> = {};
    let latestMs = 0;
    for (const way of ways) {
      if (short && way.name === "within") continue;
      for (let step = 1; step <= count; step++) {
        const mark = `${way.name}-${step}`;
        const what = `RST ${way.name} packet ${step} of ${count} (COMMIT is ${commit}, its answer ${answer})`;
        const connection = proxy.arrivals.length + 1;
        proxy.script = (packet) =>
          packet.connection === connection && packet.index === step ? way.fate(packet.data) : forward;
        const db = connect();
        const begin = performance.now();
        const error = await work(db, mark).then(
          () => undefined,
          (thrown: unknown) => errorNote(thrown, [new URL(database.url).password]),
        );
        const ms = performance.now() - begin;
        latestMs = Math.max(latestMs, ms);
        proxy.script = () => forward;
        await db.execute("SELECT 1", [], { timeout: 2 }).catch((thrown: unknown) => {
          broken.push(`P: ${what}: the next call fails: ${String(thrown)}`);
        });
        await db.close();
        broken.push(...(await checkRest(database, 0)).broken.map((words) => `${what}: ${words}`));

        const found = await effects(mark);
        const committing = step > commit || (step === commit && way.name !== "before");
        const place = committing ? (step > answer ? "after" : "commit") : "before";
        const said = error === undefined ? "ok" : `${error.name}/${error.outcome}`;
        outcomes[`${place}: ${said}`] = (outcomes[`${place}: ${said}`] ?? 0) + 1;
        if (ms > timeout * 1000 + marginMs) broken.push(`T: ${what}: ${ms.toFixed(0)} ms`);
        if (found !== 0 && found !== 3)
          broken.push(`A: ${what}: half of it is stored (${found} of 3), ${said}`);
        if (error === undefined) {
          if (found !== 3) broken.push(`A: ${what}: acknowledged, and ${found} of 3 are stored`);
          continue;
        }
        if (!error.typed || error.leaks) broken.push(`E: ${what}: ${JSON.stringify(error)}`);
        if (error.outcome !== "unknown" && found !== 0) broken.push(`A: ${what}: ${said}, and it is stored`);
        // Before COMMIT is sent the server cannot but roll back, so nothing is unknown about the transaction.
        if (!committing && error.outcome === "unknown") {
          broken.push(`E: ${what}: ${said} (${error.message}), expected not_sent or rolled_back`);
        }
        if (committing && error.outcome === "unknown" && error.name !== "CommitOutcomeUnknownError") {
          broken.push(`E: ${what}: ${said} (${error.message}), expected CommitOutcomeUnknownError`);
        }
        if (!committing && found !== 0) broken.push(`A: ${what}: stored without a COMMIT`);
      }
    }
    measure("07", backend, {
      packets: count,
      ...Object.fromEntries(Object.entries(outcomes).map(([said, times]) => [said, `×${times}`])),
      "longest ms": latestMs,
    });
    expectNothingBroken(`row 07 ${backend}`, broken);
  });
});
