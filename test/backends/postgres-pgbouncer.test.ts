import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDatabase, isMissing, startPgbouncer, type TestDatabase } from "../servers/index.ts";
import { failure, missing, open, provided, rows, statement, value } from "./postgres-connection.ts";

const bouncer = "reason" in provided ? provided : await startPgbouncer(provided);
if (isMissing(bouncer)) console.warn(`PgBouncer: its tests are skipped: ${bouncer.reason}`);

describe.skipIf(missing || isMissing(bouncer))("PgBouncer in transaction mode", () => {
  let database: TestDatabase;
  let url: string;
  const options = { pooler: "transaction" };

  beforeAll(async () => {
    if (isMissing(bouncer) || "reason" in provided) return;
    database = await createDatabase(provided);
    const through = new URL(bouncer.url);
    through.pathname = new URL(database.url).pathname;
    url = through.href;
    await database.query("create table t (id int primary key, n int)");
  });
  afterAll(async () => {
    if (isMissing(bouncer)) return;
    await bouncer.close();
    await database.drop();
  });

  it("serves more clients than it has sessions, with reusable statements", async () => {
    const clients = await Promise.all(Array.from({ length: 6 }, () => open(url, { options })));
    for (let round = 0; round < 20; round++) {
      const answers = clients.map((client, i) => value(client, "select $1::int * 10", [i + round], true));
      expect(await Promise.all(answers)).toEqual(clients.map((_, i) => (i + round) * 10));
    }
    await Promise.all(clients.map((client) => client.close()));
  });

  it("keeps transactions, batches and streams on one session", async () => {
    const [a, b] = await Promise.all([open(url, { options }), open(url, { options })]);
    await a.begin({});
    await rows(a, "insert into t values (1, 1)", [], true);
    expect(await value(b, "select count(*) from t", [], true)).toBe(0);
    await a.commit();
    const sets = Array.from({ length: 300 }, (_, i) => [String(i + 10), "1"]);
    expect(await a.executeMany(statement("insert into t values ($1, $2)"), sets)).toBe(300);
    const cursor = await a.stream(statement("select id from t order by id"), []);
    expect((await cursor.read(2)).flat()).toEqual([1, 10]);
    expect(await value(b, "select count(*) from t", [], true)).toBe(301);
    expect(await cursor.read(1000)).toHaveLength(299);
    await cursor.close();
    await a.begin({});
    await a.reset();
    expect(a.inTransaction).toBe(false);
    await Promise.all([a.close(), b.close()]);
  });

  it("passes a cancel request on", async () => {
    const connection = await open(url, { options });
    const running = failure(rows(connection, "select pg_sleep(20)"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await connection.cancel();
    expect(await running).toMatchObject({ sqlState: "57014" });
    expect(await value(connection, "select 1")).toBe(1);
    await connection.close();
  });

  it("names the option when it was forgotten", async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, () => open(url)));
    const failures: string[] = [];
    for (const [i, client] of clients.entries()) {
      await client.begin({});
      await rows(client, `select ${i}`, [], true).catch((error: unknown) => failures.push(String(error)));
      const error = await failure(rows(client, `select ${i} + 1`, [], true)).catch(() => undefined);
      if (error !== undefined) failures.push(error.message);
      await client.rollback();
    }
    expect(failures.join("\n")).toMatch(/pooler: "transaction"/);
    await Promise.all(clients.map((client) => client.close()));
  });
});
