import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  DatabaseManager,
  type DatabaseOptions,
  LockTimeoutError,
  QueryTimeoutError,
} from "../../src/index.ts";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing, runFixture, storm } from "./database.ts";

const processes = 8;
const saves = 40;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

describe.skipIf(missing)("schemas that grow while others work", () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await emptyDatabase();
  });
  afterAll(() => database.drop());

  const open = (options: Partial<DatabaseOptions> = {}) => DatabaseManager.connect(database.url, options);

  it("takes overlapping new fields from many processes, beginning without tables", async () => {
    const results = await Promise.all(
      Array.from({ length: processes }, (_, own) => {
        return runFixture("saver", [database.url, String(own), String(saves)]);
      }),
    );
    for (const result of results) expect(result).toEqual({ longestMs: expect.any(Number) });
    const longest = Math.max(...results.map((result) => Object(result).longestMs));
    expect(longest).toBeLessThan(5_000);

    await using db = open();
    const fields = Object.keys((await db.describeEntity("things"))?.fields ?? {});
    const shared = Array.from({ length: 12 }, (_, i) => `shared${i}`);
    const own = Array.from({ length: processes * 4 }, (_, i) => `own${Math.floor(i / 4)}_${i % 4}`);
    expect(fields.toSorted()).toEqual([...shared, ...own, "wide"].sort());
    const records = await db.findEntities("things", { deserialize: true });
    expect(records).toHaveLength(processes * saves);
    for (const record of records) {
      const [process_, n] = record.id.slice(1).split("-").map(Number);
      expect(record).toMatchObject({
        version: 1,
        [`shared${(Number(n) + Number(process_)) % 12}`]: n,
        [`own${process_}_${Number(n) % 4}`]: `from ${process_}`,
      });
      expect(record.wide).toBeTypeOf("string");
    }
    const [history] = await db.execute("SELECT COUNT(*) FROM [things_history]");
    expect(Number(history?.[0])).toBe(processes * saves);
    const [deadlocks] = await db.execute(
      "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    );
    expect(deadlocks).toEqual([0]);
  }, 120_000);

  it("makes the tables of an entity once, however many save its first record", async () => {
    await using db = open({ pool: { maxSize: 50 } });
    await db.warmup(50);
    await Promise.all(Array.from({ length: 50 }, (_, n) => db.saveEntity("firsts", { n, [`f${n % 5}`]: n })));
    expect(await db.countEntities("firsts")).toBe(50);
    expect(Object.keys((await db.describeEntity("firsts"))?.fields ?? {})).toHaveLength(6);
  }, 60_000);

  describe("while somebody reads for long", () => {
    const entity = "read";

    /** Keeps a lock on the entity's table until the answered function is called. */
    async function read(): Promise<() => Promise<void>> {
      const db = open({ alias: "reader" });
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
      await using db = open({ pool: { maxSize: 8 } });
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
      await storm(2, 4, async (loop, round) => {
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
      expect(savedAfterMs - letGoAt).toBeLessThan(2_000);
      expect(Math.max(...waits)).toBeLessThan(1_000);
      expect(waits.length).toBeGreaterThan(50);
      expect(tries).toBeGreaterThan(2);
      expect((await db.getEntity(entity, "grown", { deserialize: true }))?.added).toBe("now");
    }, 30_000);

    it("gives up in time when the reader stays, and leaves the tables as they were", async () => {
      await using db = open();
      await db.saveEntity(entity, { id: "a", n: -1 });
      const before = await db.describeEntity(entity);
      const letGo = await read();
      const startedAt = performance.now();
      const failure: unknown = await db
        .saveEntity(entity, { id: "late", never: 1 }, { timeout: 2 })
        .catch((error: unknown) => error);
      const tookMs = performance.now() - startedAt;
      expect(failure instanceof LockTimeoutError || failure instanceof QueryTimeoutError).toBe(true);
      expect(tookMs).toBeLessThan(2_300);
      expect(tookMs).toBeGreaterThan(1_000);
      expect(await db.describeEntity(entity)).toEqual(before);
      await letGo();
      await db.saveEntity(entity, { id: "late", never: 1 });
      expect((await db.getEntity(entity, "late", { deserialize: true }))?.never).toBe(1);
    }, 30_000);
  });
});
