import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseError, DatabaseManager } from "../../src/index.ts";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing } from "./database.ts";

describe.skipIf(missing)("what PostgreSQL could not take", () => {
  let database: TestDatabase;
  let db: Database;
  let sent: string[] = [];
  beforeAll(async () => {
    database = await emptyDatabase();
    db = DatabaseManager.connect(database.url);
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

  // The server would cut such a name at 63 bytes in silence, and take it for another one.
  it.each([
    ["an entity", () => db.saveEntity("e".repeat(64), { n: 1 })],
    ["an entity's history", () => db.saveEntity("e".repeat(60), { n: 1 })],
    ["a field", () => db.saveEntity("short", { ["f".repeat(64)]: 1 })],
    ["a name in a query", () => db.execute(`SELECT 1 AS [${"n".repeat(64)}]`)],
    ["a name in a query, in bytes", () => db.execute(`SELECT 1 AS [${"ñ".repeat(32)}]`)],
  ])("refuses a name over 63 bytes before any SQL: %s", async (_, call) => {
    const error = await refusal(call);
    expect(["STRATA_VALIDATION", "STRATA_SQL_SYNTAX"]).toContain(error.code);
    expect(error.outcome).toBe("not_sent");
    expect(sent).toEqual([]);
  });

  it("takes names of 63 bytes", async () => {
    const name = "n".repeat(63);
    const { columns } = await db.execute(`SELECT 1 AS [${name}]`);
    expect(columns).toEqual([name]);
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
    // Nothing was written to the socket, so the connection goes on. An array is one value, however long it is.
    const [row] = await db.execute("SELECT COUNT(*) FROM [many] WHERE [id] = ANY(CAST(? AS text[]))", [ids]);
    expect(row).toEqual([2]);
  });

  it("refuses a bulk save of nothing that it could not read by id: 70,000 records go in and come again", async () => {
    const records = Array.from({ length: 70_000 }, (_, n) => ({ id: `b${n}`, n }));
    await db.saveEntities("bulky", records);
    const again = await db.saveEntities(
      "bulky",
      records.map(({ id }) => ({ id, n: -1 })),
    );
    expect(again).toHaveLength(70_000);
    expect(again.every(({ version, n }) => version === 2 && n === -1)).toBe(true);
    const [row] = await db.execute("SELECT COUNT(*), MAX([version]) FROM [bulky_history]");
    expect(row).toEqual([140_000, 2]);
  }, 60_000);

  it.each([
    ["a value of a query", "STRATA_SQL_PARAMETER", () => db.execute("SELECT ?", ["a\0b"])],
    [
      "an element of a list",
      "STRATA_SQL_PARAMETER",
      () => db.execute("SELECT 1 WHERE ? IN (?)", ["a", ["\0"]]),
    ],
    ["a query's text", "STRATA_SQL_SYNTAX", () => db.execute("SELECT 'a\0b'")],
    ["a field of a record", "STRATA_VALIDATION", () => db.saveEntity("texts", { name: "a\0b" })],
    ["text inside an object", "STRATA_VALIDATION", () => db.saveEntity("texts", { data: { a: ["\0"] } })],
    ["an id", "STRATA_VALIDATION", () => db.saveEntity("texts", { id: "\0", name: "a" })],
    ["a comment", "STRATA_VALIDATION", () => db.saveEntity("texts", { name: "a" }, { comment: "\0" })],
  ])("refuses NUL in %s", async (_, code, call) => {
    const error = await refusal(call);
    expect([error.code, error.outcome]).toEqual([code, "not_sent"]);
    expect(sent.filter((sql) => !sql.startsWith("SELECT relname"))).toEqual([]);
    expect([...(await db.execute("SELECT 1"))]).toEqual([[1]]);
  });
});
