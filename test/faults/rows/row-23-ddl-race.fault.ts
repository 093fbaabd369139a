import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { errorNote } from "../harness/error-note.ts";
import { measure, quantile, short } from "../harness/measure.ts";
import type { RaceReport } from "../harness/racer.ts";
import { checkRest } from "../harness/sessions.ts";
import { type FaultDatabase, missing, sharedDatabase, sqliteDatabase } from "../harness/targets.ts";

// Each is a process of its own, which takes longer to start than the race.
const racers = short ? 4 : 8;
const keys = short ? 10 : 20;
const program = new URL("../harness/racer.ts", import.meta.url).pathname;

function nextLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.stdout?.once("data", (data) => resolve(String(data)));
    child.once("exit", (code) => reject(new Error(`a racer ended with exit code ${code}`)));
  });
}

describe.each(["sqlite", "postgres", "mysql"] as const)("changes of the schema, on %s", (backend) => {
  const reason = backend === "sqlite" ? undefined : missing(backend);
  const children: ChildProcess[] = [];
  let database: FaultDatabase | undefined;
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill("SIGKILL");
    await database?.drop();
    database = undefined;
  });

  it.skipIf(reason !== undefined)(
    "row 23: several processes use the same new entity and fields",
    async () => {
      database = backend === "sqlite" ? sqliteDatabase() : await sharedDatabase(backend);
      for (let racer = 1; racer <= racers; racer++) {
        const settings = JSON.stringify({ url: database.url, racer, keys });
        children.push(spawn(process.execPath, [program, settings], { stdio: ["pipe", "pipe", "inherit"] }));
      }
      await Promise.all(children.map(nextLine));
      const begin = performance.now();
      const reports = await Promise.all(
        children.map(async (child): Promise<RaceReport> => {
          const line = nextLine(child);
          child.stdin?.write("go\n");
          return JSON.parse(await line);
        }),
      );
      const ms = performance.now() - begin;
      const errors = reports.flatMap((report) => report.errors);
      measure("23", backend, {
        racers,
        keys,
        saved: reports.reduce((sum, { saved }) => sum + saved, 0),
        errors: errors.length,
        "longest save ms": Math.max(...reports.map(({ longestMs }) => longestMs)),
        ms,
      });
      expect(errors).toEqual([]);
      const [row] = await database.query("SELECT count(*), max(version) FROM raced_history");
      expect(row?.map(Number)).toEqual([racers * (keys + 1), 1]);
      const fields = (await database.query("SELECT name FROM raced_meta WHERE name LIKE 'key%'")).length;
      expect(fields).toBe(keys + 1);
      for (let key = 0; key <= keys; key++) {
        const [found] = await database.query(`SELECT count(*) FROM raced WHERE key${key} = ${key}`);
        expect(Number(found?.[0])).toBe(racers);
      }
      expect(Math.max(...reports.map(({ longestMs }) => longestMs))).toBeLessThan(5_000);
    },
  );

  it.skipIf(reason !== undefined || short || backend === "sqlite")(
    "row 24: a long reader: no reader waits behind the change",
    async () => {
      if (backend === "sqlite") return;
      const own = await sharedDatabase(backend);
      database = own;
      const db = DatabaseManager.connect(own.url, { alias: "strata faults", pool: { maxSize: 10 } });
      const reader = DatabaseManager.connect(own.url, { alias: "strata reader" });
      try {
        await db.saveEntity("read", { id: "one", a: 1 });
        await reader.getEntity("read", "one");
        const released = Promise.withResolvers<void>();
        const holding = reader.transaction(async (tx) => {
          await tx.execute("SELECT count(*) FROM [read]");
          await released.promise;
        });
        await sleep(100);
        const begin = performance.now();
        const change = db.saveEntity("read", { id: "two", b: 2 }, { timeout: 2.5 }).then(
          () => "ok",
          (error: unknown) => `${errorNote(error, []).name}/${errorNote(error, []).outcome}`,
        );
        const latencies: number[] = [];
        const writes: number[] = [];
        while (performance.now() - begin < 2_000) {
          let from = performance.now();
          await reader.getEntity("read", "one", { timeout: 5 });
          latencies.push(performance.now() - from);
          from = performance.now();
          await reader.saveEntity("read", { id: "three", a: latencies.length }, { timeout: 5 });
          writes.push(performance.now() - from);
          await sleep(20);
        }
        const said = await change;
        const changeMs = performance.now() - begin;
        released.resolve();
        await holding;
        const after = await db.saveEntity("read", { id: "two", b: 2 }, { timeout: 5 }).then(
          () => "ok",
          (error: unknown) => String(error),
        );
        measure("24", backend, {
          change: said,
          "change ms": changeMs,
          reads: latencies.length,
          "median read ms": quantile(latencies, 0.5),
          "longest read ms": Math.max(...latencies),
          "longest write ms": Math.max(...writes),
          afterwards: after,
        });
        // MariaDB counts the wait for a table's lock in whole seconds.
        expect(Math.max(...latencies)).toBeLessThan(backend === "mysql" ? 1_500 : 1_000);
        expect(changeMs).toBeLessThan(2_500 + 250);
        expect(after).toBe("ok");
      } finally {
        await db.close({ timeout: 2 });
        await reader.close({ timeout: 2 });
      }
      expect((await checkRest(own, 0)).broken).toEqual([]);
    },
  );
});
