import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Database, DatabaseConfig, DatabaseError, DatabaseManager } from "../../src/index.ts";
import { folder, refusal, untyped } from "./bench.ts";

const password = "canary-password-4711";
const value = "canary-value-0815";

/** Everything that a program might print or log of something. */
function printed(thing: unknown): string {
  const texts = [String(thing), inspect(thing, { depth: 20 }), JSON.stringify(thing)];
  if (thing instanceof Error) texts.push(thing.message, thing.stack ?? "");
  if (thing instanceof DatabaseError)
    texts.push(JSON.stringify(thing.toJSON()), inspect({ thing, list: [thing] }, { depth: 9 }));
  return texts.join("\n");
}

function holdsNothing(thing: unknown): void {
  expect(printed(thing)).not.toMatch(/canary/);
}

/** A database in whose tables, statements and password are canaries, and all that it tells its listeners. */
async function watched(): Promise<{ readonly db: Database; readonly told: unknown[] }> {
  const database = join(folder(), "test.db");
  const db: Database = DatabaseManager.connect("sqlite", { database, password, synchronous: "off" });
  onTestFinished(() => db.close());
  const told: unknown[] = [];
  const warn = (warning: Error) => told.push(warning);
  process.on("warning", warn);
  onTestFinished(() => {
    process.off("warning", warn);
  });
  db.on("query", (payload) => told.push(payload));
  db.on("schemaChanged", (payload) => told.push(payload));
  await db.saveEntity("users", { id: "a", email: value, note: value }, { userId: "admin", comment: value });
  await db.ensureIndex("users", ["email"], { unique: true });
  await db.execute(
    "CREATE TABLE [plain] ([a] TEXT PRIMARY KEY, [b] TEXT NOT NULL, [c] INTEGER CHECK ([c] > 0))",
  );
  await db.execute("INSERT INTO [plain] ([a], [b]) VALUES (?, ?)", [value, value]);
  return { db, told };
}

const failures: readonly (readonly [string, (db: Database) => unknown])[] = [
  ["a unique violation of the store", (db) => db.saveEntity("users", { id: "b", email: value })],
  ["a unique violation", (db) => db.execute("INSERT INTO [plain] ([a], [b]) VALUES (?, 'x')", [value])],
  ["a missing value", (db) => db.execute("INSERT INTO [plain] ([a]) VALUES (?)", [`${value} 2`])],
  [
    "a broken check",
    (db) => db.execute("INSERT INTO [plain] ([a], [b], [c]) VALUES (?, ?, -1)", [`${value} 2`, value]),
  ],
  ["bad syntax", (db) => db.execute("SELEKT ? FROM [plain]", [value])],
  ["an unknown table", (db) => db.execute("SELECT ? FROM [nothing]", [value])],
  ["too many values", (db) => db.execute("SELECT ?", [value, value])],
  ["too few values", (db) => db.execute("SELECT ?, ?", [value])],
  ["a named value too many", (db) => db.execute("SELECT :a", { a: value, b: value })],
  ["a value that cannot be bound", (db) => db.execute("SELECT ?", [{ secret: value }])],
  ["an error inside SQLite", (db) => db.execute("SELECT abs(?) + json_extract(?, '$.a')", [1, value])],
  ["a refused value", (db) => db.saveEntity("users", { id: "a", email: `${value}\0` })],
  [
    "a refused value deep inside",
    (db) => db.saveEntity("users", { id: "a", more: { list: [value, `${value}\ud800`] } }),
  ],
  ["a refused symbol", (db) => db.saveEntity("users", { id: "a", note: Symbol(value) })],
  ["an id of a wrong type", (db) => db.getEntity("users", untyped({ id: value }))],
  ["a record that is none", (db) => db.saveEntity("users", untyped(value))],
  [
    "a condition with a value",
    (db) => db.findEntities("users", { where: "[email] = ?", params: [value, value] }),
  ],
  [
    "a stale write",
    (db) => db.saveEntity("users", { id: "a", note: `${value} new` }, { expectedVersion: 7 }),
  ],
  [
    "a field that may not widen",
    (db) => addOnly(db).saveEntity("users", { id: "a", fresh: 1, note: [value] }),
  ],
  ["a refused comment", (db) => db.saveEntity("users", { id: "a" }, { comment: `${value}\0` })],
  [
    "a doomed transaction",
    (db) =>
      db.transaction(async (tx) => {
        await refusal("async", () => tx.execute("INSERT INTO [plain] ([a], [b]) VALUES (?, 'x')", [value]));
      }),
  ],
  ["a limit", (db) => db.findEntities("users", { limit: untyped(value) })],
];

