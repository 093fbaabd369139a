import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CommitOutcomeUnknownError, type Database, DatabaseManager } from "../../../src/index.ts";
import { canary, errorNote } from "../harness/error-note.ts";
import { measure } from "../harness/measure.ts";
import { asksToCommit, FaultProxy, forward, type Script } from "../harness/proxy.ts";
import { makeLedger } from "../harness/run-load.ts";
import { checkRest } from "../harness/sessions.ts";
import { type FaultDatabase, missing, serverBackends, sharedDatabase, through } from "../harness/targets.ts";

const timeout = 3;

/** Hands COMMIT on, and cuts the first connection that brings its answer. */
function cutAnswer(): Script {
  const committing = new Set<number>();
  let done = false;
  return (packet) => {
    if (asksToCommit(packet) && !done) committing.add(packet.connection);
    if (packet.from !== "server" || !committing.has(packet.connection) || done) return forward;
    done = true;
    return { does: "cut" };
  };
}

/** Loses COMMIT, and resets the connection. */
function dropCommit(): Script {
  let done = false;
  return (packet) => {
    if (!asksToCommit(packet) || done) return forward;
    done = true;
    return { does: "reset" };
  };
}

/** Hands on the one packet that holds `mark`, and cuts its answer: a write that commits by itself. */
function cutAnswerTo(mark: string): Script {
  let connection = 0;
  let done = false;
  return (packet) => {
    if (packet.from === "client" && packet.data.includes(mark)) connection = packet.connection;
    if (packet.from !== "server" || packet.connection !== connection || done) return forward;
    done = true;
    return { does: "cut" };
  };
}

