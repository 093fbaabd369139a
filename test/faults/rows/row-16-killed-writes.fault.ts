import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Database, DatabaseError, DatabaseManager } from "../../../src/index.ts";
import { connectWithoutBlocks } from "../../mysql/connect-without-blocks.ts";
import { nameOf } from "../harness/calls.ts";
import { measure } from "../harness/measure.ts";
import { type Chance, chance } from "../harness/seed.ts";
import { type FaultDatabase, missing, type ServerBackend, sharedDatabase } from "../harness/targets.ts";

const seconds = Number(process.env.FAULTS_SECONDS ?? 2);

/** What a caller may be told, and how many versions with his mark may then be stored. */
type Write = (db: Database, mark: string) => Promise<unknown>;

interface Kind {
  readonly name: string;
  readonly write: Write;
  /** Versions that a write stores which is carried out. */
  readonly whole: number;
}

const bulk = 20;

const kinds: readonly Kind[] = [
  { name: "create", whole: 1, write: (db, mark) => db.saveEntity("ledger", { id: mark, mark }) },
  { name: "create, new id", whole: 1, write: (db, mark) => db.saveEntity("ledger", { mark }) },
  { name: "append", whole: 1, write: (db, mark) => db.saveEntity("ledger", { id: "hot", mark }) },
  {
    name: "pair",
    whole: 2,
    write: (db, mark) =>
      db.transaction(async (tx) => {
        await tx.saveEntity("ledger", { id: `${mark}-a`, mark });
        await tx.saveEntity("ledger", { id: `${mark}-b`, mark });
      }),
  },
  {
    name: "bulk",
    whole: bulk,
    write: (db, mark) =>
      db.saveEntities(
        "ledger",
        Array.from({ length: bulk }, (_, i) => ({ id: `${mark}-${i}`, mark })),
      ),
  },
  {
    name: "executemany",
    whole: bulk,
    write: (db, mark) =>
      db.executemany(
        "INSERT INTO [plain_rows] ([mark]) VALUES (?)",
        Array.from({ length: bulk }, () => [mark]),
      ),
  },
  {
    name: "delete",
    whole: 1,
    write: (db, mark) => db.deleteEntity("ledger", mark, { comment: mark }),
  },
];

type Blow = "session" | "statement";

/** Ends a session; or what it is doing, a hundred times in a row, for only few of them hit anything. */
function blowOn(backend: ServerBackend, blow: Blow, id: number): string {
  if (backend === "postgres") {
    return blow === "session"
      ? `SELECT pg_terminate_backend(${id})`
      : `SELECT count(pg_cancel_backend(${id})) FROM generate_series(1, 100)`;
  }
  return blow === "session"
    ? `KILL CONNECTION ${id}`
    : `BEGIN NOT ATOMIC DECLARE i INT DEFAULT 0; WHILE i < 100 DO KILL QUERY ${id}; SET i = i + 1; END WHILE; END`;
}

/** The sessions of the database but the caller's own. */
function others(backend: ServerBackend): string {
  return backend === "postgres"
    ? "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'killed'"
    : "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()";
}

const sessionId = { postgres: "SELECT pg_backend_pid()", mysql: "SELECT CONNECTION_ID()" };

