import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { answerOf } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { type FaultDatabase, sqliteDatabase } from "../harness/targets.ts";

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
