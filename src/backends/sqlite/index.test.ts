import { describe, expect, it } from "vitest";
import type { ConnectTarget } from "../../backend/index.ts";
import { ConfigurationError, QueryTimeoutError } from "../../errors/index.ts";
import { sqliteBackend } from "./index.ts";

function target(database: string, options: Readonly<Record<string, unknown>> = {}): ConnectTarget {
  return {
    database,
    host: "",
    port: 0,
    user: undefined,
    password: () => undefined,
    alias: "test",
    connectTimeoutMs: 1_000,
    options: sqliteBackend.parseOptions(options),
  };
}

const limits = { timeoutMs: 1_000 };
const select = { text: "SELECT 1", readOnly: true, reusable: true };

describe("the sqlite backend", () => {
  it("states what SQLite can do", () => {
    expect(sqliteBackend).toMatchObject({ name: "sqlite", aliases: ["sqlite3"], defaultPort: 0 });
    expect(sqliteBackend.capabilities).toEqual({
      blocking: true,
      transactionalDdl: true,
      savepoints: true,
      partialIndexes: true,
      retypesIndexedTables: true,
      isolationLevels: ["serializable"],
      maxParameters: 32_766,
      maxColumns: 2_000,
      statementComments: false,
      concurrentConnections: true,
    });
  });

  it("can bind and hold as many as it says", async () => {
    const { maxParameters, maxColumns } = sqliteBackend.capabilities;
    const db = await sqliteBackend.connect(target(":memory:"));
    const marks = (count: number) => Array.from({ length: count }, () => "?").join();
    const query = (text: string, values: unknown[] = []) =>
      db.execute({ text, readOnly: false, reusable: false }, values, limits);
    const values = Array.from({ length: maxParameters }, () => 1n);
    expect((await query(`SELECT 1 WHERE 1 IN (${marks(maxParameters)})`, values)).rowCount).toBe(1);
    expect(() => query(`SELECT 1 WHERE 1 IN (${marks(maxParameters + 1)})`, [...values, 1n])).toThrow();
    const columns = Array.from({ length: maxColumns }, (_, i) => `c${i}`);
    await query(`CREATE TABLE wide (${columns})`);
    expect(() => query(`CREATE TABLE wider (${columns}, one_more)`)).toThrow("too many columns");
    await db.close();
  });

  it("knows that only one connection sees a database in memory", () => {
    expect(sqliteBackend.capabilitiesFor(target(":memory:")).concurrentConnections).toBe(false);
    expect(sqliteBackend.capabilitiesFor(target("")).concurrentConnections).toBe(false);
    expect(sqliteBackend.capabilitiesFor(target("a.db")).concurrentConnections).toBe(true);
  });

  it("answers plainly on both faces", () => {
    const connections = [
      sqliteBackend.connect(target(":memory:")),
      sqliteBackend.connectSync?.(target(":memory:")),
    ];
    for (const db of connections) {
      if (db === undefined || "then" in db) throw new Error("expected a plain connection");
      expect(db.execute(select, [], limits)).toMatchObject({ rows: [[1]] });
      db.close();
    }
  });

  it("ends a statement that runs away on an isolated connection, also for a caller who blocks", () => {
    const isolated = target(":memory:", { isolation: "process" });
    const runaway =
      "WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 2000000000) SELECT count(*) FROM c";
    const db = sqliteBackend.connectSync?.(isolated);
    const started = performance.now();
    const statement = { text: runaway, readOnly: true, reusable: false };
    expect(() => db?.execute(statement, [], { timeoutMs: 400 })).toThrow(QueryTimeoutError);
    expect(performance.now() - started).toBeLessThan(1_500);
    db?.destroy();
  });

  it("refuses options that it does not know", () => {
    expect(() => sqliteBackend.parseOptions({ wal: true })).toThrow(ConfigurationError);
  });
});