describe.each(serverBackends)("the end of a transaction is lost, on %s", (backend) => {
  const reason = missing(backend);
  let database: FaultDatabase;
  let proxy: FaultProxy;
  let db: Database;

  beforeAll(async () => {
    if (reason !== undefined) return;
    database = await sharedDatabase(backend);
    await makeLedger(database);
    await database.query("CREATE TABLE plain_rows (tag VARCHAR(60), n INTEGER)");
    proxy = await FaultProxy.start(Number(new URL(database.url).port));
    db = DatabaseManager.connect(through(database.url, proxy.port), {
      alias: "strata row 08",
      pool: { maxSize: 2 },
      circuitBreaker: false,
    });
    await db.ping();
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    await db.close();
    await proxy.close();
    await database.drop();
  });

  async function count(mark: string): Promise<number> {
    const [row] = await database.query(
      `SELECT (SELECT count(*) FROM ledger_history WHERE mark = '${mark}') + (SELECT count(*) FROM plain_rows WHERE tag = '${mark}')`,
    );
    return Number(row?.[0]);
  }

  async function outcomeOf(call: Promise<unknown>): Promise<{ said: string; error: unknown; ms: number }> {
    const begin = performance.now();
    try {
      await call;
      return { said: "ok", error: undefined, ms: performance.now() - begin };
    } catch (error) {
      const { name, outcome } = errorNote(error, []);
      return { said: `${name}/${outcome}`, error, ms: performance.now() - begin };
    } finally {
      proxy.script = () => forward;
    }
  }

  const writes: readonly {
    readonly name: string;
    run(mark: string): Promise<unknown>;
    readonly whole: number;
  }[] = [
    {
      name: "transaction of records",
      run: (mark) =>
        db.transaction(
          async (tx) => {
            await tx.saveEntity("ledger", { id: `${mark}-a`, mark, secret: canary }, { timeout });
            await tx.saveEntity("ledger", { id: `${mark}-b`, mark, secret: canary }, { timeout });
          },
          { timeout, retries: 2 },
        ),
      whole: 2,
    },
    {
      name: "transaction of statements",
      run: (mark) =>
        db.transaction((tx) => tx.execute("INSERT INTO [plain_rows] ([tag], [n]) VALUES (?, ?)", [mark, 1]), {
          timeout,
          retries: 2,
        }),
      whole: 1,
    },
    {
      name: "saveEntities",
      run: (mark) =>
        db.saveEntities(
          "ledger",
          ["a", "b", "c"].map((end) => ({ id: `${mark}-${end}`, mark, secret: canary })),
          { timeout },
        ),
      whole: 3,
    },
  ];

  describe("row 08: COMMIT is answered, and the answer is lost", () => {
    for (const { name, run, whole } of writes) {
      it.skipIf(reason !== undefined)(name, async () => {
        const mark = `cut-${name.replaceAll(" ", "-")}`;
        proxy.script = cutAnswer();
        const { said, error, ms } = await outcomeOf(run(mark));
        measure("08", backend, { [name]: said, ms });
        // Once: a lost answer never makes the work happen again.
        expect(await count(mark)).toBe(whole);
        expect(error === undefined || error instanceof CommitOutcomeUnknownError).toBe(true);
        await expect(db.execute("SELECT 1")).resolves.toBeDefined();
      });
    }

    it.skipIf(reason !== undefined)("a write that commits by itself", async () => {
      proxy.script = cutAnswerTo("alone-8");
      const { said, ms } = await outcomeOf(
        db.execute("INSERT INTO [plain_rows] ([tag], [n]) VALUES (?, ?)", ["alone-8", 1], { timeout }),
      );
      measure("08", backend, { "execute alone": said, ms });
      expect(await count("alone-8")).toBe(1);
      expect(said).toBe("ConnectionError/unknown");
    });

    it.skipIf(reason !== undefined)("a record that is saved alone", async () => {
      proxy.script = backend === "postgres" ? cutAnswerTo("single-8") : cutAnswer();
      const { said, error, ms } = await outcomeOf(
        db.saveEntity("ledger", { id: "single-8", mark: "single-8", secret: canary }, { timeout }),
      );
      measure("08", backend, { "saveEntity alone": said, ms });
      expect(await count("single-8")).toBe(1);
      expect(error === undefined || said.endsWith("/unknown")).toBe(true);
    });

    it.skipIf(reason !== undefined)(
      "a record that is saved alone, and then the look at it as well",
      async () => {
        const cut = cutAnswerTo("twice-8");
        let looks = Number.POSITIVE_INFINITY;
        proxy.script = (packet) => {
          const fate = cut(packet);
          if (fate.does === "cut") looks = proxy.arrivals.length + 1;
          // The first connection after the loss finds out what became of it, the next one reads the record.
          return packet.connection === looks + 1 ? { does: "reset" } : fate;
        };
        const { said, ms } = await outcomeOf(
          db.saveEntity("ledger", { id: "twice-8", mark: "twice-8", secret: canary }, { timeout }),
        );
        measure("08", backend, { "saveEntity, the look lost too": said, ms });
        expect(await count("twice-8")).toBe(1);
        // It is stored, so the loss of the look is no reason to save it again.
        if (backend === "postgres") expect(said).toBe("CommitOutcomeUnknownError/unknown");
        else expect(said).toMatch(/^ok$|\/unknown$|\/rolled_back$/);
      },
    );
  });

  describe("row 09: COMMIT is lost before the server", () => {
    for (const { name, run, whole } of writes) {
      it.skipIf(reason !== undefined)(name, async () => {
        const mark = `drop-${name.replaceAll(" ", "-")}`;
        proxy.script = dropCommit();
        const { said, error, ms } = await outcomeOf(run(mark));
        measure("09", backend, { [name]: said, ms });
        const { broken } = await checkRest(database, 2);
        expect(broken).toEqual([]);
        const found = await count(mark);
        // Either it was found out that nothing had happened, and perhaps done again; or it is told that nobody knows.
        if (error === undefined) expect(found).toBe(whole);
        else expect(found).toBe(0);
        if (error !== undefined && said.endsWith("/unknown"))
          expect(error).toBeInstanceOf(CommitOutcomeUnknownError);
      });
    }
  });
});
