import { describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { nameOf } from "../harness/calls.ts";
import { measure } from "../harness/measure.ts";
import { FaultProxy, forward } from "../harness/proxy.ts";
import { chance } from "../harness/seed.ts";
import { missing, serverBackends, sharedDatabase, through } from "../harness/targets.ts";

/** A million is the row's own figure: FAULTS_OPERATIONS=1000000. */
const operations = Number(process.env.FAULTS_OPERATIONS ?? 60_000);

function heapMb(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

describe.each(serverBackends)("row 40: soak, on %s", (backend) => {
  it.skipIf(missing(backend) !== undefined)(
    "mixed operations and faults",
    { timeout: 3_600_000 },
    async () => {
      const database = await sharedDatabase(backend);
      const proxy = await FaultProxy.start(Number(new URL(database.url).port));
      const random = chance();
      const db = DatabaseManager.connect(through(database.url, proxy.port), {
        alias: "strata faults",
        pool: { maxSize: 10 },
        circuitBreaker: false,
      });
      const counts: Record<string, number> = {};
      const heaps: number[] = [];
      let started = 0;
      try {
        await db.saveEntity("soak", { id: "s0", n: 0 });
        await db.execute("CREATE TABLE [plain_rows] ([n] INTEGER)");
        // One packet in three thousand meets a reset; besides, one call in forty fails by itself.
        proxy.script = () => (random.below(3_000) === 0 ? { does: "reset" } : forward);
        const one = async (i: number) => {
          const id = `s${random.below(500)}`;
          switch (i % 10) {
            case 0:
            case 1:
              return await db.saveEntity("soak", { id, n: i }, { timeout: 5 });
            case 2:
              return await db.transaction(
                async (tx) => {
                  await tx.saveEntity("soak", { id, n: i }, { timeout: 5 });
                  if (random.below(4) === 0) throw new Error("the caller's own");
                },
                { timeout: 5 },
              );
            case 3:
              return await db.findEntities("soak", { where: "[id] = ?", params: [id], timeout: 5 });
            case 4:
              return await db.execute(`SELECT ${i} AS [n]`, [], { timeout: 5 });
            case 5:
              return await db.execute("INSERT INTO [plain_rows] VALUES (?)", [i], { timeout: 5 });
            case 6:
              return random.below(4) === 0
                ? await db.execute("SELECT 1 FROM [nowhere]", [], { timeout: 5 })
                : await db.countEntities("soak", { timeout: 5 });
            default:
              return await db.getEntity("soak", id, { timeout: 5 });
          }
        };
        const begin = performance.now();
        await Promise.all(
          Array.from({ length: 20 }, async () => {
            while (started < operations) {
              const i = started++;
              if (i % Math.floor(operations / 10) === 0) heaps.push(heapMb());
              const said = await one(i).then(
                () => "ok",
                (error: unknown) => `${i % 10 === 2 ? "transaction: " : ""}${nameOf(error)}`,
              );
              counts[said] = (counts[said] ?? 0) + 1;
            }
          }),
        );
        heaps.push(heapMb());
        const seconds = (performance.now() - begin) / 1000;
        proxy.script = () => forward;
        const early = heaps[1] ?? 0;
        const late = heaps.at(-1) ?? 0;
        const [row] =
          backend === "postgres"
            ? await db.execute("SELECT count(*) FROM pg_prepared_statements")
            : await database.query("SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'");
        const prepared = Number(row?.at(-1));
        measure("40", backend, {
          seed: random.seed,
          operations,
          ...counts,
          "per second": operations / seconds,
          "heap MB after a tenth": early,
          "at the end": late,
          "prepared statements on the server": prepared,
        });
        expect(late).toBeLessThan(early * 1.2 + 5);
        // The default of the statement caches, for ten connections.
        expect(prepared).toBeLessThanOrEqual(10 * 110);
        const said = Object.keys(counts).filter((name) => name.includes("untyped"));
        expect(said.filter((name) => !name.includes("the caller's own"))).toEqual([]);
        expect(db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
      } finally {
        await db.close({ timeout: 2 });
        await proxy.close();
        await database.drop();
      }
    },
  );
});
