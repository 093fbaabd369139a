import type { Database } from "../../../src/index.ts";
import { canary } from "./error-note.ts";
import type { Query } from "./targets.ts";

/** One public operation, and how to see by another connection what became of it. */
export interface PublicOperation {
  readonly name: string;
  /** Puts there what the operation works on. `tag` is unique to the run. */
  prepare?(db: Database, tag: string): Promise<unknown>;
  run(db: Database, tag: string): Promise<unknown>;
  /** How many of its effects are there; undefined for one that only reads. */
  effects?(query: Query, tag: string): Promise<number>;
  /** How many effects there are before it, and when it has happened. */
  readonly before?: number;
  readonly after?: number;
}

const timeout = 0.1;
const limits = { timeout };
// What makes tables needs longer.
const slow = { timeout: 0.3 };
const entity = "things";

async function versions(query: Query, pattern: string, of = entity): Promise<number> {
  const [row] = await query(`SELECT count(*) FROM ${of}_history WHERE id LIKE '${pattern}'`);
  return Number(row?.[0]);
}

async function plainRows(query: Query, tag: string): Promise<number> {
  const [row] = await query(`SELECT count(*) FROM plain_rows WHERE tag = '${tag}'`);
  return Number(row?.[0]);
}

function record(tag: string, value: number) {
  return { id: tag, value, secret: canary };
}

/** Milliseconds that an operation may take. */
export function limitOf({ name }: PublicOperation): number {
  return (/new field|new entity|ensureIndex/.test(name) ? slow.timeout : timeout) * 1000;
}

export const publicOperations: readonly PublicOperation[] = [
  {
    name: "saveEntity, new",
    run: (db, tag) => db.saveEntity(entity, record(tag, 1), limits),
    effects: (query, tag) => versions(query, tag),
    before: 0,
    after: 1,
  },
  {
    name: "saveEntity, changed",
    prepare: (db, tag) => db.saveEntity(entity, record(tag, 1)),
    run: (db, tag) => db.saveEntity(entity, record(tag, 2), limits),
    effects: (query, tag) => versions(query, tag),
    before: 1,
    after: 2,
  },
  {
    name: "transaction",
    run: (db, tag) =>
      db.transaction(async (tx) => {
        await tx.saveEntity(entity, record(`${tag}-a`, 1), limits);
        await tx.execute("INSERT INTO [plain_rows] ([tag], [n]) VALUES (?, ?)", [tag, 1], limits);
        await tx.saveEntity(entity, record(`${tag}-b`, 1), limits);
      }, limits),
    effects: async (query, tag) => (await versions(query, `${tag}-%`)) + (await plainRows(query, tag)),
    before: 0,
    after: 3,
  },
  {
    name: "transaction that its caller ends",
    run: async (db, tag) => {
      const reason = new RangeError("the caller's own");
      const ended = db.transaction(async (tx) => {
        await tx.saveEntity(entity, record(`${tag}-a`, 1), limits);
        await tx
          .transaction(() => Promise.reject(reason), limits)
          .catch((error) => expectSame(error, reason));
        throw reason;
      }, limits);
      await ended.catch((error) => expectSame(error, reason));
    },
    effects: async (query, tag) => await versions(query, `${tag}-%`),
    before: 0,
    after: 0,
  },
  {
    name: "saveEntities",
    prepare: (db, tag) => db.saveEntity(entity, record(`${tag}-a`, 1)),
    run: (db, tag) =>
      db.saveEntities(
        entity,
        ["a", "b", "c"].map((end) => record(`${tag}-${end}`, 2)),
        limits,
      ),
    effects: (query, tag) => versions(query, `${tag}-%`),
    before: 1,
    after: 4,
  },
  {
    name: "deleteEntity",
    prepare: (db, tag) => db.saveEntity(entity, record(tag, 1)),
    run: (db, tag) => db.deleteEntity(entity, tag, limits),
    effects: (query, tag) => versions(query, tag),
    before: 1,
    after: 2,
  },
  {
    name: "deleteEntity, permanent",
    prepare: (db, tag) => db.saveEntity(entity, record(tag, 1)),
    run: (db, tag) => db.deleteEntity(entity, tag, { ...limits, permanent: true }),
    effects: (query, tag) => versions(query, tag),
    before: 1,
    after: 2,
  },
  {
    name: "restoreEntity",
    prepare: async (db, tag) => {
      await db.saveEntity(entity, record(tag, 1));
      await db.deleteEntity(entity, tag);
    },
    run: (db, tag) => db.restoreEntity(entity, tag, limits),
    effects: (query, tag) => versions(query, tag),
    before: 2,
    after: 3,
  },
  {
    name: "revertEntity",
    prepare: async (db, tag) => {
      await db.saveEntity(entity, record(tag, 1));
      await db.saveEntity(entity, record(tag, 2));
    },
    run: (db, tag) => db.revertEntity(entity, tag, 1, limits),
    effects: (query, tag) => versions(query, tag),
    before: 2,
    after: 3,
  },
  {
    name: "execute",
    run: (db, tag) => db.execute("INSERT INTO [plain_rows] ([tag], [n]) VALUES (?, ?)", [tag, 1], limits),
    effects: plainRows,
    before: 0,
    after: 1,
  },
  {
    name: "executemany",
    run: (db, tag) =>
      db.executemany(
        "INSERT INTO [plain_rows] ([tag], [n]) VALUES (?, ?)",
        [1, 2, 3].map((n) => [tag, n]),
        limits,
      ),
    effects: plainRows,
    before: 0,
    after: 3,
  },
  {
    name: "saveEntity, new field",
    run: (db, tag) => db.saveEntity(entity, { ...record(tag, 1), [`field_${tag}`]: 1 }, slow),
    effects: (query, tag) => versions(query, tag),
    before: 0,
    after: 1,
  },
  {
    name: "saveEntity, new entity",
    run: (db, tag) => db.saveEntity(`fresh_${tag}`, record("x", 1), slow),
    effects: (query, tag) => versions(query, "x", `fresh_${tag}`).catch(() => 0),
    before: 0,
    after: 1,
  },
  { name: "getEntity", run: (db) => db.getEntity(entity, "fixed", limits) },
  {
    name: "findEntities",
    run: (db) => db.findEntities(entity, { where: "[id] = ?", params: ["fixed"], ...limits }),
  },
  { name: "countEntities", run: (db) => db.countEntities(entity, limits) },
  { name: "getEntityHistory", run: (db) => db.getEntityHistory(entity, "fixed", limits) },
  {
    name: "stream",
    run: async (db) => {
      const seen: unknown[] = [];
      for await (const row of db.stream("SELECT [id] FROM [things] WHERE [id] = ?", ["fixed"], limits))
        seen.push(row);
      if (seen.length !== 1) throw new Error(`expected one row, got ${seen.length}`);
    },
  },
  { name: "ping", run: (db) => db.ping(limits) },
  { name: "ensureIndex", run: (db) => db.ensureIndex(entity, ["value"], slow) },
  { name: "pruneHistory", run: (db) => db.pruneHistory(entity, { olderThan: new Date(0), ...limits }) },
];

/** What the operations work on. */
export async function makeThings(db: Database): Promise<void> {
  await db.execute("CREATE TABLE [plain_rows] ([tag] VARCHAR(60), [n] INTEGER)");
  await db.saveEntity(entity, record("fixed", 1));
}

function expectSame(error: unknown, expected: unknown): void {
  if (error !== expected) throw error;
}
