import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseError, DatabaseManager } from "../../src/index.ts";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing } from "./database.ts";

describe.skipIf(missing)("what MySQL could not take", () => {
  let database: TestDatabase;
  let db: Database;
  let sent: string[] = [];
  beforeAll(async () => {
    database = await emptyDatabase();
    db = DatabaseManager.connect(database.url, { pool: { maxSize: 1 } });
    db.on("query", ({ sql, error }) => {
      if (!(error instanceof DatabaseError && error.outcome === "not_sent")) sent.push(sql);
    });
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

  async function refusal(call: () => Promise<unknown>): Promise<DatabaseError> {
    sent = [];
    const error: unknown = await call().catch((failure: unknown) => failure);
    if (error instanceof DatabaseError) return error;
    throw new Error(`expected a refusal, got ${String(error)}`);
  }

  it.each([
    ["an entity", () => db.saveEntity("e".repeat(65), { n: 1 })],
    ["an entity's history", () => db.saveEntity("e".repeat(60), { n: 1 })],
    ["a field", () => db.saveEntity("short", { ["f".repeat(65)]: 1 })],
    ["a table in a query", () => db.execute(`SELECT 1 FROM [${"n".repeat(65)}]`)],
  ])("refuses a name over 64 characters before any SQL: %s", async (_, call) => {
    const error = await refusal(call);
    expect(["STRATA_VALIDATION", "STRATA_SQL_SYNTAX"]).toContain(error.code);
    expect(error.outcome).toBe("not_sent");
    expect(sent).toEqual([]);
  });

  it("takes names of 64 bytes, which every server takes", async () => {
    for (const name of ["n".repeat(64), "ñ".repeat(32)]) {
      await db.execute(`CREATE TABLE [${name}] ([${name}] INT)`);
      await db.execute(`INSERT INTO [${name}] VALUES (?)`, [7]);
      const found = await db.execute(`SELECT [${name}] FROM [${name}]`);
      expect(found.columns).toEqual([name]);
      expect([...found]).toEqual([[7]]);
    }
  });

  it("takes 65,535 values in one statement, and says the limit to those who bring more", async () => {
    const ids = Array.from({ length: 70_000 }, (_, n) => `id${n}`);
    await db.saveEntities("many", [{ id: "id3", n: 3 }, { id: "id69999" }]);
    const found = await db.findEntities("many", { where: "[id] IN (?)", params: [ids.slice(0, 65_535)] });
    expect(found.map(({ id }) => id)).toEqual(["id3"]);
    const errors = [
      await refusal(() => db.findEntities("many", { where: "[id] IN (?)", params: [ids] })),
      await refusal(() => db.execute("SELECT COUNT(*) FROM [many] WHERE [id] IN (?)", [ids])),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "not_sent" });
      expect(error.message).toMatch(/at most 65535 values.*got 70000/);
    }
    expect([...(await db.execute("SELECT COUNT(*) FROM [many]"))]).toEqual([[2]]);
  });

  it("saves and changes 70,000 records at once", async () => {
    const records = Array.from({ length: 70_000 }, (_, n) => ({ id: `b${n}`, n }));
    await db.saveEntities("bulky", records);
    const again = await db.saveEntities(
      "bulky",
      records.slice(0, 5_000).map(({ id }) => ({ id, n: -1 })),
    );
    expect(again.every(({ version, n }) => version === 2 && n === -1)).toBe(true);
    const [row] = await db.execute("SELECT COUNT(*), MAX([version]) FROM [bulky_history]");
    expect(row).toEqual([75_000, 2]);
  }, 120_000);

  it("saves wide records at once, by fewer of them in a statement", async () => {
    const wide = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`f${n}`, n]));
    await db.saveEntities(
      "wide",
      Array.from({ length: 1_500 }, () => wide),
    );
    const [row] = await db.execute("SELECT COUNT(*), SUM([f119]) FROM [wide_history]");
    expect(row?.map(Number)).toEqual([1_500, 1_500 * 119]);
  }, 60_000);

  describe("beyond max_allowed_packet", () => {
    const limit = async () => Number((await db.execute("SELECT @@max_allowed_packet"))[0]?.[0]);

    it("refuses a statement before it is sent, so that the connection goes on", async () => {
      const id = async () => (await db.execute("SELECT CONNECTION_ID()"))[0]?.[0];
      const before = await id();
      const text = "x".repeat((await limit()) + 1);
      const error = await refusal(() => db.execute("SELECT LENGTH(?)", [text]));
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "not_sent" });
      expect(error.message).toMatch(/max_allowed_packet/);
      expect(error.message.length).toBeLessThan(500);
      const saved = await refusal(() => db.saveEntity("large", { text }));
      expect(saved.code).toBe("STRATA_SQL_PARAMETER");
      expect(await id()).toBe(before);
      expect(await db.countEntities("large")).toBe(0);
    }, 60_000);

    it("stores nothing where one of many is too large, and keeps no connection", async () => {
      await db.execute("CREATE TABLE [sets] ([n] INT, [text] LONGTEXT)");
      const text = "x".repeat((await limit()) + 1);
      const sets = Array.from({ length: 30 }, (_, n) => [n, n === 20 ? text : "short"]);
      const records = sets.map(([n, value]) => ({ id: `r${n}`, text: value }));
      for (const call of [
        () => db.executemany("INSERT INTO [sets] VALUES (?, ?)", sets),
        () => db.saveEntities("one_too_large", records),
        () => db.transaction((tx) => tx.saveEntities("one_too_large", records)),
      ]) {
        expect(await refusal(call)).toMatchObject({ code: "STRATA_SQL_PARAMETER" });
        expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
      }
      expect([...(await db.execute("SELECT COUNT(*) FROM [sets]"))]).toEqual([[0]]);
      expect(await db.countEntities("one_too_large")).toBe(0);
    }, 60_000);

    it("saves many records that are too large together by several statements", async () => {
      const most = await limit();
      const text = "y".repeat(Math.floor(most / 5));
      await db.saveEntities(
        "together",
        Array.from({ length: 12 }, (_, n) => ({ id: `r${n}`, text })),
      );
      const [row] = await db.execute("SELECT COUNT(*), SUM(LENGTH([text])) FROM [together_history]");
      expect(row?.map(Number)).toEqual([12, 12 * text.length]);
    }, 60_000);

    it("says so when the server meets the limit in what it computes", async () => {
      await db.execute("CREATE TABLE [computed] ([text] LONGTEXT)");
      const error = await refusal(() =>
        db.execute("INSERT INTO [computed] SELECT REPEAT('x', @@max_allowed_packet + 1)"),
      );
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "rejected" });
      expect([...(await db.execute("SELECT COUNT(*) FROM [computed]"))]).toEqual([[0]]);
    });
  });
});
