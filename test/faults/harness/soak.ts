import { setImmediate as turn } from "node:timers/promises";
import type { Database } from "../../../src/index.ts";
import { nameOf } from "./calls.ts";
import type { Chance } from "./seed.ts";

/** What the soak has seen. Sizes in MB: after each tenth of the operations, the first entry after the first. */
export interface SoakFigures {
  readonly answers: Record<string, number>;
  readonly heaps: number[];
  readonly rss: number[];
  /** Most connections that the pool had at one of these moments. */
  mostConnections: number;
  seconds: number;
}

const limits = { timeout: 5 };

/** What the operations work on. */
export async function makeSoak(db: Database): Promise<void> {
  await db.saveEntity("soak", { id: "s0", n: 0 });
  await db.execute("CREATE TABLE [plain_rows] ([n] INTEGER)");
}

/** Mixed operations by 20 callers. One in twenty fails by the caller's own doing, or by a mistake in its SQL. */
export async function soak(db: Database, operations: number, random: Chance): Promise<SoakFigures> {
  const figures: SoakFigures = { answers: {}, heaps: [], rss: [], mostConnections: 0, seconds: 0 };
  const begin = performance.now();
  const tenth = Math.max(1, Math.floor(operations / 10));
  let started = 0;
  const caller = async () => {
    while (started < operations) {
      const i = started++;
      if (i > 0 && i % tenth === 0) note(figures, db);
      // SQLite answers at once. Without a turn of the event loop Node.js frees no statement of the driver's.
      if (i % 100 === 0) await turn();
      const said = await one(db, i, random).then(
        () => "ok",
        (error: unknown) => (error instanceof OwnError ? "the caller's own" : nameOf(error)),
      );
      figures.answers[said] = (figures.answers[said] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: 20 }, caller));
  note(figures, db);
  figures.seconds = (performance.now() - begin) / 1000;
  return figures;
}

class OwnError extends Error {}

async function one(db: Database, i: number, random: Chance): Promise<unknown> {
  const id = `s${random.below(500)}`;
  switch (i % 10) {
    case 0:
    case 1:
      return await db.saveEntity("soak", { id, n: i }, limits);
    case 2:
      return await db.transaction(async (tx) => {
        await tx.saveEntity("soak", { id, n: i }, limits);
        if (random.below(4) === 0) throw new OwnError();
      }, limits);
    case 3:
      return await db.findEntities("soak", { where: "[id] = ?", params: [id], ...limits });
    case 4:
      // A new text each time: what is kept of statements must not grow with them.
      return await db.execute(`SELECT ${i} AS [n]`, [], limits);
    case 5:
      return await db.execute("INSERT INTO [plain_rows] VALUES (?)", [i], limits);
    case 6:
      return random.below(4) === 0
        ? await db.execute("SELECT 1 FROM [nowhere]", [], limits)
        : await db.countEntities("soak", limits);
    default:
      return await db.getEntity("soak", id, limits);
  }
}

function note(figures: SoakFigures, db: Database): void {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  figures.heaps.push(heapUsed / 2 ** 20);
  figures.rss.push(rss / 2 ** 20);
  figures.mostConnections = Math.max(figures.mostConnections, db.getPoolMetrics().size);
}