/** The same file with a schema that does not widen. */
function addOnly(db: Database): Database {
  const strict: Database = DatabaseManager.connect("sqlite", {
    database: db.config.database,
    password,
    schema: "addOnly",
  });
  onTestFinished(() => strict.close());
  return strict;
}

describe("neither errors nor events hold values and passwords", () => {
  const meta = { backend: "sqlite/async" };

  it.each(failures)("%s", { meta }, async (_, work) => {
    const { db, told } = await watched();
    const error = await refusal("async", () => work(db));
    holdsNothing(error);
    const texts = told.map(printed);
    expect(texts.length).toBeGreaterThan(5);
    // The schema is no secret, and the values are not in it.
    for (const text of texts) expect(text).not.toMatch(/canary/);
  });

  it("an abandoned transaction", { meta }, async () => {
    const { db, told } = await watched();
    await db.connection(async (connection) => {
      await connection.beginTransaction();
      await connection.saveEntity("users", { id: "c", note: value });
    });
    await new Promise(setImmediate);
    expect(told.some((thing) => thing instanceof Error && thing.name === "StrataWarning")).toBe(true);
    for (const thing of told) holdsNothing(thing);
  });
});

describe("a password does not show", () => {
  it("in a configuration, a handle, or a connection", async () => {
    const { db } = await watched();
    holdsNothing(db);
    holdsNothing(db.config);
    holdsNothing({ config: db.config });
    holdsNothing(db.hash);
    holdsNothing(DatabaseManager.getPoolMetrics());
    await db.connection((connection) => holdsNothing(connection));
    await db.transaction((tx) => holdsNothing(tx));
    using sync = DatabaseManager.connectSync("sqlite", { database: ":memory:", password });
    sync.ping();
    holdsNothing(sync);
  });

  it("in a copy of a configuration, nor in its URI", () => {
    const config = DatabaseConfig.fromUrl(`postgres://admin:${password}@db.example.org/shop`);
    holdsNothing(config);
    holdsNothing({ ...config });
    holdsNothing(structuredClone(config.toJSON()));
    holdsNothing(Object.entries(config));
  });

  it.each([
    `postgres://admin:${password}@localhost:1/shop?connect_timeout=never`,
    `postgres://admin:${password}@host:port/shop`,
    `postgres://admin:${password}@/`,
    `oracle://admin:${password}@host/shop`,
    `postgres://admin:${password}%ZZ@host/shop`,
    `${password}://x`,
  ])("in the refusal of a URL: %#", (url) => {
    let error: unknown;
    try {
      DatabaseManager.connect(url);
    } catch (thrown) {
      error = thrown;
    }
    if (url.startsWith(password)) return;
    expect(error).toBeInstanceOf(DatabaseError);
    holdsNothing(error);
  });

  it("in the failure to connect", { meta: { backend: "sqlite/async" } }, async () => {
    const options = {
      host: "127.0.0.1",
      port: 1,
      user: "admin",
      database: "shop",
      password,
      connectionAcquisitionTimeout: 0.5,
    };
    await using db = DatabaseManager.connect("postgres", options);
    const error = await refusal("async", () => db.execute("SELECT ?", [value]));
    holdsNothing(error);
    expect(error.outcome).toBe("not_sent");
  });
});
