import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Database,
  DatabaseManager,
  type DatabaseOptions,
  LockTimeoutError,
  QueryTimeoutError,
  SchemaConflictError,
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

  it("takes overlapping new fields and wider values from many processes, beginning without tables", async () => {
    const saver = "../postgres/fixtures/saver.ts";
    const results = await Promise.all(
      Array.from({ length: processes }, (_, own) => {
        return runFixture(saver, [database.url, String(own), String(saves)]);
      }),
    );
    for (const result of results) expect(result).toEqual({ longestMs: expect.any(Number) });
    expect(Math.max(...results.map((result) => Object(result).longestMs))).toBeLessThan(5_000);

    await using db = open();
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
  }, 120_000);

  it("makes the tables of an entity once, however many save its first record", async () => {
    await using db = open({ pool: { maxSize: 50 } });
    await db.warmup(50);
    await Promise.all(Array.from({ length: 50 }, (_, n) => db.saveEntity("firsts", { n, [`f${n % 5}`]: n })));
    expect(await db.countEntities("firsts")).toBe(50);
    expect(Object.keys((await db.describeEntity("firsts"))?.fields ?? {})).toHaveLength(6);
  }, 60_000);

  it("stores no value of the old kind while a column is changed, nor shows one half-way", async () => {
    await using db = open({ pool: { maxSize: 6 } });
    const kinds: readonly (readonly [unknown, readonly string[]])[] = [
      [true, ["true", "later"]],
      [new Date("2024-02-29T12:34:56.789Z"), ["2024-02-29T12:34:56.789Z", "later"]],
      [1.5e-7, ["1.5e-7", "later"]],
    ];
    for (const [i, [value, texts]] of kinds.entries()) {
      const entity = `changing${i}`;
      await db.saveEntities(
        entity,
        Array.from({ length: 2_000 }, (_, n) => ({ id: `r${n}`, value, n })),
      );
      const saving = storm(4, 2, async (loop, round) => {
        await using own = open({ alias: `writer ${loop}` });
        for (let n = 0; n < 20; n++) await own.saveEntity(entity, { id: `w${loop}-${round}-${n}`, value, n });
      });
      await sleep(500);
      await db.saveEntity(entity, { id: "wide", value: "later" });
      await saving;
      const found = await db.findEntities(entity, { deserialize: true });
      expect(found.length).toBeGreaterThan(2_001);
      for (const record of found) expect(texts).toContain(record.value);
    }
  }, 60_000);

  it("goes on where an attempt to widen a field has been cut off between its two tables", async () => {
    await using db = open();
    await db.saveEntities("halfway", [
      { id: "yes", flag: true },
      { id: "no", flag: false },
    ]);
    // What a process leaves that ends after the first of the two: the column is text, and nobody has been told.
    await database.query("ALTER TABLE halfway ADD COLUMN _strata_0 LONGTEXT CHARACTER SET utf8mb4");
    await database.query("UPDATE halfway SET _strata_0 = IF(flag, 'true', 'false')");
    await database.query("ALTER TABLE halfway DROP COLUMN flag, CHANGE COLUMN _strata_0 flag LONGTEXT");
    await database.query("ALTER TABLE halfway_history ADD COLUMN _strata_1 LONGTEXT");
    await db.saveEntity("halfway", { id: "other", flag: "perhaps" });
    const flags = (await db.findEntities("halfway", { orderBy: "id", deserialize: true })).map(
      ({ flag }) => flag,
    );
    expect(flags).toEqual(["false", "perhaps", "true"]);
    const first = await db.getEntityByVersion("halfway", "no", 1, { deserialize: true });
    expect(first?.flag).toBe("false");
    expect(Object.keys((await db.describeEntity("halfway"))?.fields ?? {})).toEqual(["flag"]);
  });

  it("takes a field of the longest name that there may be, and widens it", async () => {
    await using db = open();
    const field = "f".repeat(63);
    await db.saveEntity("longnames", { id: "a", [field]: true });
    await db.saveEntity("longnames", { id: "b", [field]: "wider" });
    expect((await db.getEntity("longnames", "a", { deserialize: true }))?.[field]).toBe("true");
  });

  it("keeps a field of its own columns' name apart from them", async () => {
    await using db = open();
    await db.saveEntity("own", { id: "a", strata_live: 1, email: "a@x" });
    await db.ensureIndex("own", ["email"], { unique: true });
    await db.saveEntity("own", { id: "b", strata_live: 2, email: "b@x" });
    expect((await db.getEntity("own", "b", { deserialize: true }))?.strata_live).toBe(2);
  });

  describe("while somebody reads for long", () => {
    const entity = "read_for_long";

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
      await storm(2, 5, async (loop, round) => {
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
      expect(savedAfterMs - letGoAt).toBeLessThan(2_500);
      // The server counts whole seconds of waiting for a table, so that is how long others queue behind.
      expect(Math.max(...waits)).toBeLessThan(2_000);
      expect(waits.length).toBeGreaterThan(20);
      expect(tries).toBeGreaterThan(1);
      expect((await db.getEntity(entity, "grown", { deserialize: true }))?.added).toBe("now");
    }, 30_000);

    it("gives up in time when the reader stays, and leaves the tables as they were", async () => {
      await using db = open();
      await db.saveEntity(entity, { id: "a", n: -1 });
      const before = await db.describeEntity(entity);
      const letGo = await read();
      const startedAt = performance.now();
      const failure: unknown = await db
        .saveEntity(entity, { id: "late", never: 1 }, { timeout: 2.5 })
        .catch((error: unknown) => error);
      const tookMs = performance.now() - startedAt;
      expect(failure instanceof LockTimeoutError || failure instanceof QueryTimeoutError).toBe(true);
      expect(tookMs).toBeLessThan(2_800);
      expect(await db.describeEntity(entity)).toEqual(before);
      await letGo();
      await db.saveEntity(entity, { id: "late", never: 1 });
      expect((await db.getEntity(entity, "late", { deserialize: true }))?.never).toBe(1);
    }, 30_000);
  });

  it("waits for another process that changes the same tables, but not for ever", async () => {
    await using db = open();
    await db.saveEntity("locked", { id: "a", n: 1 });
    await using other = await db.connection();
    const lock = "SELECT GET_LOCK(CONCAT('strata:', SHA1(CONCAT(DATABASE(), '.', ?))), 1)";
    expect([...(await other.execute(lock, ["locked"]))]).toEqual([[1]]);
    const startedAt = performance.now();
    const growing = db.transaction((tx) => tx.saveEntity("locked", { id: "a", added: 1 }));
    const failure: unknown = await growing.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LockTimeoutError);
    expect(Object(failure).message).toMatch(/another process was changing the tables of "locked"/);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    // Outside of a transaction it is tried again.
    const patient = db.saveEntity("locked", { id: "a", added: 2 });
    await sleep(300);
    await other.execute("SELECT RELEASE_ALL_LOCKS()");
    expect((await patient).version).toBe(2);
  }, 30_000);

  describe("inside a transaction, which a change of the schema would commit", () => {
    let db: Database;
    let allowing: Database;
    let entities = 0;
    const fresh = async () => {
      const entity = `inside${++entities}`;
      await db.saveEntity(entity, { id: "a", n: 1 });
      return entity;
    };
    beforeAll(() => {
      db = open();
      allowing = open({ allowImplicitCommit: true, alias: "allowing" });
    });
    afterAll(async () => {
      await db.close();
      await allowing.close();
    });
    class Refusal extends Error {}
    const ids = async (entity: string) =>
      (await db.findEntities(entity, { orderBy: "id" })).map(({ id }) => id);

    it("is made beforehand where the transaction has not used the entity, and the rest rolls back", async () => {
      const [one, other] = [await fresh(), await fresh()];
      await expect(
        db.transaction(async (tx) => {
          await tx.saveEntity(one, { id: "b", n: 2 });
          await tx.saveEntity(other, { id: "b", added: "x" });
          await tx.saveEntity(`new_${other}`, { id: "c" });
          throw new Refusal();
        }),
      ).rejects.toThrow(Refusal);
      expect(await ids(one)).toEqual(["a"]);
      expect(await ids(other)).toEqual(["a"]);
      expect(Object.keys((await db.describeEntity(other))?.fields ?? {})).toEqual(["added", "n"]);
    });

    it("is refused where it has, and the transaction goes on", async () => {
      const entity = await fresh();
      await db.transaction(async (tx) => {
        await tx.saveEntity(entity, { id: "b", n: 2 });
        const error: unknown = await tx.saveEntity(entity, { id: "c", added: 1 }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(SchemaConflictError);
        expect(Object(error).message).toMatch(/before the transaction/);
        await tx.saveEntity(entity, { id: "d", n: 3 });
      });
      expect(await ids(entity)).toEqual(["a", "b", "d"]);
    });

    it("is refused for an index too", async () => {
      const entity = await fresh();
      await db.transaction(async (tx) => {
        await tx.getEntity(entity, "a");
        await expect(tx.ensureIndex(entity, ["n"])).rejects.toBeInstanceOf(SchemaConflictError);
      });
      await db.transaction(async (tx) => {
        expect(await tx.ensureIndex(entity, ["n"])).toBe(true);
        await tx.saveEntity(entity, { id: "b", n: 2 });
      });
      expect((await db.describeEntity(entity))?.indexes).toHaveLength(1);
    });

    it("ends soon where the transaction has read the table by SQL of its own, and says what to do", async () => {
      const entity = await fresh();
      const startedAt = performance.now();
      await db.transaction(async (tx) => {
        await tx.execute(`SELECT COUNT(*) FROM [${entity}]`);
        const error: unknown = await tx.saveEntity(entity, { id: "b", added: 1 }).catch((e: unknown) => e);
        expect(error).toBeInstanceOf(SchemaConflictError);
        expect(Object(error).message).toMatch(/perhaps by this transaction itself/);
        expect(Object(error).cause).toBeInstanceOf(LockTimeoutError);
        await tx.saveEntity(entity, { id: "c", n: 2 });
      });
      expect(performance.now() - startedAt).toBeLessThan(3_000);
      expect(await ids(entity)).toEqual(["a", "c"]);
    });

    it("waits a little where somebody else holds the table, and is made then", async () => {
      const entity = await fresh();
      const tried: unknown[] = [];
      const stopCounting = db.on("query", ({ error }) => {
        if (error instanceof LockTimeoutError) tried.push(error);
      });
      await using reader = await db.connection();
      await reader.beginTransaction();
      await reader.execute(`SELECT COUNT(*) FROM [${entity}]`);
      const saved = db.transaction((tx) => tx.saveEntity(entity, { id: "b", added: 1 }));
      while (tried.length === 0) await sleep(20);
      await reader.rollbackTransaction();
      expect((await saved).version).toBe(1);
      stopCounting();
    });

    it("is refused after a moment where a stream of the transaction's own has read the table", async () => {
      const entity = await fresh();
      await db.transaction(async (tx) => {
        for await (const row of tx.stream(`SELECT * FROM [${entity}]`))
          expect(row).toMatchObject({ id: "a" });
        await expect(tx.saveEntity(entity, { id: "b", added: 1 })).rejects.toBeInstanceOf(
          SchemaConflictError,
        );
      });
    });

    it.each(["saved", "read by SQL"])(
      "commits what was done so far where that is allowed: %s",
      async (how) => {
        const entity = await fresh();
        await expect(
          allowing.transaction(async (tx) => {
            if (how === "saved") await tx.saveEntity(entity, { id: "b", n: 2 });
            else await tx.execute(`UPDATE [${entity}] SET [n] = [n] + 1`);
            await tx.saveEntity(entity, { id: "c", added: 1 });
            throw new Refusal();
          }),
        ).rejects.toThrow(Refusal);
        expect(await ids(entity)).toEqual(how === "saved" ? ["a", "b"] : ["a"]);
        expect((await db.getEntity(entity, "a", { deserialize: true }))?.n).toBe(how === "saved" ? 1 : 2);
        // Nobody is kept waiting by what the transaction had locked.
        await db.saveEntity(entity, { id: "d", more: 1 }, { timeout: 3 });
      },
    );

    it("is refused as SQL of one's own, and the transaction goes on", async () => {
      const entity = await fresh();
      await db
        .transaction(async (tx) => {
          await tx.saveEntity(entity, { id: "b", n: 2 });
          for (const sql of [
            `CREATE TABLE [${entity}_own] ([n] INT)`,
            `TRUNCATE TABLE [${entity}_history]`,
            `/* tidy */ ANALYZE TABLE [${entity}]`,
            "START TRANSACTION",
          ]) {
            const error: unknown = await tx.execute(sql).catch((e: unknown) => e);
            expect(error).toMatchObject({ code: "STRATA_TRANSACTION_STATE", outcome: "not_sent" });
            expect(Object(error).message).toMatch(/would commit the transaction.*allowImplicitCommit/);
          }
          await expect(tx.query(`DROP TABLE [${entity}]`)).rejects.toThrow(/would commit/);
          await expect(tx.queryOne(`DROP TABLE [${entity}]`)).rejects.toThrow(/would commit/);
          await tx.execute("CREATE TEMPORARY TABLE [mine] ([n] INT)");
          await tx.saveEntity(entity, { id: "c", n: 3 });
          throw new Refusal();
        })
        .catch((error: unknown) => expect(error).toBeInstanceOf(Refusal));
      expect(await ids(entity)).toEqual(["a"]);
    });

    it("commits what was done so far as SQL of one's own where that is allowed, and begins again", async () => {
      const entity = await fresh();
      const work = allowing.transaction(async (tx) => {
        await tx.saveEntity(entity, { id: "b", n: 2 });
        await tx.execute(`CREATE TABLE [${entity}_own] ([n] INT)`);
        await tx.saveEntity(entity, { id: "c", n: 3 });
        const nested = tx.transaction((inner) => inner.execute(`DROP TABLE [${entity}_own]`));
        await expect(nested).rejects.toMatchObject({ code: "STRATA_TRANSACTION_STATE" });
        await tx.saveEntity(entity, { id: "d", n: 4 });
        throw new Refusal();
      });
      await expect(work).rejects.toThrow(Refusal);
      expect(await ids(entity)).toEqual(["a", "b"]);
      await using connection = await allowing.connection();
      await connection.beginTransaction();
      await connection.saveEntity(entity, { id: "e", n: 5 });
      await connection.execute(`DROP TABLE [${entity}_own]`);
      await connection.saveEntity(entity, { id: "f", n: 6 });
      await connection.rollbackTransaction();
      expect(await ids(entity)).toEqual(["a", "b", "e"]);
    });

    it("is refused in a nested transaction even then, which could not be rolled back by itself", async () => {
      const entity = await fresh();
      await allowing.transaction(async (tx) => {
        await tx.saveEntity(entity, { id: "b", n: 2 });
        const nested = tx.transaction((inner) => inner.saveEntity(entity, { id: "c", added: 1 }));
        await expect(nested).rejects.toBeInstanceOf(SchemaConflictError);
      });
      expect(await ids(entity)).toEqual(["a", "b"]);
    });

    it("stays a transaction when the change fails after what was done so far has been committed", async () => {
      const entity = await fresh();
      await using reader = await db.connection();
      await reader.beginTransaction();
      await reader.execute(`SELECT COUNT(*) FROM [${entity}]`);
      await expect(
        allowing.transaction(async (tx) => {
          await tx.saveEntity(entity, { id: "b", n: 2 });
          await expect(tx.saveEntity(entity, { id: "c", added: 1 })).rejects.toThrow();
          await tx.saveEntity(entity, { id: "d", n: 4 });
          throw new Refusal();
        }),
      ).rejects.toThrow();
      await reader.rollbackTransaction();
      expect(await ids(entity)).toEqual(["a", "b"]);
    });
  });
});
