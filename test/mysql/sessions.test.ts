import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DeadlockError, type TransactionHandle } from "../../src/index.ts";
import { describeOnServer, storm } from "../server-backends/database.ts";

/** What of the driver's connection is used here. */
interface Driver {
  query(sql: string): Promise<unknown>;
}

function isDriver(raw: unknown): raw is Driver {
  return typeof raw === "object" && raw !== null && "query" in raw;
}

describeOnServer("the sessions of MySQL and MariaDB", "mysql", (place) => {
  let db: Database;
  beforeAll(() => {
    db = place.open({ alias: "sessions" });
  });
  afterAll(() => db.close());

  /** How many statements all sessions together have prepared now. */
  const prepared = async () => {
    const [row] = await place.database.query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    return Number(row?.[1]);
  };

  it("prepares nothing for good for calls that differ in their tags", async () => {
    await using connection = await db.connection();
    await connection.execute("SELECT ? + 1", [1]);
    await connection.saveEntity("tagged", { id: "a", n: -1 });
    await connection.saveEntity("tagged", { id: "a", n: -2 });
    const before = await prepared();
    for (let n = 0; n < 1000; n++) {
      const tags = { request: `r${n}` };
      const rows = await connection.execute("SELECT ? + 1", [n], { tags });
      expect(rows[0]).toEqual([n + 1]);
      if (n % 10 === 0) await connection.saveEntity("tagged", { id: "a", n }, { tags });
    }
    // Other test files use the same server, so the number may move a little.
    expect(Math.abs((await prepared()) - before)).toBeLessThan(100);
  }, 30_000);

  it("keeps a bounded number of statements, however many texts there are", async () => {
    const most = 20;
    await using small = place.open({
      statementCacheSize: most,
      pool: { maxSize: 1 },
    });
    await small.execute("SELECT 1");
    const before = await prepared();
    for (let n = 0; n < 300; n++) await small.execute(`SELECT ${n} + ?`, [1]);
    // Other test files use the same server, so the number may move a little.
    expect((await prepared()) - before).toBeLessThan(most + 100);
    // What has given way is prepared again when it comes again.
    for (let n = 0; n < 300; n++)
      expect([...(await small.execute(`SELECT ${n} + ?`, [1]))]).toEqual([[n + 1]]);
  }, 30_000);

  it("takes the driver's own connection clean into use again, whatever was done with it", async () => {
    await using one = place.open({ pool: { maxSize: 1 } });
    await one.execute("CREATE TABLE [by_raw] ([n] INT)");
    const session = async () => (await one.execute("SELECT CONNECTION_ID()"))[0]?.[0];
    const before = await session();
    await one.connection(async ({ raw }) => {
      if (!isDriver(raw)) throw new Error("expected the driver's connection");
      await raw.query("SET @left = 7, sql_mode = '', time_zone = '+05:00'");
      await raw.query("CREATE TEMPORARY TABLE left_too (n INT)");
      await raw.query("START TRANSACTION");
      await raw.query("INSERT INTO by_raw VALUES (1)");
    });
    const [row] = await one.execute("SELECT @left, @@time_zone, @@sql_mode LIKE '%STRICT%'");
    expect(row).toEqual([null, "+00:00", 1]);
    await expect(one.execute("SELECT * FROM [left_too]")).rejects.toMatchObject({ sqlState: "42S02" });
    expect(await one.execute("SELECT * FROM [by_raw]")).toHaveLength(0);
    expect(await session()).toBe(before);
  });

  it("sends one statement at a time, and never makes SQL of a value", async () => {
    await db.execute("CREATE TABLE [kept] ([n] INT, [name] LONGTEXT)");
    await db.execute("INSERT INTO [kept] VALUES (?, ?)", [1, "one"]);
    await expect(db.execute("SELECT 1; DELETE FROM `kept`")).rejects.toMatchObject({
      code: "STRATA_SQL_SYNTAX",
    });
    // Drivers that paste values make `name = 1 OR ...` of such an object.
    const forged = { toSqlString: () => "1 OR 1 = 1" };
    for (const value of [forged, { name: 1 }, [["n", 1]]]) {
      await expect(db.execute("DELETE FROM [kept] WHERE [name] = ?", [value])).rejects.toMatchObject({
        code: "STRATA_SQL_PARAMETER",
        outcome: "not_sent",
      });
    }
    expect([...(await db.execute("SELECT * FROM [kept]"))]).toEqual([[1, "one"]]);
  });

  it("answers the numbers that the server gives exactly", async ({ skip }) => {
    const beyond = 2n ** 53n + 1n;
    await db.execute(
      `CREATE TABLE [numbered] ([n] BIGINT AUTO_INCREMENT PRIMARY KEY) AUTO_INCREMENT = ${beyond}`,
    );
    await db.connection(async (connection) => {
      await connection.execute("INSERT INTO [numbered] VALUES ()");
      expect([...(await connection.execute("SELECT LAST_INSERT_ID()"))]).toEqual([[beyond]]);
    });
    const [version] = await db.execute("SELECT VERSION()");
    if (!/mariadb/i.test(String(version?.[0]))) skip("MySQL has no sequences");
    await db.execute("CREATE SEQUENCE [numbers] START 41");
    expect([...(await db.execute("SELECT NEXTVAL([numbers]), NEXTVAL([numbers])"))]).toEqual([[41, 42]]);
    await db.execute(`SELECT SETVAL([numbers], ${beyond})`);
    expect([...(await db.execute("SELECT NEXTVAL([numbers])"))]).toEqual([[beyond + 1n]]);
  });

  it("is strict, in UTC and exact, whatever the server's own settings", async () => {
    const [row] = await db.execute(
      "SELECT @@time_zone, @@sql_mode, @@collation_connection, @@autocommit, @@global.time_zone",
    );
    expect(row?.[0]).toBe("+00:00");
    expect(row?.[1]).toContain("STRICT_TRANS_TABLES");
    expect(String(row?.[1])).not.toMatch(/ANSI_QUOTES|NO_BACKSLASH_ESCAPES/);
    expect(row?.[2]).toMatch(/^utf8mb4_(nopad_bin|0900_bin)$/);
    expect(row?.[3]).toBe(1);
    expect(row?.[4]).not.toBe("+00:00");
    const [level] = await db.transaction((tx) => {
      return tx.execute("SELECT @@session.tx_isolation");
    });
    expect(level).toEqual(["READ-COMMITTED"]);
    await db.execute("CREATE TABLE [strict] ([n] TINYINT NOT NULL, [at] DATETIME(6), [name] VARCHAR(3))");
    for (const [column, value] of [
      ["n", 300],
      ["n", "seven"],
      ["at", "2024-02-30 00:00:00"],
      ["name", "four"],
    ]) {
      const sql = `INSERT INTO [strict] ([n], [${column === "n" ? "name" : column}]) VALUES (?, ?)`;
      const params = column === "n" ? [value, "x"] : [1, value];
      await expect(db.execute(sql, params)).rejects.toMatchObject({ outcome: "rejected" });
    }
    expect([...(await db.execute("SELECT COUNT(*) FROM [strict]"))]).toEqual([[0]]);
    const [asked] = await db.execute("SELECT CAST(? AS DATETIME(3)) = TIMESTAMP'2024-03-10 02:30:00.123'", [
      new Date("2024-03-10T02:30:00.123Z"),
    ]);
    expect(asked).toEqual([1]);
  });

  describe("deadlocks", () => {
    const ids = ["a", "b"];
    beforeAll(async () => {
      await db.saveEntities(
        "pairs",
        ids.map((id) => ({ id, n: 0 })),
      );
    });
    const addOne = async (tx: TransactionHandle<"async">, id: string) => {
      const [row] = await tx.execute("SELECT [n] FROM [pairs] WHERE [id] = ? FOR UPDATE", [id]);
      await tx.saveEntity("pairs", { id, n: Number(row?.[0]) + 1 });
    };

    it("are tried again where the transaction asks for it, and nothing is lost or done twice", async () => {
      let runs = 0;
      let done = 0;
      await storm(6, 3, async (loop) => {
        const order = loop % 2 === 0 ? ids : ids.toReversed();
        await db.transaction(
          async (tx) => {
            runs += 1;
            for (const id of order) await addOne(tx, id);
          },
          { retries: 50 },
        );
        done += 1;
      });
      expect(runs).toBeGreaterThan(done);
      const [a, b] = await db.findEntities("pairs", { orderBy: "id", deserialize: true });
      expect([a?.n, b?.n]).toEqual([done, done]);
      expect(a?.version).toBe(done + 1);
    }, 30_000);

    it("are a typed error where it does not, after which all of the transaction is gone", async () => {
      const before = await db.findEntities("pairs", { orderBy: "id", deserialize: true });
      const met = new Set<string>();
      const both = Promise.withResolvers<void>();
      const run = (order: readonly string[]) =>
        db
          .transaction(async (tx) => {
            const [first = "", second = ""] = order;
            await addOne(tx, first);
            met.add(first);
            if (met.size === 2) both.resolve();
            await both.promise;
            await addOne(tx, second);
          })
          .catch((error: unknown) => error);
      const [one, other] = await Promise.all([run(ids), run(ids.toReversed())]);
      const errors = [one, other].filter((result) => result !== undefined);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toBeInstanceOf(DeadlockError);
      expect(errors[0]).toMatchObject({ outcome: "rolled_back" });
      const after = await db.findEntities("pairs", { orderBy: "id", deserialize: true });
      expect(after.map(({ n }) => n)).toEqual(before.map(({ n }) => Number(n) + 1));
    });
  });
});
