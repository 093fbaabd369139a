import { stat } from "node:fs/promises";
import { loadavg } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { answerOf } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { runLoad } from "../harness/run-load.ts";
import { type FaultDatabase, sqliteDatabase } from "../harness/targets.ts";

describe("SQLite", () => {
  let database: FaultDatabase | undefined;
  afterEach(async () => {
    await DatabaseManager.closeAll({ timeout: 1 });
    await database?.drop();
    database = undefined;
  });

  it("row 35: four processes write, one reads for long, one is killed", async () => {
    const own = sqliteDatabase();
    database = own;
    const lag = monitorEventLoopDelay({ resolution: 10 });
    let largestWal = 0;
    await runLoad(
      {
        name: "row 35 sqlite",
        database: own,
        workers: 4,
        poolSize: 4,
        plan: { clients: 3, pauseMs: 10, timeout: 5, mix: { create: 3, append: 3, pair: 2, read: 1 } },
        nemesis: async (load) => {
          const db = DatabaseManager.connect("sqlite", { database: own.url });
          await db.execute("SELECT count(*) FROM [ledger]");
          lag.enable();
          const until = performance.now() + 6_000;
          const writing = (async () => {
            for (let n = 0; performance.now() < until; n++) {
              await db.saveEntity("own", { id: `own-${n % 5}`, n }, { timeout: 5 });
              await sleep(5);
            }
          })();
          const reading = (async () => {
            while (performance.now() < until) {
              // A snapshot that is kept for a second holds the WAL, which can begin anew only in the pause.
              await db.transaction(
                async (tx) => {
                  await tx.execute("SELECT count(*) FROM [ledger_history]");
                  await sleep(1_000);
                },
                { readOnly: true },
              );
              largestWal = Math.max(
                largestWal,
                (await stat(`${own.url}-wal`).catch(() => ({ size: 0 }))).size,
              );
              await sleep(100);
            }
          })();
          await sleep(3_000);
          await load.killOne();
          await Promise.all([writing, reading]);
          lag.disable();
          await db.close();
        },
      },
      (result) => {
        const p99 = lag.percentile(99) / 1e6;
        measure("35", "sqlite", {
          seed: result.seed,
          ok: result.ok,
          failed: result.failed,
          "without an end": result.unknown,
          "of them happened": result.happened,
          "loop lag p99 ms": p99,
          "largest WAL kB": largestWal / 1024,
          ...result.errors,
        });
        expect(result.broken.slice(0, 10)).toEqual([]);
        expect(result.failed).toBe(0);
        // Four writers and this process have two cores; where others use them too, it says less.
        expect(p99).toBeLessThan((loadavg()[0] ?? 0) > 4 ? 250 : 50);
        expect(largestWal).toBeLessThan(64 * 2 ** 20);
      },
    );
    expect(await own.query("PRAGMA integrity_check")).toEqual([["ok"]]);
  });

  it("row 36: a query of 15 s is stopped after one", async () => {
    const own = sqliteDatabase();
    database = own;
    const db = DatabaseManager.connect("sqlite", {
      database: own.url,
      isolation: "process",
      pool: { maxSize: 2 },
    });
    await db.saveEntity("things", { id: "one", n: 1 });
    const endless =
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 200000000) SELECT count(*) FROM c";
    const reading = await answerOf(db.execute(endless, [], { timeout: 1 }));
    const writing = await answerOf(db.execute(`UPDATE [things] SET [n] = (${endless})`, [], { timeout: 1 }));
    const begin = performance.now();
    const again = await answerOf(db.saveEntity("things", { id: "one", n: 2 }, { timeout: 3 }));
    measure("36", "sqlite", {
      read: reading.said,
      "read ms": reading.ms,
      write: writing.said,
      "write ms": writing.ms,
      "next write": again.said,
      "after ms": performance.now() - begin,
    });
    for (const { said, ms } of [reading, writing]) {
      expect(said).toMatch(/^QueryTimeoutError/);
      expect(ms).toBeLessThan(1_000 + marginMs);
    }
    expect(again.said).toBe("ok");
    expect(await own.query("SELECT n FROM things")).toEqual([[2]]);
    expect(await own.query("PRAGMA integrity_check")).toEqual([["ok"]]);
  });

  it("row 25: the file may not grow any more", async () => {
    const own = sqliteDatabase();
    database = own;
    const db = DatabaseManager.connect("sqlite", { database: own.url, pool: { maxSize: 1 } });
    await db.saveEntity("full", { id: "first", text: "x" });
    await db.execute("PRAGMA max_page_count = 300");
    const big = "x".repeat(20_000);
    const saved: string[] = ["first"];
    let failure = "";
    for (let i = 0; i < 200 && failure === ""; i++) {
      const { said } = await answerOf(
        db.transaction(async (tx) => {
          await tx.saveEntity("full", { id: `a${i}`, text: big });
          await tx.saveEntity("full", { id: `b${i}`, text: big });
        }),
      );
      if (said === "ok") saved.push(`a${i}`, `b${i}`);
      else failure = said;
    }
    const read = await answerOf(db.countEntities("full"));
    await db.execute("PRAGMA max_page_count = 100000");
    const again = await answerOf(db.saveEntity("full", { id: "last", text: big }));
    const stored = (await own.query("SELECT id FROM full")).map(([id]) => String(id));
    measure("25", "sqlite", {
      failure,
      stored: stored.length,
      "read when full": read.said,
      afterwards: again.said,
    });
    expect(failure).toMatch(/^StorageError\/(rolled_back|rejected)$/);
    expect(read.said).toBe("ok");
    expect(again.said).toBe("ok");
    expect(stored.sort()).toEqual([...saved, "last"].sort());
    expect(db.circuit).toBe("closed");
    expect(await own.query("PRAGMA integrity_check")).toEqual([["ok"]]);
  });
});
