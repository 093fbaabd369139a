import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { DatabaseManager } from "../../../src/index.ts";
import { queryPostgres } from "../../servers/clients.ts";
import {
  type PrivateServer,
  privatePostgres,
  type Standby,
  standbyMissing,
  startStandby,
} from "../../servers/index.ts";
import { answerOf, tally } from "../harness/calls.ts";
import { measure } from "../harness/measure.ts";
import { FaultProxy } from "../harness/proxy.ts";
import { databaseOn, missing, through } from "../harness/targets.ts";

const reason = missing("postgres") ?? standbyMissing();

describe("an old primary that comes back", () => {
  const servers: (PrivateServer | Standby)[] = [];
  let proxy: FaultProxy | undefined;
  afterEach(async () => {
    await DatabaseManager.closeAll({ timeout: 1 });
    await proxy?.close();
    for (const server of servers.splice(0).reverse()) await server.close();
  });

  it.skipIf(reason !== undefined)(
    "row 27: takes no write, although half of the connections lead to it",
    async () => {
      const primary = await privatePostgres({ binaries: "system", durable: true });
      servers.push(primary);
      const original = await databaseOn(primary);
      // The statement that tells servers apart must not need more rights than an application has.
      await original.query("CREATE ROLE app LOGIN PASSWORD 'app'");
      await original.query("GRANT ALL ON SCHEMA public TO app");
      const copy = await startStandby(primary);
      servers.push(copy);
      proxy = await FaultProxy.start(primary.port);
      const way = proxy;
      const url = new URL(through(original.url, way.port));
      url.username = "app";
      url.password = "app";
      const db = DatabaseManager.connect(url.href, {
        alias: "strata faults",
        role: "primary",
        circuitBreaker: false,
        pool: { maxSize: 3 },
      });
      let refused = 0;
      db.onPool("connectError", ({ error }) => {
        if (/^split brain/.test(String(error instanceof Error && error.message))) refused += 1;
      });
      await db.saveEntity("ledger", { id: "before", n: 0 });

      await sleep(300);
      await primary.kill9();
      await copy.promote();
      const newUrl = copy.urlOf(original.url);
      way.target = copy.port;
      way.resetAll();
      // Right after the promotion: the control file still names the old timeline.
      await db.saveEntity("ledger", { id: "after", n: 0 });

      await primary.start();
      let turn = 0;
      way.target = () => (turn++ % 2 === 0 ? primary.port : copy.port);
      const answers = [];
      for (let n = 0; n < 40; n++) {
        db.clearIdle();
        answers.push(await answerOf(db.saveEntity("ledger", { id: `n${n}`, n }, { timeout: 5 })));
      }
      const count = "SELECT count(*) FROM ledger WHERE id LIKE 'n%'";
      const stored = Number((await queryPostgres(newUrl, count))[0]?.[0]);
      const lost = Number((await original.query(count))[0]?.[0]);

      way.target = primary.port;
      db.clearIdle();
      const onlyOld = await answerOf(db.saveEntity("ledger", { id: "old", n: 0 }, { timeout: 1 }));
      const stranger = await privatePostgres({ binaries: "system" });
      servers.push(stranger);
      await queryPostgres(stranger.url, "CREATE ROLE app SUPERUSER LOGIN PASSWORD 'app'");
      await queryPostgres(stranger.url, `CREATE DATABASE ${url.pathname.slice(1)}`);
      way.target = stranger.port;
      db.clearIdle();
      const onlyStranger = await answerOf(db.saveEntity("ledger", { id: "old", n: 0 }, { timeout: 1 }));
      way.target = copy.port;
      const again = await answerOf(db.saveEntity("ledger", { id: "again", n: 0 }, { timeout: 5 }));
      measure("27", "postgres", {
        ...tally(answers),
        stored,
        "on the old primary": lost,
        refused,
        "only the old one": onlyOld.said,
        "only a stranger": onlyStranger.said,
        "the new one again": again.said,
      });
      expect(tally(answers)).toEqual({ ok: 40 });
      expect(stored).toBe(40);
      expect(lost).toBe(0);
      expect(refused).toBeGreaterThan(0);
      expect(wordsOf(onlyOld.error)).toMatch(
        /split brain: \S+ is a primary of timeline 1, and timeline 2 has been seen/,
      );
      expect(wordsOf(onlyStranger.error)).toMatch(/split brain: \S+ holds other data/);
      expect(again.said).toBe("ok");
    },
  );
});

/** The messages of an error and of what has caused it. */
function wordsOf(error: unknown): string {
  return error instanceof Error ? `${error.message}; ${wordsOf(error.cause)}` : "";
}
