import { describe, expect, it } from "vitest";
import { type Database, DatabaseManager } from "../../../src/index.ts";
import { measure } from "../harness/measure.ts";
import { FaultProxy, forward } from "../harness/proxy.ts";
import { chance } from "../harness/seed.ts";
import { checkRest } from "../harness/sessions.ts";
import { makeSoak, soak } from "../harness/soak.ts";
import {
  type FaultDatabase,
  missing,
  serverBackends,
  sharedDatabase,
  sqliteDatabase,
  through,
} from "../harness/targets.ts";

/** A million is the row's own figure: FAULTS_OPERATIONS=1000000. */
const operations = Number(process.env.FAULTS_OPERATIONS ?? 60_000);
const poolSize = 10;
const options = { alias: "strata faults", pool: { maxSize: poolSize } };

/** Soaks, and looks at what is left. `harmed` answers how many packets were harmed. */
async function soaked(db: Database, database: FaultDatabase, harmed: () => number, heal: () => void) {
  const { backend } = database;
  const random = chance();
  await makeSoak(db);
  const { answers, heaps, rss, mostConnections, seconds } = await soak(db, operations, random);
  heal();
  const prepared = await statementsOf(db, database);
  const [early = 0, late = 0] = [heaps[0], heaps.at(-1)];
  measure("40", backend, {
    seed: random.seed,
    operations,
    ...answers,
    "packets harmed": harmed(),
    "per second": operations / seconds,
    "heap MB after each tenth": heaps.map((mb) => mb.toFixed(1)).join(" "),
    "end / first tenth": late / early,
    "resident MB": rss.map((mb) => mb.toFixed(0)).join(" "),
    "most connections": mostConnections,
    "prepared statements of a connection": prepared,
  });
  // In a short run the first tenth is over before all is warm.
  expect(late).toBeLessThan(early * 1.2 + (operations < 1_000_000 ? 5 : 0));
  // What lies outside of the heap comes and goes with the collector; a leak there was three times as much.
  expect((rss.at(-1) ?? 0) - (rss[4] ?? 0)).toBeLessThan(60);
  expect(mostConnections).toBeLessThanOrEqual(poolSize);
  // The default of the statement caches is 200 and 100; what is being replaced may be there as well.
  expect(prepared).toBeLessThanOrEqual(210);
  expect(Object.keys(answers).filter((said) => said.startsWith("untyped"))).toEqual([]);
  expect(answers.ok).toBeGreaterThan(operations * 0.9);
  expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
  expect((await checkRest(database, poolSize)).broken).toEqual([]);
}

/** The most prepared statements that one of the connections has on its server. */
async function statementsOf(db: Database, { backend, query }: FaultDatabase): Promise<number> {
  if (backend === "sqlite") return 0;
  if (backend === "mysql") {
    const [row] = await query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
    return Number(row?.[1]) / db.getPoolMetrics().size;
  }
  const all = await Promise.all(Array.from({ length: poolSize }, () => db.connection()));
  try {
    const counts = all.map(async (connection) => {
      const [row] = await connection.execute("SELECT count(*) FROM pg_prepared_statements");
      return Number(row?.[0]);
    });
    return Math.max(...(await Promise.all(counts)));
  } finally {
    for (const connection of all) await connection.close();
  }
}

describe("row 40: soak", () => {
  it.each(serverBackends)("mixed operations and faults on %s", { timeout: 7_200_000 }, async (backend) => {
    if (missing(backend) !== undefined) return;
    const database = await sharedDatabase(backend);
    const proxy = await FaultProxy.start(Number(new URL(database.url).port));
    const random = chance();
    const db = DatabaseManager.connect(through(database.url, proxy.port), {
      ...options,
      circuitBreaker: false,
    });
    let harmed = 0;
    try {
      // Of the packets, one in 3,000 meets a reset, one in 100,000 the silence of the network, one in 500 is late.
      proxy.script = () => {
        const drawn = random.below(300_000);
        if (drawn >= 703) return forward;
        harmed += 1;
        if (drawn < 3) return { does: "silence" };
        return drawn < 103 ? { does: "reset" } : { does: "forward", delayMs: 20 };
      };
      await soaked(
        db,
        database,
        () => harmed,
        () => {
          proxy.script = () => forward;
        },
      );
    } finally {
      await db.close({ timeout: 2 });
      await proxy.close();
      await database.drop();
    }
  });

  it("mixed operations on sqlite", { timeout: 7_200_000 }, async () => {
    const database = sqliteDatabase();
    const db = DatabaseManager.connect("sqlite", { database: database.url, ...options });
    try {
      await soaked(
        db,
        database,
        () => 0,
        () => {},
      );
    } finally {
      await db.close({ timeout: 2 });
      await database.drop();
    }
  });
});
