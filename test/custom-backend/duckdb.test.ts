import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ConfigurationError,
  DatabaseFactory,
  DatabaseManager,
  QueryTimeoutError,
  SchemaConflictError,
  SerializationError,
  UnsupportedError,
} from "stratadb";
import { defineConformance } from "stratadb/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { duckdbBackend } from "../../examples/custom-backend/duckdb-backend.ts";

DatabaseFactory.register(duckdbBackend);

const meta = { meta: { backend: "duckdb/async" } };
const caseTest = Object.assign((name: string, body: () => Promise<void>) => it(name, meta, body), {
  skip: (name: string, body: () => Promise<void>) => it.skip(name, body),
});

function temporaryFile() {
  const folder = mkdtempSync(join(tmpdir(), "strata-duckdb-"));
  return {
    database: join(folder, "test.duckdb"),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

defineConformance(
  { describe, it: caseTest, beforeAll, afterAll },
  {
    backend: duckdbBackend,
    prepare() {
      const { database, remove } = temporaryFile();
      return {
        open: (_face, options) => DatabaseManager.connect("duckdb", { database, ...options }),
        dispose: remove,
      };
    },
  },
);

describe("the example", () => {
  const source = readFileSync("examples/custom-backend/duckdb-backend.ts", "utf8");

  it("is one file of 250 lines at most", () => {
    expect(source.trimEnd().split("\n").length).toBeLessThanOrEqual(250);
  });

  it("imports the public package and its driver, and nothing else", () => {
    const imported = Array.from(source.matchAll(/\bfrom "([^"]*)"|\bimport\(/g), ([, name]) => name);
    expect(imported).toEqual(["@duckdb/node-api", "@duckdb/node-api/package.json", "stratadb"]);
  });
});

describe("DuckDB", () => {
  const file = temporaryFile();
  const db = DatabaseManager.connect("duckdb", { database: file.database });
  afterAll(async () => {
    await db.close();
    file.remove();
  });

  it("is refused options and the synchronous face", () => {
    expect(() => DatabaseManager.connect("duckdb", { database: "a", threads: 2 })).toThrow(
      'the backend "duckdb" takes no options, got "threads"',
    );
    expect(() => DatabaseManager.connect("duckdb", { database: "a", threads: 2 })).toThrow(
      ConfigurationError,
    );
    expect(() => DatabaseManager.connectSync("duckdb", { database: "a" })).toThrow(UnsupportedError);
  });

  it("is known by its version", async () => {
    const { serverVersion, driver } = await db.getVersionDetails();
    expect(serverVersion).toMatch(/^DuckDB v\d+\.\d+/);
    expect(driver).toMatch(/^@duckdb\/node-api \d+\.\d+/);
  });

  it("stops a query that is out of time, and goes on with the connection", async () => {
    await using connection = await db.connection();
    const endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000) AS b";
    const startedMs = performance.now();
    await expect(connection.execute(endless, [], { timeout: 0.2 })).rejects.toThrow(QueryTimeoutError);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(await connection.queryOne("SELECT 1 AS one")).toEqual({ one: 1 });
  });

  it("streams, also in part", async () => {
    const numbers = db.stream<{ n: number }>("SELECT range AS n FROM range(?)", [5_000]);
    let sum = 0;
    for await (const { n } of numbers) sum += n;
    expect(sum).toBe((5_000 * 4_999) / 2);
    for await (const { n } of db.stream<{ n: number }>("SELECT range AS n FROM range(1000000000)")) {
      if (n === 3) break;
    }
    expect(await db.queryOne("SELECT 2 AS two")).toEqual({ two: 2 });
  });

  it("opens a file again after a result that was left half read", async () => {
    const again = temporaryFile();
    for (let round = 0; round < 3; round++) {
      await using opened = DatabaseManager.connect("duckdb", { database: again.database });
      for await (const _row of opened.stream("SELECT * FROM range(1000000000)")) break;
      expect(await opened.queryOne("SELECT 3 AS three")).toEqual({ three: 3 });
    }
    again.remove();
  });

  it("makes versions without a gap from saves that run at once, and does not lose one", async () => {
    await db.saveEntity("counters", { id: "a", n: 0 });
    const saves = Array.from({ length: 40 }, (_, n) => db.saveEntity("counters", { id: "a", n: n + 1 }));
    const versions = (await Promise.all(saves)).map(({ version }) => version);
    expect(versions.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i + 2));
    const history = await db.getEntityHistory("counters", "a", { deserialize: true });
    expect(history.map(({ version }) => version)).toEqual(Array.from({ length: 41 }, (_, i) => i + 1));
  });

  it("reports a conflict of two transactions as one that can be run again", async () => {
    await db.saveEntity("counters", { id: "b", n: 0 });
    let runs = 0;
    const increment = db.transaction(
      async (tx) => {
        runs += 1;
        const read = await tx.getEntity("counters", "b", { deserialize: true });
        if (runs === 1) {
          await db.outsideTransaction(() => db.saveEntity("counters", { id: "b", n: 10 }));
          const error = await tx.saveEntity("counters", { id: "b", n: 1 }).catch((reason: unknown) => reason);
          expect(error).toBeInstanceOf(SerializationError);
          throw error;
        }
        await tx.saveEntity("counters", { id: "b", n: Number(read?.n) + 1 });
      },
      { retries: 2 },
    );
    await increment;
    expect((await db.getEntity("counters", "b", { deserialize: true }))?.n).toBe(11);
    expect(runs).toBe(2);
  });

  it("says what cannot be done while a table has indexes, and how it can", async () => {
    await db.saveEntity("users", { id: "a", code: 1 });
    await db.ensureIndex("users", ["code"]);
    const widening = db.saveEntity("users", { id: "b", code: "two" });
    await expect(widening).rejects.toThrow(SchemaConflictError);
    await expect(widening).rejects.toThrow("DROP INDEX");
    const [index] = (await db.describeEntity("users"))?.indexes ?? [];
    await db.execute(`DROP INDEX [${index?.name}]`);
    await db.saveEntity("users", { id: "b", code: "two" });
    expect(await db.ensureIndex("users", ["code"])).toBe(true);
  });

  it("widens numbers to the text that JavaScript prints", async () => {
    const numbers = [0.5, 1e21, 1.5e300, 123456789012345680000, 1e-7, 0.00001, -2.5, 2 ** 53];
    const records = numbers.map((n, i) => ({ id: `n${i}`, n }));
    await db.saveEntities("numbers", [{ id: "first", n: 0.25 }, ...records]);
    await db.saveEntity("numbers", { id: "last", n: "text" });
    const read = await db.findEntities("numbers", {
      where: "[id] LIKE 'n%'",
      orderBy: "id",
      deserialize: true,
    });
    expect(read.map(({ n }) => n)).toEqual(numbers.map(String));
  });

  it("keeps what a caller changed of the session from the next one", async () => {
    const memory = DatabaseManager.connect("duckdb", { database: ":memory:" });
    await memory.execute("CREATE TEMP TABLE mine (a INTEGER)");
    await expect(memory.execute("SELECT * FROM mine")).rejects.toThrow("mine");
    await memory.execute("CREATE TABLE ours (a INTEGER)");
    expect(await memory.query("SELECT * FROM ours")).toEqual([]);
    await memory.close();
  });

  it("repeats no value of the caller's in a message", async () => {
    await db.execute("CREATE TABLE [secrets] ([a] VARCHAR PRIMARY KEY, [n] INTEGER)");
    await db.execute("INSERT INTO [secrets] VALUES (?, 1)", ["canary"]);
    for (const sql of ["INSERT INTO [secrets] VALUES (?, 1)", "SELECT CAST(? AS INTEGER)"]) {
      const error = await db.execute(sql, ["canary"]).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(JSON.stringify(error)).not.toContain("canary");
    }
  });
});
