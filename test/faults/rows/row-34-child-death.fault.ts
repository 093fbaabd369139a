import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { BlockingProcess } from "../harness/blocking-process.ts";
import { answerOf } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { deaths } from "../harness/dying-driver.ts";
import { measure } from "../harness/measure.ts";
import {
  type FaultDatabase,
  missing,
  serverBackends,
  sharedDatabase,
  sqliteDatabase,
} from "../harness/targets.ts";
import { expectNothingBroken } from "../harness/verdict.ts";

function children(): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [pid, parent, ...words] = line.trim().split(/\s+/);
    const isOurs = Number(parent) === process.pid && words.join(" ").includes("sqlite/process/child");
    return isOurs ? [Number(pid)] : [];
  });
}

describe("row 34: the process that holds an SQLite connection dies", () => {
  let database: FaultDatabase | undefined;
  afterEach(async () => {
    await DatabaseManager.closeAll({ timeout: 1 });
    await database?.drop();
  });

  it("inside a call, inside a transaction", async () => {
    const own = sqliteDatabase();
    database = own;
    const db = DatabaseManager.connect("sqlite", {
      database: own.url,
      // A read would be tried again, which is not what this is about.
      retry: false,
      isolation: "process",
      pool: { maxSize: 2 },
    });
    await db.saveEntity("things", { id: "one", n: 1 });
    const endless =
      "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 200000000) SELECT count(*) FROM c";
    const running = answerOf(db.execute(endless, [], { timeout: 3 }));
    await sleep(200);
    const killedAt = performance.now();
    const killed = children();
    for (const pid of killed) process.kill(pid, "SIGKILL");
    const answer = await running;
    const toldMs = performance.now() - killedAt;
    const transaction = await answerOf(
      db.transaction(
        async (tx) => {
          await tx.saveEntity("things", { id: "two", n: 2 });
          for (const pid of children()) process.kill(pid, "SIGKILL");
          await sleep(50);
          await tx.saveEntity("things", { id: "three", n: 3 });
        },
        { timeout: 3 },
      ),
    );
    const again = await answerOf(db.saveEntity("things", { id: "one", n: 2 }, { timeout: 3 }));
    const stored = (await own.query("SELECT id FROM things")).map(([id]) => String(id));
    measure("34", "sqlite", {
      killed: killed.length,
      said: answer.said,
      "told after ms": toldMs,
      transaction: transaction.said,
      afterwards: again.said,
      "after ms": again.ms,
    });
    expect(killed.length).toBeGreaterThan(0);
    expect(answer.said).toMatch(/^(ConnectionError|ok)/);
    expect(answer.ms).toBeLessThan(3_000 + marginMs);
    expect(transaction.said).toMatch(/^(ConnectionError|TransactionDoomedError|ClosedError)\//);
    expect(again.said).toBe("ok");
    expect(stored).toEqual(["one"]);
    expect(await own.query("PRAGMA integrity_check")).toEqual([["ok"]]);
  });
});

describe.each(serverBackends)(
  "row 34: the thread that holds a blocking connection dies, on %s",
  (backend) => {
    const timeout = 1.5;
    // What is left of a caller's limit is what the thread has for its last words.
    const limitMs = timeout * 1000 + marginMs;
    const killed =
      backend === "postgres" ? "SELECT pg_terminate_backend(pg_backend_pid())" : "SELECT 'killed'";
    const ways = [...deaths.map((how) => `SELECT 'die:${how}'`), ...(backend === "postgres" ? [killed] : [])];
    let database: FaultDatabase | undefined;
    let caller: BlockingProcess | undefined;
    afterEach(async () => {
      await caller?.close();
      await database?.drop();
    });

    it.skipIf(missing(backend) !== undefined)("inside a call, inside a transaction", async () => {
      const own = await sharedDatabase(backend);
      database = own;
      await own.query("CREATE TABLE marks (mark VARCHAR(20) PRIMARY KEY, n INTEGER)");
      await own.query("INSERT INTO marks VALUES ('a', 0)");
      const options = { alias: "strata faults", retry: false, circuitBreaker: false };
      // A small heap, so that the thread is soon out of memory.
      caller = new BlockingProcess({ url: own.url, options, mayDie: true }, ["--max-old-space-size=150"]);
      expect((await caller.execute("SELECT 1", 10)).said).toBe("ok");
      const broken: string[] = [];
      let added = 0;
      for (const sql of ways) {
        const alone = await caller.execute(sql, timeout);
        const after = await caller.execute("SELECT 1", timeout);
        const together = await caller.transaction(
          ["UPDATE [marks] SET [n] = [n] + 100 WHERE [mark] = 'a'", sql],
          timeout,
        );
        // The lock of the one that died must not be in the way.
        const next = await caller.execute("UPDATE [marks] SET [n] = [n] + 1 WHERE [mark] = 'a'", timeout);
        added += 1;
        measure("34", backend, {
          way: sql,
          said: alone.said,
          ms: alone.ms,
          "in a transaction": together.said,
          "then ms": together.ms,
          "next call ms": after.ms,
          "next on the same row ms": next.ms,
        });
        for (const { said, ms, stalledMs } of [alone, together]) {
          if (!/^(ConnectionError|QueryTimeoutError|TransactionDoomedError)\//.test(said))
            broken.push(`E: ${sql}: ${said}`);
          if (ms - stalledMs > limitMs) broken.push(`T: ${sql}: ${said} after ${ms.toFixed(0)} ms`);
        }
        if (!/\/unknown$/.test(alone.said)) broken.push(`E: ${sql}: ${alone.said}, expected unknown`);
        for (const { said } of [after, next])
          if (said !== "ok") broken.push(`P: ${sql}: the next call fails: ${said}`);
        expect(await own.query("SELECT n FROM marks")).toEqual([[added]]);
      }
      expectNothingBroken(`row 34 ${backend}`, broken);
    });
  },
);
