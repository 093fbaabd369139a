import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../src/index.ts";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing, runFixture } from "./database.ts";

const numbers = "SELECT seq AS n FROM seq_1_to_1000000";

describe.skipIf(missing)("streaming from MariaDB", () => {
  let database: TestDatabase;
  let db: Database;
  let hasSequences = false;
  beforeAll(async () => {
    database = await emptyDatabase();
    db = DatabaseManager.connect(database.url, { pool: { maxSize: 1 } });
    const [version] = await database.query("SELECT VERSION()");
    hasSequences = /mariadb/i.test(String(version?.[0]));
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

  it("reads a million rows in little memory", async ({ skip }) => {
    if (!hasSequences) skip("MySQL has no tables of numbers");
    const rows = 1_000_000;
    const result = await runFixture("fixtures/streamer.ts", [database.url, String(rows)]);
    expect(result).toMatchObject({ count: rows, sum: (rows * (rows + 1)) / 2 });
    expect(Object(result).grownBytes).toBeLessThan(50 * 1024 * 1024);
  }, 120_000);

  it("gives the connection back when the loop is left early, by break or by an error", async ({ skip }) => {
    if (!hasSequences) skip("MySQL has no tables of numbers");
    const abandoned: unknown[] = [];
    const stopCounting = db.on("transactionAbandoned", (payload) => abandoned.push(payload));
    for await (const { n } of db.stream<{ n: number }>(numbers, [], { batchSize: 10 })) {
      if (n === 25) break;
    }
    expect(db.getPoolMetrics().inUse).toBe(0);
    const failing = async () => {
      for await (const { n } of db.stream<{ n: number }>(numbers)) throw new Error(`at ${n}`);
    };
    await expect(failing()).rejects.toThrow("at 1");
    // There is one connection: this would wait for ever if the stream had kept it.
    expect([...(await db.execute("SELECT 1", [], { timeout: 2 }))]).toEqual([[1]]);
    const running = `SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%seq_1_to%' AND id <> CONNECTION_ID()`;
    expect(await database.query(running)).toEqual([]);
    stopCounting();
    expect(abandoned).toEqual([]);
    // Inside a transaction it leaves that as it was.
    await db.execute("CREATE TABLE [streamed] ([n] INT)");
    await db.transaction(async (tx) => {
      await tx.execute("INSERT INTO [streamed] VALUES (1)");
      for await (const { n } of tx.stream<{ n: number }>(numbers, [], { batchSize: 10 })) if (n === 25) break;
      await tx.execute("INSERT INTO [streamed] VALUES (2)");
    });
    expect(await db.execute("SELECT * FROM [streamed]")).toHaveLength(2);
  });

  it("ends a stream whose query fails half-way, and the connection goes on", async ({ skip }) => {
    if (!hasSequences) skip("MySQL has no tables of numbers");
    let last = 0;
    const failing = async () => {
      // The subquery answers two rows where it is to fail.
      const failure = "(SELECT 1 UNION SELECT IF([seq] < 90000, 1, 2))";
      const sql = `SELECT [seq] AS [n], ${failure} AS [one] FROM seq_1_to_100000`;
      for await (const { n } of db.stream<{ n: number }>(sql)) {
        expect(n).toBe(last + 1);
        last = n;
      }
    };
    await expect(failing()).rejects.toMatchObject({ sqlState: "21000", outcome: "rejected" });
    expect(last).toBeGreaterThan(0);
    expect(last).toBeLessThan(90_000);
    expect([...(await db.execute("SELECT 1"))]).toEqual([[1]]);
  });
});
