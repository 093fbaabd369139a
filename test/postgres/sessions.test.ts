import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { AbortedError, type Database, DatabaseManager } from "../../src/index.ts";
import type { TestDatabase } from "../servers/index.ts";
import { emptyDatabase, missing } from "./database.ts";

/** What of node-postgres's client is used here. */
interface Client {
  query(sql: string): Promise<unknown>;
  on(event: "notification", listener: (message: { channel: string; payload: string }) => void): unknown;
}

function isClient(raw: unknown): raw is Client {
  return typeof raw === "object" && raw !== null && "query" in raw && "on" in raw;
}

describe.skipIf(missing)("PostgreSQL's sessions", () => {
  let database: TestDatabase;
  let db: Database;
  beforeAll(async () => {
    database = await emptyDatabase();
    db = DatabaseManager.connect(database.url, { alias: "sessions" });
  });
  afterAll(async () => {
    await db.close();
    await database.drop();
  });

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

  it("asks for the password at each new connection, so that one that has changed loses no query", async () => {
    const role = database.name;
    let password = "first";
    await database.query(`CREATE ROLE ${role} LOGIN PASSWORD 'first'`);
    try {
      let asked = 0;
      const { hostname, port } = new URL(database.url);
      const rotating = DatabaseManager.connect("postgres", {
        host: hostname,
        port: Number(port),
        database: database.name,
        user: role,
        password: () => {
          asked += 1;
          return Promise.resolve(password);
        },
        pool: { maxSize: 8 },
      });
      let finished = false;
      let queries = 0;
      const callers = Array.from({ length: 4 }, async () => {
        while (!finished) {
          const [row] = await rotating.execute("SELECT CURRENT_USER");
          expect(row).toEqual([role]);
          queries += 1;
        }
      });
      const pause = () => new Promise((resolve) => setTimeout(resolve, 100));
      await pause();
      password = "second";
      await database.query(`ALTER ROLE ${role} PASSWORD 'second'`);
      const askedBefore = asked;
      // More at once than there are connections: the new ones log in with the new password.
      const held = await Promise.all(Array.from({ length: 6 }, () => rotating.connection()));
      await pause();
      for (const connection of held) await connection.close();
      rotating.clearIdle();
      await pause();
      finished = true;
      await Promise.all(callers);
      expect(asked).toBeGreaterThan(askedBefore);
      expect(queries).toBeGreaterThan(20);
      await rotating.close();
    } finally {
      await database.query(`DROP ROLE ${role}`);
    }
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

  it("ends a query of 30 seconds at once when it is aborted, on the server too", async () => {
    const controller = new AbortController();
    const running = db.execute("SELECT pg_sleep(30), 'the long one'", [], { signal: controller.signal });
    const failure = running.catch((error: unknown) => error);
    const active = () =>
      database.query(
        "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%the long one%' AND pid <> pg_backend_pid()",
      );
    while ((await active()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const abortedAt = performance.now();
    controller.abort(new Error("no longer wanted"));
    expect(await failure).toBeInstanceOf(AbortedError);
    expect(performance.now() - abortedAt).toBeLessThan(200);
    expect(await active()).toEqual([]);
    expect([...(await db.execute("SELECT 1"))]).toEqual([[1]]);
  });

  it("listens through the driver's own connection, and takes it clean into use again", async () => {
    const heard: string[] = [];
    {
      await using connection = await db.connection();
      const { raw } = connection;
      if (!isClient(raw)) throw new Error("expected node-postgres's client");
      raw.on("notification", ({ channel, payload }) => heard.push(`${channel}: ${payload}`));
      await raw.query("LISTEN news");
      await database.query("SELECT pg_notify('news', 'first')");
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
