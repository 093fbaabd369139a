import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { measure } from "../harness/measure.ts";
import { runLoad } from "../harness/run-load.ts";
import { chance } from "../harness/seed.ts";
import { checkRest } from "../harness/sessions.ts";
import { missing, sharedDatabase, sqliteDatabase } from "../harness/targets.ts";

const program = new URL("../harness/bulk-writer.ts", import.meta.url).pathname;
const size = 1_000;
const runs = Number(process.env.FAULTS_RUNS ?? 15);
const stoppedSeconds = Number(process.env.FAULTS_STOPPED ?? 8);

describe.each(["sqlite", "postgres", "mysql"] as const)("the client, on %s", (backend) => {
  const reason = backend === "sqlite" ? undefined : missing(backend);

  it.skipIf(reason !== undefined)("row 31: killed in a bulk save", { timeout: runs * 12_000 }, async () => {
    const database = backend === "sqlite" ? sqliteDatabase() : await sharedDatabase(backend);
    const random = chance();
    let longestRestMs = 0;
    try {
      const db =
        backend === "sqlite"
          ? DatabaseManager.connect("sqlite", { database: database.url })
          : DatabaseManager.connect(database.url, { alias: "strata setup" });
      await db.saveEntity("bulk", { id: "first", mark: "first", n: 0 });
      await db.close();
      for (let run = 1; run <= runs; run++) {
        const settings = JSON.stringify({ url: database.url, size, run });
        const child = spawn(process.execPath, [program, settings], { stdio: ["pipe", "pipe", "inherit"] });
        const ended = new Promise((resolve) => child.once("exit", resolve));
        await new Promise((resolve, reject) => {
          child.stdout.once("data", resolve);
          child.once("exit", (code) => reject(new Error(`the writer ended by itself, exit code ${code}`)));
        });
        await sleep(random.below(500));
        child.kill("SIGKILL");
        await ended;
        const rest = await checkRest(database, 0);
        expect(rest.broken).toEqual([]);
        longestRestMs = Math.max(longestRestMs, rest.ms);
      }
      const sizes =
        "SELECT mark, count(*), min(version), max(version) FROM TABLE WHERE mark <> 'first' GROUP BY mark";
      const history = await database.query(sizes.replace("TABLE", "bulk_history"));
      const main = await database.query(sizes.replace("TABLE", "bulk"));
      measure("31", backend, {
        seed: random.seed,
        runs,
        "whole batches": history.length,
        "locks gone after ms": longestRestMs,
      });
      for (const [, count, first, last] of [...history, ...main])
        expect([count, first, last].map(Number)).toEqual([size, 1, 1]);
      expect(main.length).toBe(history.length);
      if (backend === "sqlite") expect(await database.query("PRAGMA integrity_check")).toEqual([["ok"]]);
    } finally {
      await database.drop();
    }
  });

  it.skipIf(reason !== undefined || backend === "sqlite")("row 32: stopped for a while", async () => {
    if (backend === "sqlite") return;
    const database = await sharedDatabase(backend);
    try {
      await runLoad(
        {
          name: `row 32 ${backend}`,
          database,
          workers: 2,
          poolSize: 5,
          plan: { timeout: 2, pauseMs: 5 },
          nemesis: async (load) => {
            await sleep(1_000);
            const [pid] = load.pids;
            if (pid === undefined) throw new Error("expected a worker");
            process.kill(pid, "SIGSTOP");
            await sleep(stoppedSeconds * 1000);
            process.kill(pid, "SIGCONT");
            await sleep(2_000);
          },
        },
        (result) => {
          measure("32", backend, {
            seed: result.seed,
            "stopped for s": stoppedSeconds,
            ok: result.ok,
            failed: result.failed,
            unknown: result.unknown,
            "latest (ms after the deadline, without the pause)": result.latestMs,
            ...result.errors,
          });
          expect(result.broken.slice(0, 10)).toEqual([]);
          // The pause is not the database's fault, so the breaker has nothing to open for.
          expect(Object.keys(result.errors).filter((name) => name.startsWith("CircuitOpen"))).toEqual([]);
        },
      );
    } finally {
      await database.drop();
    }
  });
});
