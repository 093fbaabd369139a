import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../src/index.ts";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing, runFixture } from "./database.ts";

const numbers = "SELECT n FROM generate_series(1, CAST(? AS int)) AS n";

describe.skipIf(missing)("streaming from PostgreSQL", () => {
  let database: TestDatabase;
  let db: Database;
  beforeAll(async () => {
    database = await emptyDatabase();
    db = DatabaseManager.connect(database.url, { pool: { maxSize: 1 } });
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

  it("reads a million rows in little memory", async () => {
    const rows = 1_000_000;
    const result = await runFixture("streamer", [database.url, String(rows)]);
    expect(result).toMatchObject({ count: rows, sum: (rows * (rows + 1)) / 2 });
    expect(Object(result).grownBytes).toBeLessThan(50 * 1024 * 1024);
  }, 60_000);

  it("gives the connection back when the loop is left early, by break or by an error", async () => {
    for await (const { n } of db.stream<{ n: number }>(numbers, [1_000_000], { batchSize: 10 })) {
      if (n === 25) break;
    }
    expect(db.getPoolMetrics().inUse).toBe(0);
    const failing = async () => {
      for await (const { n } of db.stream<{ n: number }>(numbers, [1_000_000])) throw new Error(`at ${n}`);
    };
    await expect(failing()).rejects.toThrow("at 1");
    // There is one connection: this would wait for ever if the stream had kept it.
    expect([...(await db.execute("SELECT 1", [], { timeout: 2 }))]).toEqual([[1]]);
    const open =
      "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL";
    expect([...(await db.execute(`${open} AND pid <> pg_backend_pid()`))]).toEqual([[0]]);
  });

  it("ends a stream whose query fails half-way, and the connection goes on", async () => {
    const seen: number[] = [];
    const failing = async () => {
      const sql = "SELECT 10 / (5 - n) AS n FROM generate_series(1, 10) AS n";
      for await (const { n } of db.stream<{ n: number }>(sql, [], { batchSize: 2 })) seen.push(n);
    };
    await expect(failing()).rejects.toMatchObject({ sqlState: "22012" });
    expect(seen).toEqual([2, 3, 5, 10]);
    expect([...(await db.execute("SELECT 1"))]).toEqual([[1]]);
  });
});
