import { describe, expect, it } from "vitest";
import { LockTimeoutError, QueryTimeoutError } from "../../src/index.ts";
import { describeOnServers, runFixture, sleep, storm } from "./database.ts";

const processes = 8;
const saves = 40;

interface Server {
  /** Answers how many deadlocks there have been in this database; MySQL counts those of all databases together. */
  readonly deadlocks?: string;
  /** What happens while a column waits for a reader of the table. */
  readonly whileReading: {
    readonly seconds: number;
    /** How long a writer may queue behind the attempts, which MySQL and MariaDB make for whole seconds. */
    readonly queueMs: number;
    readonly calls: number;
    readonly tries: number;
    /** From the end of the reading until the column is there. */
    readonly savedWithinMs: number;
  };
  /** The time of a save that must give up, and how long it then took. */
  readonly givesUp: { readonly timeout: number; readonly withinMs: number };
}

const servers: Readonly<Record<"postgres" | "mysql", Server>> = {
  postgres: {
    deadlocks: "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    whileReading: { seconds: 4, queueMs: 1_000, calls: 50, tries: 2, savedWithinMs: 2_000 },
    givesUp: { timeout: 2, withinMs: 2_300 },
  },
  mysql: {
    whileReading: { seconds: 5, queueMs: 2_000, calls: 20, tries: 1, savedWithinMs: 2_500 },
    givesUp: { timeout: 2.5, withinMs: 2_800 },
  },
};

describeOnServers("schemas that grow while others work", (place) => {
  const { deadlocks, whileReading, givesUp } = servers[place.backend];

  it("takes overlapping new fields and wider values from many processes, beginning without tables", async () => {
    const saver = new URL("./fixtures/saver.ts", import.meta.url);
    const results = await Promise.all(
      Array.from({ length: processes }, (_, own) => {
        return runFixture(saver, [place.database.url, String(own), String(saves)]);
      }),
    );
    for (const result of results) expect(result).toEqual({ longestMs: expect.any(Number) });
    expect(Math.max(...results.map((result) => Object(result).longestMs))).toBeLessThan(5_000);

    await using db = place.open();
    const fields = Object.keys((await db.describeEntity("things"))?.fields ?? {});
    const shared = Array.from({ length: 12 }, (_, i) => `shared${i}`);
    const own = Array.from({ length: processes * 4 }, (_, i) => `own${Math.floor(i / 4)}_${i % 4}`);
    expect(fields.toSorted()).toEqual([...shared, ...own, "wide"].sort());
    const records = await db.findEntities("things", { deserialize: true });
    expect(records).toHaveLength(processes * saves);
    const wide = new Set(["7", "2.5", "seven", String(2n ** 70n), "true"]);
    for (const record of records) {
      const [process_, n] = record.id.slice(1).split("-").map(Number);
      expect(record).toMatchObject({
        version: 1,
        [`shared${(Number(n) + Number(process_)) % 12}`]: n,
        [`own${process_}_${Number(n) % 4}`]: `from ${process_}`,
      });
      // As JavaScript writes the value, whoever saved it while the column was changed under it.
      expect(wide).toContain(record.wide);
    }
    const [history] = await db.execute("SELECT COUNT(*) FROM [things_history]");
    expect(history).toEqual([processes * saves]);
    if (deadlocks !== undefined) expect([...(await db.execute(deadlocks))]).toEqual([[0]]);
  }, 120_000);

  it("makes the tables of an entity once, however many save its first record", async () => {
    await using db = place.open({ pool: { maxSize: 50 } });
    await db.warmup(50);
    await Promise.all(Array.from({ length: 50 }, (_, n) => db.saveEntity("firsts", { n, [`f${n % 5}`]: n })));
    expect(await db.countEntities("firsts")).toBe(50);
    expect(Object.keys((await db.describeEntity("firsts"))?.fields ?? {})).toHaveLength(6);
  }, 60_000);

  it("takes a field of the longest name that there may be, and widens it", async () => {
    await using db = place.open();
    const field = "f".repeat(63);
    await db.saveEntity("longnames", { id: "a", [field]: true });
    await db.saveEntity("longnames", { id: "b", [field]: "wider" });
    expect((await db.getEntity("longnames", "a", { deserialize: true }))?.[field]).toBe("true");
  });

  describe("while somebody reads for long", () => {
    const entity = "read_for_long";

    /** Keeps a lock on the entity's table until the answered function is called. */
    async function read(): Promise<() => Promise<void>> {
      const db = place.open({ alias: "reader" });
      const connection = await db.connection();
      await connection.beginTransaction();
      await connection.execute(`SELECT COUNT(*) FROM [${entity}]`);
      return async () => {
        await connection.rollbackTransaction();
        await connection.close();
        await db.close();
      };
    }

    it("waits for the reader, and lets writers pass meanwhile", async () => {
      await using db = place.open({ pool: { maxSize: 8 } });
      await db.saveEntity(entity, { id: "a", n: 0 });
      const letGo = await read();
      let tries = 0;
      const stopCounting = db.on("query", ({ error }) => {
        if (error instanceof LockTimeoutError) tries += 1;
      });
      let savedAfterMs = Number.NaN;
      const startedAt = performance.now();
      const growing = db.saveEntity(entity, { id: "grown", added: "now" }).then(() => {
        savedAfterMs = performance.now() - startedAt;
      });
      const waits: number[] = [];
      await storm(2, whileReading.seconds, async (loop, round) => {
        const before = performance.now();
        if (loop === 0) await db.saveEntity(entity, { id: "a", n: round + 1 });
        else await db.getEntity(entity, "a");
        waits.push(performance.now() - before);
        await sleep(5);
      });
      expect(savedAfterMs).toBeNaN();
      await letGo();
      const letGoAt = performance.now() - startedAt;
      await growing;
      stopCounting();
      expect(savedAfterMs - letGoAt).toBeLessThan(whileReading.savedWithinMs);
      expect(Math.max(...waits)).toBeLessThan(whileReading.queueMs);
      expect(waits.length).toBeGreaterThan(whileReading.calls);
      expect(tries).toBeGreaterThan(whileReading.tries);
      expect((await db.getEntity(entity, "grown", { deserialize: true }))?.added).toBe("now");
    }, 30_000);

    it("gives up in time when the reader stays, and leaves the tables as they were", async () => {
      await using db = place.open();
      await db.saveEntity(entity, { id: "a", n: -1 });
      const before = await db.describeEntity(entity);
      const letGo = await read();
      const startedAt = performance.now();
      const failure: unknown = await db
        .saveEntity(entity, { id: "late", never: 1 }, { timeout: givesUp.timeout })
        .catch((error: unknown) => error);
      const tookMs = performance.now() - startedAt;
      expect(failure instanceof LockTimeoutError || failure instanceof QueryTimeoutError).toBe(true);
      expect(tookMs).toBeLessThan(givesUp.withinMs);
      expect(tookMs).toBeGreaterThan(1_000);
      expect(await db.describeEntity(entity)).toEqual(before);
      await letGo();
      await db.saveEntity(entity, { id: "late", never: 1 });
      expect((await db.getEntity(entity, "late", { deserialize: true }))?.never).toBe(1);
    }, 30_000);
  });
});
