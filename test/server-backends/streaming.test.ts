import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import type { Database } from "../../src/index.ts";
import { describeOnServers, runFixture } from "./database.ts";

const rows = 1_000_000;

interface Server {
  /** Answers the numbers from 1 to `rows`, with the values that it is given. */
  readonly numbers: readonly [sql: string, values: readonly unknown[]];
  /** The same, with text beside each number. */
  readonly wideNumbers: string;
  /** Answers numbers from 1 on, and fails at one of them. */
  readonly failing: {
    readonly sql: string;
    readonly batchSize?: number;
    readonly sqlState: string;
    /** How many rows come before the failure. */
    readonly least: number;
    readonly most: number;
  };
  /** A row for each other session of this database that still has to do with the stream. */
  readonly open: string;
}

const servers: Readonly<Record<"postgres" | "mysql", Server>> = {
  postgres: {
    numbers: ["SELECT n FROM generate_series(1, CAST(? AS int)) AS n", [rows]],
    wideNumbers:
      "SELECT n, 'row ' || n AS name, md5(n::text) AS hash FROM generate_series(1, CAST(? AS int)) AS n",
    failing: {
      sql: "SELECT n, 10 / (5 - n) AS quotient FROM generate_series(1, 10) AS n",
      batchSize: 2,
      sqlState: "22012",
      least: 4,
      most: 4,
    },
    open: "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()",
  },
  mysql: {
    // MariaDB's tables of numbers: this one has a million rows.
    numbers: [`SELECT seq AS n FROM seq_1_to_${rows}`, []],
    wideNumbers: `SELECT seq AS n, CONCAT('row ', seq) AS name, MD5(seq) AS hash FROM seq_1_to_${rows}`,
    failing: {
      // The subquery answers two rows where it is to fail.
      sql: "SELECT [seq] AS [n], (SELECT 1 UNION SELECT IF([seq] < 90000, 1, 2)) AS [one] FROM seq_1_to_100000",
      sqlState: "21000",
      least: 1,
      most: 89_999,
    },
    open: "SELECT 1 FROM information_schema.processlist WHERE db = DATABASE() AND info LIKE '%seq_1_to%' AND id <> CONNECTION_ID()",
  },
};

describeOnServers("streaming", (place) => {
  const { numbers, wideNumbers, failing, open } = servers[place.backend];
  const [sql, values] = numbers;
  let db: Database;
  let hasNumbers = true;
  beforeAll(async () => {
    db = place.open({ pool: { maxSize: 1 } });
    if (place.backend === "postgres") return;
    const [version] = await place.database.query("SELECT VERSION()");
    hasNumbers = /mariadb/i.test(String(version?.[0]));
  });
  afterAll(() => db.close());
  beforeEach(({ skip }) => skip(!hasNumbers, "MySQL has no tables of numbers"));

  it("reads a million rows in little memory", async () => {
    const streamer = new URL("./fixtures/streamer.ts", import.meta.url);
    const result = await runFixture(streamer, [place.database.url, wideNumbers, JSON.stringify(values)]);
    expect(result).toMatchObject({ count: rows, sum: (rows * (rows + 1)) / 2 });
    expect(Object(result).grownBytes).toBeLessThan(50 * 1024 * 1024);
  }, 120_000);

  it("gives the connection back when the loop is left early, by break or by an error", async () => {
    const abandoned: unknown[] = [];
    const stopCounting = db.on("transactionAbandoned", (payload) => abandoned.push(payload));
    for await (const { n } of db.stream<{ n: number }>(sql, values, { batchSize: 10 })) {
      if (n === 25) break;
    }
    expect(db.getPoolMetrics().inUse).toBe(0);
    const broken = async () => {
      for await (const { n } of db.stream<{ n: number }>(sql, values)) throw new Error(`at ${n}`);
    };
    await expect(broken()).rejects.toThrow("at 1");
    // There is one connection: this would wait for ever if the stream had kept it.
    expect([...(await db.execute("SELECT 1", [], { timeout: 2 }))]).toEqual([[1]]);
    expect(await place.database.query(open)).toEqual([]);
    stopCounting();
    expect(abandoned).toEqual([]);
  });

  it("leaves the transaction that it is a part of as it was", async () => {
    await db.execute("CREATE TABLE [streamed] ([n] INT)");
    await db.transaction(async (tx) => {
      await tx.execute("INSERT INTO [streamed] VALUES (1)");
      for await (const { n } of tx.stream<{ n: number }>(sql, values, { batchSize: 10 })) if (n === 25) break;
      await tx.execute("INSERT INTO [streamed] VALUES (2)");
    });
    expect(await db.execute("SELECT * FROM [streamed]")).toHaveLength(2);
  });

  it("ends a stream whose query fails half-way, and the connection goes on", async () => {
    const { batchSize, sqlState, least, most } = failing;
    const seen: number[] = [];
    const options = batchSize === undefined ? {} : { batchSize };
    const read = async () => {
      for await (const { n } of db.stream<{ n: number }>(failing.sql, [], options)) seen.push(n);
    };
    await expect(read()).rejects.toMatchObject({ sqlState, outcome: "rejected" });
    expect(seen).toEqual(Array.from(seen, (_, i) => i + 1));
    expect(seen.length).toBeGreaterThanOrEqual(least);
    expect(seen.length).toBeLessThanOrEqual(most);
    expect([...(await db.execute("SELECT 1"))]).toEqual([[1]]);
  });
});
