import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../../src/index.ts";
import { errorNote } from "../harness/error-note.ts";
import { measure, quantile, short } from "../harness/measure.ts";
import { type FaultDatabase, missing, sharedDatabase, sqliteDatabase } from "../harness/targets.ts";

const writers = short ? 200 : 500;
const rounds = short ? 3 : 10;

describe.each(["sqlite", "postgres", "mysql"] as const)("many writers, on %s", (backend) => {
  const reason = backend === "sqlite" ? undefined : missing(backend);
  let database: FaultDatabase;
  let db: Database;

  beforeAll(async () => {
    if (reason !== undefined) return;
    database = backend === "sqlite" ? sqliteDatabase() : await sharedDatabase(backend);
    const options = { pool: { maxSize: 10 }, connectionAcquisitionTimeout: 60, alias: "strata faults" };
    db =
      backend === "sqlite"
        ? DatabaseManager.connect("sqlite", { database: database.url, ...options })
        : DatabaseManager.connect(database.url, options);
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    await db.close();
    await database.drop();
  });

  async function settle<T>(calls: readonly Promise<T>[]) {
    const counts: Record<string, number> = {};
    await Promise.all(
      calls.map((call) =>
        call.then(
          () => {
            counts.ok = (counts.ok ?? 0) + 1;
          },
          (error: unknown) => {
            const { name, outcome } = errorNote(error, []);
            counts[`${name}/${outcome}`] = (counts[`${name}/${outcome}`] ?? 0) + 1;
          },
        ),
      ),
    );
    return counts;
  }

  async function versionsOf(entity: string): Promise<number[]> {
    const rows = await database.query(`SELECT version FROM ${entity}_history ORDER BY id, version`);
    return rows.map(([version]) => Number(version));
  }

  it.skipIf(reason !== undefined)("row 22: hot key: one save a version succeeds", async () => {
    let { version } = await db.saveEntity("hot", { id: "one", by: 0 });
    const begin = performance.now();
    const all: Record<string, number> = {};
    for (let round = 0; round < rounds; round++) {
      const expectedVersion = version;
      const counts = await settle(
        Array.from({ length: writers }, (_, by) =>
          db.saveEntity("hot", { id: "one", by: by + 1 + round * writers }, { expectedVersion }),
        ),
      );
      for (const [said, count] of Object.entries(counts)) all[said] = (all[said] ?? 0) + count;
      version += 1;
      expect(counts.ok).toBe(1);
    }
    measure("22", backend, { writers, rounds, ...all, ms: performance.now() - begin });
    expect(Object.keys(all).sort()).toEqual(["VersionConflictError/rejected", "ok"].sort());
    expect(await versionsOf("hot")).toEqual(Array.from({ length: rounds + 1 }, (_, i) => i + 1));
    expect(await db.getEntity("hot", "one", { deserialize: true })).toMatchObject({ version: rounds + 1 });
  });

  it.skipIf(reason !== undefined || short)("row 21: serialisation storm: no increment is lost", async () => {
    await db.execute("CREATE TABLE [counters] ([id] INTEGER PRIMARY KEY, [n] INTEGER)");
    await db.execute("INSERT INTO [counters] VALUES (1, 0)");
    const attempts: number[] = [];
    const increment = () =>
      db.transaction(
        async (tx) => {
          const [row] = await tx.execute("SELECT [n] FROM [counters] WHERE [id] = 1");
          await tx.execute("UPDATE [counters] SET [n] = ? WHERE [id] = 1", [Number(row?.[0]) + 1]);
          attempts.push(tx.attempt);
        },
        { isolation: "serializable", retries: 30, timeout: 30 },
      );
    const begin = performance.now();
    const counts: Record<string, number> = {};
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        for (let i = 0; i < 10; i++) {
          for (const [said, count] of Object.entries(await settle([increment()])))
            counts[said] = (counts[said] ?? 0) + count;
        }
      }),
    );
    const [row] = await database.query("SELECT n FROM counters");
    measure("21", backend, {
      ...counts,
      "most attempts": Math.max(...attempts),
      ms: performance.now() - begin,
    });
    expect(Number(row?.[0])).toBe(counts.ok);
    expect(counts.ok).toBeGreaterThan(190);
  });

  it.skipIf(reason !== undefined || short)("row 19: deadlock storm: all finish", async () => {
    const ids = Array.from({ length: 10 }, (_, i) => `d${i}`);
    for (const id of ids) await db.saveEntity("pairs", { id, by: "nobody" });
    const attempts: number[] = [];
    const took: number[] = [];
    const counts = await settle(
      Array.from({ length: 50 }, async (_, i) => {
        const begin = performance.now();
        const [first, second] = [ids[i % 10], ids[(i * 7 + 3) % 10]];
        const order = first === second ? [first] : i % 2 === 0 ? [first, second] : [second, first];
        await db.transaction(
          async (tx) => {
            for (const id of order) if (id !== undefined) await tx.saveEntity("pairs", { id, by: `w${i}` });
            attempts.push(tx.attempt);
          },
          { retries: 20, timeout: 60 },
        );
        took.push(performance.now() - begin);
      }),
    );
    measure("19", backend, {
      ...counts,
      "most attempts": Math.max(...attempts),
      "median ms": quantile(took, 0.5),
      "longest ms": Math.max(...took),
    });
    expect(counts).toEqual({ ok: 50 });
    const rows = await database.query("SELECT id, count(*), max(version) FROM pairs_history GROUP BY id");
    for (const [, count, newest] of rows) expect(Number(count)).toBe(Number(newest));
  });
});
