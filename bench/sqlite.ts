/** The SQLite backend and the entity store beside better-sqlite3 used directly. `node bench/sqlite.ts` */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Driver from "better-sqlite3";
import { DatabaseManager } from "../src/index.ts";
import { compare } from "./compare.ts";

const folder = mkdtempSync(join(tmpdir(), "strata-bench-"));
const people = Array.from({ length: 1000 }, (_, n) => ({
  id: `p${n}`,
  name: `Person ${n}`,
  age: n % 90,
  city: "Oslo",
}));

/** A hand-written audited table: what an application without this library would do. */
function handWritten(file: string) {
  const db = new Driver(join(folder, file));
  db.pragma("journal_mode = WAL");
  db.pragma("synchronous = FULL");
  db.exec(`
    CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT, age INTEGER, city TEXT, created_at TEXT, created_by TEXT,
      updated_at TEXT, updated_by TEXT, deleted_at TEXT, version INTEGER);
    CREATE TABLE people_history (id TEXT, name TEXT, age INTEGER, city TEXT, created_at TEXT, created_by TEXT,
      updated_at TEXT, updated_by TEXT, deleted_at TEXT, version INTEGER, history_timestamp TEXT,
      history_user_id TEXT, history_comment TEXT, PRIMARY KEY (id, version));`);
  const upsert = db.prepare(`
    INSERT INTO people VALUES (@id, @name, @age, @city, @at, @by, @at, @by, NULL, 1)
    ON CONFLICT (id) DO UPDATE SET name = excluded.name, age = excluded.age, city = excluded.city,
      updated_at = excluded.updated_at, updated_by = excluded.updated_by, version = version + 1`);
  const append = db.prepare(
    `INSERT INTO people_history SELECT *, @at, @by, @comment FROM people WHERE id = @id`,
  );
  const save = (person: object) => {
    const row = { city: null, ...person, at: new Date().toISOString(), by: "bench", comment: null };
    upsert.run(row);
    append.run(row);
  };
  return { db, save, saveOne: db.transaction(save).immediate };
}

try {
  await pointSelects();
  await saves();
  await bulkSaves();
} finally {
  await DatabaseManager.closeAll();
  rmSync(folder, { recursive: true });
}

async function pointSelects(): Promise<void> {
  const database = join(folder, "select.db");
  const sync = DatabaseManager.connectSync("sqlite", { database });
  const db = DatabaseManager.connect("sqlite", { database });
  sync.saveEntities("people", people);
  const direct = new Driver(database, { readonly: true });
  const sql = "SELECT [id], [name], [age], [city] FROM [people] WHERE [id] = ?";
  const statement = direct.prepare(sql);
  const raw = direct.prepare(sql).raw(true);
  const id = (n: number) => `p${n % 1000}`;
  await compare({
    title: "point select of four columns by primary key",
    unit: "select",
    ways: [
      { name: "better-sqlite3, get()", run: (count) => repeat(count, (n) => statement.get(id(n))) },
      { name: "better-sqlite3, raw().all()", run: (count) => repeat(count, (n) => raw.all(id(n))) },
      { name: "stratadb sync, execute()", run: (count) => repeat(count, (n) => sync.execute(sql, [id(n)])) },
      {
        name: "stratadb sync, queryOne()",
        run: (count) => repeat(count, (n) => sync.queryOne(sql, [id(n)])),
      },
      {
        name: "stratadb async, execute()",
        run: async (count) => {
          for (let n = 0; n < count; n++) await db.execute(sql, [id(n)]);
        },
      },
    ],
  });
  await compare({
    title: "a whole record by id (ten columns, typed)",
    unit: "record",
    ways: [
      {
        name: "better-sqlite3, SELECT *, get()",
        run: (() => {
          const all = direct.prepare("SELECT * FROM people WHERE id = ?");
          return (count: number) => repeat(count, (n) => all.get(id(n)));
        })(),
      },
      {
        name: "stratadb sync, getEntity()",
        run: (count) => repeat(count, (n) => sync.getEntity("people", id(n), { deserialize: true })),
      },
    ],
  });
  direct.close();
  sync.close();
  await db.close();
}

async function saves(): Promise<void> {
  const hand = handWritten("saves-hand.db");
  const sync = DatabaseManager.connectSync("sqlite", { database: join(folder, "saves.db") });
  const db = DatabaseManager.connect("sqlite", { database: join(folder, "saves-async.db") });
  const users = { userId: "bench" };
  const fresh = (n: number) => ({ name: `Person ${n}`, age: n % 90, city: "Oslo" });
  const changed = (n: number) => ({ id: "one", name: `Person ${n}`, age: n % 90, city: "Oslo" });
  const asyncRepeat = async (count: number, work: (n: number) => Promise<unknown>) => {
    for (let n = 0; n < count; n++) await work(n);
  };
  let seed = 0;
  const next = () => seed++;
  for (const [title, record] of [
    ["new record", fresh],
    ["change of a record", changed],
  ] as const) {
    await compare({
      title: `audited save, ${title}: upsert + history in a transaction`,
      unit: "save",
      ways: [
        {
          name: "better-sqlite3, by hand",
          run: (count) => repeat(count, () => hand.saveOne({ id: randomUUID(), ...record(next()) })),
        },
        {
          name: "stratadb sync, saveEntity()",
          run: (count) => repeat(count, () => sync.saveEntity("people", record(next()), users)),
        },
        {
          name: "stratadb async, saveEntity()",
          run: (count) => asyncRepeat(count, () => db.saveEntity("people", record(next()), users)),
        },
      ],
    });
  }
  hand.db.close();
  sync.close();
  await db.close();
}

async function bulkSaves(): Promise<void> {
  const hand = handWritten("bulk-hand.db");
  const sync = DatabaseManager.connectSync("sqlite", { database: join(folder, "bulk.db") });
  const db = DatabaseManager.connect("sqlite", { database: join(folder, "bulk-async.db") });
  const batch = () =>
    Array.from({ length: 10_000 }, (_, n) => ({ name: `Person ${n}`, age: n % 90, city: "Oslo" }));
  await compare({
    title: "10,000 new records with history, one transaction",
    unit: "batch",
    count: 1,
    rounds: 9,
    ways: [
      {
        name: "better-sqlite3, by hand",
        run: (count) =>
          repeat(count, () =>
            hand.db.transaction(() => {
              for (const person of batch()) hand.save({ id: randomUUID(), ...person });
            })(),
          ),
      },
      {
        name: "stratadb sync, saveEntities()",
        run: (count) => repeat(count, () => sync.saveEntities("people", batch())),
      },
      {
        name: "stratadb async, saveEntities()",
        run: async (count) => {
          for (let n = 0; n < count; n++) await db.saveEntities("people", batch());
        },
      },
    ],
  });
  hand.db.close();
  sync.close();
  await db.close();
}

function repeat(count: number, work: (n: number) => unknown): void {
  for (let n = 0; n < count; n++) work(n);
}
