import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { type PrivateServer, privateMariadb, privatePostgres } from "../../servers/index.ts";
import { type Answer, answerOf, longest, tally } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { SmallDisk, smallDiskMissing } from "../harness/small-disk.ts";
import { databaseOn, missing, serverBackends } from "../harness/targets.ts";

/** What a new server needs and a little more, in megabytes. */
const sizes = { postgres: 80, mysql: 220 };
const timeout = 5;
const noDisk = smallDiskMissing();
if (noDisk !== undefined) console.warn(`row 25 on servers is left out: ${noDisk}`);

describe.each(serverBackends)("row 25: the disk of the server is full, on %s", (backend) => {
  let disk: SmallDisk | undefined;
  let server: PrivateServer | undefined;
  afterEach(async () => {
    await DatabaseManager.closeAll({ timeout: 1 });
    await server?.close();
    disk?.remove();
  });

  function start(): Promise<PrivateServer> {
    // Logs that are soon as large as they will ever be, so that the tables are what fills the disk.
    return backend === "postgres"
      ? privatePostgres({ durable: true, settings: { min_wal_size: "32MB", max_wal_size: "32MB" } })
      : privateMariadb({ durable: true, settings: { "innodb-log-file-size": "8M" } });
  }

  it.skipIf(missing(backend) !== undefined || noDisk !== undefined)(
    "whole transactions only; goes on when there is room",
    async () => {
      const own = new SmallDisk(sizes[backend]);
      disk = own;
      const running = await own.holding(start);
      server = running;
      const database = await databaseOn(running);
      const db = DatabaseManager.connect(database.url, {
        alias: "strata faults",
        pool: { maxSize: 2 },
        circuitBreaker: { recoveryTimeout: 0.5 },
      });
      const openings: string[] = [];
      db.on("circuitChanged", ({ to }) => openings.push(to));
      const text = () => randomBytes(60_000).toString("hex");
      const saved = ["first"];
      const unsure: string[] = [];
      await db.saveEntity("filled", { id: "first", text: text() }, { timeout });

      const write = (i: string) =>
        answerOf(
          db.transaction(
            async (tx) => {
              await tx.saveEntity("filled", { id: `${i}-a`, text: text() }, { timeout });
              await tx.saveEntity("filled", { id: `${i}-b`, text: text() }, { timeout });
            },
            { timeout },
          ),
        );
      const failures: Answer[] = [];
      for (let i = 0; i < 1_000 && failures.length < 5; i++) {
        const answer = await write(`n${i}`);
        if (answer.said === "ok") saved.push(`n${i}-a`, `n${i}-b`);
        else failures.push(answer);
        if (answer.said.endsWith("/unknown")) unsure.push(`n${i}-a`, `n${i}-b`);
      }
      const read = await answerOf(db.countEntities("filled", { timeout }));

      own.grow(600);
      const lives = await answerOf(database.query("SELECT 1"));
      // Where the server has ended itself, whoever runs it starts it again.
      if (lives.said !== "ok") await running.restart();
      const healedAt = performance.now();
      let again = await write("last");
      while (again.said !== "ok" && performance.now() - healedAt < 10_000) {
        if (again.said.endsWith("/unknown")) unsure.push("last-a", "last-b");
        await sleep(50);
        again = await write("last");
      }
      const recoveredMs = performance.now() - healedAt;
      const stored = (await database.query("SELECT id FROM filled")).map(([id]) => String(id)).sort();
      const kept = (await database.query("SELECT id FROM filled_history")).map(([id]) => String(id)).sort();
      measure("25", backend, {
        "saved before": saved.length,
        ...tally(failures),
        "longest ms": longest(failures),
        "read when full": read.said,
        "the server": lives.said === "ok" ? "lives" : "had ended itself",
        "circuit changed": openings.length,
        "works again after ms": recoveredMs,
      });
      expect(failures.length).toBeGreaterThan(0);
      for (const { said, error } of failures)
        expect(said, String(error)).toMatch(
          /^(StorageError|ConnectionError|CircuitOpenError|CommitOutcome|PoolTimeout|QueryTimeout)/,
        );
      // A transaction has a few calls, each with this limit; only the one that meets the full disk waits.
      expect(longest(failures)).toBeLessThan(timeout * 1000 + marginMs);
      if (lives.said === "ok") expect(read.said).toBe("ok");
      expect(again.said).toBe("ok");
      expect(kept).toEqual(stored);
      const extra = stored.filter((id) => !saved.includes(id) && !id.startsWith("last"));
      expect(saved.filter((id) => !stored.includes(id))).toEqual([]);
      expect(extra.filter((id) => !unsure.includes(id))).toEqual([]);
      expect(extra.length % 2).toBe(0);
      // It opens at most once for each time that the server was really away.
      expect(openings.filter((to) => to === "open").length).toBeLessThan(lives.said === "ok" ? 1 : 4);
    },
  );
});
