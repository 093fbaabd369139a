import { afterAll, beforeAll, expect, it } from "vitest";
import type { Database } from "../../src/index.ts";
import { describeOnServer } from "../server-backends/database.ts";

/** What of node-postgres's client is used here. */
interface Client {
  query(sql: string): Promise<unknown>;
  on(event: "notification", listener: (message: { channel: string; payload: string }) => void): unknown;
}

function isClient(raw: unknown): raw is Client {
  return typeof raw === "object" && raw !== null && "query" in raw && "on" in raw;
}

describeOnServer("PostgreSQL's sessions", "postgres", (place) => {
  let db: Database;
  beforeAll(() => {
    db = place.open({ alias: "sessions" });
  });
  afterAll(() => db.close());

  const prepared = "SELECT COUNT(*) FROM pg_prepared_statements";

  it("prepares nothing anew for calls that differ in their tags", async () => {
    await using connection = await db.connection();
    const count = async () => Number((await connection.execute(prepared))[0]?.[0]);
    await connection.execute("SELECT ? + 1", [1]);
    await count();
    const before = await count();
    for (let n = 0; n < 1000; n++) {
      const rows = await connection.execute("SELECT ? + 1", [n], { tags: { request: `r${n}` } });
      expect(rows[0]).toEqual([n + 1]);
    }
    expect(await count()).toBe(before);
  });

  it("keeps a bounded number of statements, however many texts there are", async () => {
    await using connection = await db.connection();
    const most = 200;
    for (let n = 0; n < 1000; n++) await connection.execute(`SELECT ${n} + ?`, [1]);
    const [row] = await connection.execute(prepared);
    expect(Number(row?.[0])).toBeLessThanOrEqual(most + 1);
    expect(Number(row?.[0])).toBeGreaterThan(most / 2);
  });

  it("leaves the operators of jsonb alone, with ?? for a question mark", async () => {
    await db.saveEntities("documents", [
      { id: "a", data: { tags: ["red"], size: 1 } },
      { id: "b", data: { colour: "blue" } },
    ]);
    const ids = async (where: string, params: readonly unknown[]) => {
      const found = await db.findEntities("documents", { where, params, orderBy: "id" });
      return found.map(({ id }) => id);
    };
    expect(await ids("[data] ?? ?", ["colour"])).toEqual(["b"]);
    expect(await ids("[data] ??| ARRAY[?, ?]", ["size", "colour"])).toEqual(["a", "b"]);
    expect(await ids("[data] ??& ARRAY['tags', 'size'] AND [id] = ?", ["a"])).toEqual(["a"]);
    expect(await ids("[data] @> CAST(? AS jsonb)", ['{"size": 1}'])).toEqual(["a"]);
    expect(await ids("[data] -> 'tags' ->> 0 = ?", ["red"])).toEqual(["a"]);
    expect(await ids("[data] @?? '$.tags[*]'", [])).toEqual(["a"]);
    const [row] = await db.execute("SELECT (ARRAY[10, 20, 30])[2], (ARRAY[1, 2, 3])[1:?], 'is [it]?'", [2]);
    expect(row).toEqual([20, [1, 2], "is [it]?"]);
  });

  it("listens through the driver's own connection, and takes it clean into use again", async () => {
    const heard: string[] = [];
    {
      await using connection = await db.connection();
      const { raw } = connection;
      if (!isClient(raw)) throw new Error("expected node-postgres's client");
      raw.on("notification", ({ channel, payload }) => heard.push(`${channel}: ${payload}`));
      await raw.query("LISTEN news");
      await place.database.query("SELECT pg_notify('news', 'first')");
      while (heard.length === 0) await connection.ping();
    }
    await db.connection(async (connection) => {
      expect(await connection.execute("SELECT pg_listening_channels()")).toHaveLength(0);
    });
    expect(heard).toEqual(["news: first"]);
  });

  it("answers a sequence's values exactly", async () => {
    await db.execute("CREATE SEQUENCE [numbers] START 41");
    expect([...(await db.execute("SELECT nextval('numbers'), nextval('numbers')"))]).toEqual([[41, 42]]);
    await db.execute("SELECT setval('numbers', 9007199254740993)");
    expect([...(await db.execute("SELECT currval('numbers')"))]).toEqual([[9007199254740993n]]);
  });
});