/** Microseconds matter here, and no timer is as exact. */
function spin(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

interface Said {
  readonly mark: string;
  readonly kind: Kind;
  readonly outcome: string;
}

async function currentSession(db: Database, backend: ServerBackend): Promise<number> {
  for (;;) {
    try {
      return await db.connection(async (connection) =>
        Number((await connection.execute(sessionId[backend]))[0]?.[0]),
      );
    } catch {
      // The last blow came after the answer, and has hit the connection while nobody used it.
    }
  }
}

async function storm(
  db: Database,
  killer: Database,
  database: FaultDatabase,
  kind: Kind,
  blow: Blow,
  random: Chance,
  untilMs: number,
): Promise<{ broken: string[]; tally: Record<string, number>; rounds: number }> {
  const backend = database.backend === "postgres" ? "postgres" : "mysql";
  const said: Said[] = [];
  const tally: Record<string, number> = {};
  // Where a blow is as often too late as not is where the write is decided.
  let decidedMs = 1;
  let usualMs = 2;
  for (let round = 0; performance.now() < untilMs; round++) {
    const mark = `${backend}-${kind.name}-${blow}-${random.next().toString(36).slice(2, 10)}-${round}`;
    if (kind.name === "delete") {
      const made = await db.saveEntity("ledger", { id: mark, mark: "made" }).catch(() => undefined);
      if (made === undefined) continue;
    }
    const statement = blowOn(backend, blow, await currentSession(db, backend));
    let settled = false;
    const strike = () => killer.execute(statement).catch(() => {});
    const write = () =>
      kind
        .write(db, mark)
        .then(
          () => "ok",
          (error) => {
            const name = nameOf(error);
            tally[name] = (tally[name] ?? 0) + 1;
            return error instanceof DatabaseError ? error.outcome : "untyped";
          },
        )
        .finally(() => {
          settled = true;
        });
    const offset =
      blow === "session"
        ? decidedMs + (random.next() + random.next() - 1) * 0.6
        : random.next() * usualMs * 1.2 - 0.3;
    let struck: Promise<unknown> | undefined;
    if (offset < 0) {
      struck = strike();
      spin(-offset);
    }
    const begin = performance.now();
    const answer = write();
    if (struck === undefined) {
      // Turns of the loop, or what is sent later than at once would never be hit.
      while (performance.now() - begin < offset - 0.1) await turn();
      spin(offset - (performance.now() - begin));
      struck = strike();
    }
    await struck;
    // What looks for the fate of the write may be hit as well.
    if (blow === "session" && random.next() < 0.3) {
      for (let more = 0; more < 4 && !settled; more++) {
        await killer.execute(others(backend)).then(async (rows) => {
          for (const [id] of rows) await killer.execute(blowOn(backend, blow, Number(id))).catch(() => {});
        });
        spin(random.next() * 2);
        await turn();
      }
    }
    for (let more = 0; blow === "statement" && more < 5 && !settled; more++) {
      spin(random.next() * 0.3);
      await strike();
    }
    const outcome = await answer;
    if (outcome === "ok" && round < 100) usualMs = usualMs * 0.9 + (performance.now() - begin) * 0.1;
    if (outcome === "ok") tally.ok = (tally.ok ?? 0) + 1;
    decidedMs = Math.min(20, Math.max(-1, decidedMs + (outcome === "ok" ? -0.05 : 0.05)));
    said.push({ mark, kind, outcome });
  }
  tally["decided after us"] = Math.round(decidedMs * 1000);
  const column = kind.name === "delete" ? "history_comment" : "mark";
  const table = kind.name === "executemany" ? "plain_rows" : "ledger_history";
  const rows = await database.query(`SELECT ${column}, count(*) FROM ${table} GROUP BY ${column}`);
  const stored = new Map(rows.map(([mark, count]) => [String(mark), Number(count)]));
  const broken: string[] = [];
  for (const { mark, outcome } of said) {
    const found = stored.get(mark) ?? 0;
    const allowed = outcome === "ok" ? [kind.whole] : outcome === "unknown" ? [0, kind.whole] : [0];
    if (!allowed.includes(found)) broken.push(`${mark} was told ${outcome}, and is stored ${found} times`);
    if (outcome !== "ok" && found > 0) tally["failed, and stored"] = (tally["failed, and stored"] ?? 0) + 1;
  }
  return { broken, tally, rounds: said.length };
}

const targets = [
  { name: "mysql", backend: "mysql", connect: DatabaseManager.connect },
  { name: "mysql without blocks", backend: "mysql", connect: connectWithoutBlocks },
  { name: "postgres", backend: "postgres", connect: DatabaseManager.connect },
] as const;

describe.each(targets)("row 16: writes that are killed, on $name", ({ name, backend, connect }) => {
  it.skipIf(missing(backend) !== undefined).each(["session", "statement"] as const)(
    "are told truly when their %s is ended",
    async (blow) => {
      const database = await sharedDatabase(backend);
      const random = chance();
      console.info(`FAULTS_SEED=${random.seed}`);
      const killer = DatabaseManager.connect(database.url, { alias: "nemesis", circuitBreaker: false });
      const db = connect(database.url, { alias: "killed", circuitBreaker: false, pool: { maxSize: 1 } });
      try {
        await db.saveEntity("ledger", { id: "hot", mark: "made" });
        await database.query("CREATE TABLE plain_rows (mark VARCHAR(100))");
        const broken: string[] = [];
        let failed = 0;
        for (const kind of kinds) {
          const untilMs = performance.now() + (seconds * 1000) / kinds.length;
          const found = await storm(db, killer, database, kind, blow, random, untilMs);
          measure("16", name, { blow, kind: kind.name, rounds: found.rounds, ...found.tally });
          broken.push(...found.broken);
          failed += found.rounds - (found.tally.ok ?? 0);
        }
        expect(broken).toEqual([]);
        expect(failed).toBeGreaterThan(0);
      } finally {
        await db.close();
        await killer.close();
        await database.drop();
      }
    },
  );
});
