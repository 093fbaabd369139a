import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type AsyncConnection, DatabaseManager } from "../../../src/index.ts";
import { type PrivateServer, privateMariadb, privatePostgres } from "../../servers/index.ts";
import { type Answer, answerOf, longest, tally } from "../harness/calls.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { databaseOn, type FaultDatabase, missing, serverBackends } from "../harness/targets.ts";

describe.each(serverBackends)("limits of the server, on %s", (backend) => {
  const reason = missing(backend);
  let server: PrivateServer | undefined;
  afterEach(async () => {
    await DatabaseManager.closeAll({ timeout: 1 });
    await server?.close();
    server = undefined;
  });

  async function start(
    postgres: Record<string, string>,
    mysql: Record<string, string>,
  ): Promise<FaultDatabase> {
    server =
      backend === "postgres"
        ? await privatePostgres({ settings: postgres })
        : await privateMariadb({ settings: mysql });
    return await databaseOn(server);
  }

  it.skipIf(reason !== undefined)("row 15: the server has no connection to spare", async () => {
    const database = await start({ max_connections: "20" }, { "max-connections": "20" });
    const filler = DatabaseManager.connect(database.url, {
      alias: "filler",
      pool: { maxSize: 40 },
      circuitBreaker: false,
    });
    const held: AsyncConnection[] = [];
    for (let i = 0; i < 40; i++) {
      const connection = await filler.connection({ timeout: 1 }).catch(() => undefined);
      if (connection === undefined) break;
      held.push(connection);
    }
    const db = DatabaseManager.connect(database.url, {
      alias: "strata faults",
      circuitBreaker: { recoveryTimeout: 0.5 },
    });
    const refused = await Promise.all(
      [1, 2, 3].map(() => answerOf(db.execute("SELECT 1", [], { timeout: 0.5 }))),
    );
    for (const connection of held) await connection.close();
    await filler.close({ timeout: 2 });
    const healed = performance.now();
    let again = await answerOf(db.execute("SELECT 1", [], { timeout: 2 }));
    while (again.said !== "ok" && performance.now() - healed < 10_000) {
      await sleep(50);
      again = await answerOf(db.execute("SELECT 1", [], { timeout: 2 }));
    }
    measure("15", backend, {
      held: held.length,
      ...tally(refused),
      "longest ms": longest(refused),
      "works again after ms": performance.now() - healed,
    });
    expect(held.length).toBeGreaterThan(10);
    for (const { said } of refused) expect(said).toMatch(/\/not_sent$/);
    expect(longest(refused)).toBeLessThan(500 + marginMs);
    expect(again.said).toBe("ok");
  });

  it.skipIf(reason !== undefined)("row 17: the server ends idle sessions", async () => {
    const database = await start({ idle_session_timeout: "1s" }, { "wait-timeout": "1" });
    const db = DatabaseManager.connect(database.url, { alias: "strata faults", pool: { maxSize: 5 } });
    await db.saveEntity("idle", { id: "one", n: 0 });
    const answers: Answer[] = [];
    for (let round = 1; round <= 4; round++) {
      // Once a little before the limit, when the server's end of it may just be under way, and then well after.
      await sleep(round % 2 === 1 ? 990 : 1_400);
      answers.push(
        ...(await Promise.all(
          Array.from({ length: 5 }, (_, i) =>
            answerOf(
              i < 3 ? db.getEntity("idle", "one") : db.saveEntity("idle", { id: `r${round}-${i}`, n: i }),
            ),
          ),
        )),
      );
    }
    measure("17", backend, { ...tally(answers), "longest ms": longest(answers) });
    expect(tally(answers)).toEqual({ ok: answers.length });
  });

  it.skipIf(reason !== undefined)("row 18: the server ends an idle transaction", async () => {
    const database = await start(
      { idle_in_transaction_session_timeout: "200ms" },
      { "idle-transaction-timeout": "1" },
    );
    const db = DatabaseManager.connect(database.url, { alias: "strata faults" });
    await db.execute("CREATE TABLE [plain_rows] ([n] INTEGER)");
    let runs = 0;
    const answer = await answerOf(
      db.transaction(async (tx) => {
        runs += 1;
        await tx.execute("INSERT INTO [plain_rows] VALUES (1)");
        await sleep(backend === "postgres" ? 500 : 1_600);
        await tx.execute("INSERT INTO [plain_rows] VALUES (2)");
      }),
    );
    const rows = await database.query("SELECT n FROM plain_rows");
    const again = await answerOf(db.execute("SELECT 1"));
    measure("18", backend, { said: answer.said, runs, stored: rows.length, afterwards: again.said });
    expect(answer.said).toMatch(/^(ConnectionError|TransactionDoomedError|ClosedError)\//);
    expect(answer.said).not.toMatch(/unknown$/);
    expect(runs).toBe(1);
    expect(rows).toEqual([]);
    expect(again.said).toBe("ok");
  });
});
