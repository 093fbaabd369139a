import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { type AsyncConnection, DatabaseManager } from "../../../src/index.ts";
import { type PrivateServer, privateMariadb, privatePostgres } from "../../servers/index.ts";
import { type BlockingAnswer, BlockingProcess } from "../harness/blocking-process.ts";
import { marginMs } from "../harness/checker.ts";
import { measure } from "../harness/measure.ts";
import { FaultProxy, forward } from "../harness/proxy.ts";
import {
  databaseOn,
  type FaultDatabase,
  missing,
  serverBackends,
  sharedDatabase,
  through,
} from "../harness/targets.ts";

const timeout = 0.5;
const limitMs = timeout * 1000 + marginMs;

function tookMs({ ms, stalledMs }: BlockingAnswer): number {
  return ms - stalledMs;
}

describe.each(serverBackends)("callers who block, on %s", (backend) => {
  const reason = missing(backend);
  let server: PrivateServer | undefined;
  let database: FaultDatabase | undefined;
  let proxy: FaultProxy | undefined;
  let caller: BlockingProcess | undefined;
  afterEach(async () => {
    await caller?.close();
    await DatabaseManager.closeAll({ timeout: 1 });
    await proxy?.close();
    await (server === undefined ? database?.drop() : server.close());
    server = undefined;
    database = undefined;
    caller = undefined;
    proxy = undefined;
  });

  function connect(url: string, options: Readonly<Record<string, unknown>> = {}): BlockingProcess {
    caller = new BlockingProcess({
      url,
      options: { alias: "strata faults", circuitBreaker: false, ...options },
      mayDie: false,
    });
    return caller;
  }

  /** A caller behind a proxy, with a connection and some rows. */
  async function behindProxy() {
    database = await sharedDatabase(backend);
    proxy = await FaultProxy.start(Number(new URL(database.url).port));
    const calls = connect(through(database.url, proxy.port));
    await database.query("CREATE TABLE numbers (n INTEGER, words VARCHAR(200))");
    for (let part = 0; part < 10; part++) {
      const rows = Array.from({ length: 500 }, (_, n) => `(${part * 500 + n}, '${"x".repeat(150)}')`);
      await database.query(`INSERT INTO numbers VALUES ${rows.join(", ")}`);
    }
    expect((await calls.execute("SELECT 1", 10)).said).toBe("ok");
    return { calls, proxy, database };
  }

  it.skipIf(reason !== undefined)("row 05: black hole on an idle connection", async () => {
    const { calls, proxy } = await behindProxy();
    proxy.silenceAll();
    const write = await calls.execute("INSERT INTO [numbers] VALUES (-1, 'w')", timeout);
    const again = await calls.execute("SELECT 1", 3);
    measure("05", `${backend} sync`, { write: write.said, ms: write.ms, "afterwards ms": again.ms });
    expect(write.said).toMatch(/^(QueryTimeoutError|ConnectionError)\/unknown$/);
    expect(tookMs(write)).toBeLessThan(limitMs);
    expect(again.said).toBe("ok");
  });

  it.skipIf(reason !== undefined)("row 06: black hole in the middle of a result", async () => {
    const { calls, proxy } = await behindProxy();
    let passed = 0;
    proxy.script = ({ connection, from, data }) => {
      if (from !== "server" || connection > 1) return forward;
      passed += data.length;
      return passed > 100_000 ? { does: "silence", after: 10 } : forward;
    };
    const sql =
      "SELECT a.[n], a.[words], b.[words] FROM [numbers] a, [numbers] b WHERE a.[n] < 2000 AND b.[n] < 50";
    const read = await calls.execute(sql, timeout);
    proxy.script = () => forward;
    const again = await calls.execute("SELECT count(*) FROM [numbers]", 3);
    measure("06", `${backend} sync`, { said: read.said, ms: read.ms, "afterwards ms": again.ms });
    expect(read.said).toMatch(/^(QueryTimeoutError|ConnectionError)\//);
    expect(tookMs(read)).toBeLessThan(limitMs);
    expect(again.said).toBe("ok");
  });

  it.skipIf(reason !== undefined)("row 13: the handshake hangs", async () => {
    database = await sharedDatabase(backend);
    proxy = await FaultProxy.start(Number(new URL(database.url).port));
    proxy.door = "silent";
    const calls = connect(through(database.url, proxy.port));
    // The first call starts a thread too, for which half a second is little on a busy machine.
    const first = await calls.execute("SELECT 1", 2);
    const second = await calls.execute("SELECT 1", 2);
    proxy.door = "open";
    const again = await calls.execute("SELECT 1", 5);
    measure("13", `${backend} sync`, { said: second.said, ms: second.ms, "afterwards ms": again.ms });
    for (const answer of [first, second]) {
      expect(answer.said).toMatch(/\/not_sent$/);
      expect(tookMs(answer)).toBeLessThan(2_000 + marginMs);
    }
    expect(again.said).toBe("ok");
  });

  it.skipIf(reason !== undefined)("row 15: the server has no connection to spare", async () => {
    server =
      backend === "postgres"
        ? await privatePostgres({ settings: { max_connections: "20" } })
        : await privateMariadb({ settings: { "max-connections": "20" } });
    database = await databaseOn(server);
    const filler = DatabaseManager.connect(database.url, { alias: "filler", pool: { maxSize: 40 } });
    const held: AsyncConnection[] = [];
    for (let i = 0; i < 40; i++) {
      const connection = await filler.connection({ timeout: 1 }).catch(() => undefined);
      if (connection === undefined) break;
      held.push(connection);
    }
    const calls = connect(database.url);
    const refused = await calls.execute("SELECT 1", 2);
    for (const connection of held) await connection.close();
    await filler.close({ timeout: 2 });
    const healed = performance.now();
    let again = await calls.execute("SELECT 1", 2);
    while (again.said !== "ok" && performance.now() - healed < 10_000) {
      await sleep(50);
      again = await calls.execute("SELECT 1", 2);
    }
    measure("15", `${backend} sync`, {
      held: held.length,
      said: refused.said,
      ms: refused.ms,
      "works again after ms": performance.now() - healed,
    });
    expect(held.length).toBeGreaterThan(10);
    expect(refused.said).toMatch(/\/not_sent$/);
    expect(tookMs(refused)).toBeLessThan(2_000 + marginMs);
    expect(again.said).toBe("ok");
  });

  it.skipIf(reason !== undefined)("row 17: the server ends idle sessions", async () => {
    server =
      backend === "postgres"
        ? await privatePostgres({ settings: { idle_session_timeout: "1s" } })
        : await privateMariadb({ settings: { "wait-timeout": "1" } });
    database = await databaseOn(server);
    const calls = connect(database.url);
    const answers: BlockingAnswer[] = [await calls.execute("CREATE TABLE [idle] ([n] INTEGER)", 10)];
    for (let round = 1; round <= 4; round++) {
      // Well after the limit: a session's end that is just under way cannot be told from a write that was lost.
      await sleep(1_500);
      answers.push(await calls.execute(`INSERT INTO [idle] VALUES (${round})`, 5));
      answers.push(await calls.execute("SELECT count(*) FROM [idle]", 5));
    }
    measure("17", `${backend} sync`, {
      said: answers.map(({ said }) => said).join(" "),
      "longest ms": Math.max(...answers.map(({ ms }) => ms)),
    });
    expect([...new Set(answers.map(({ said }) => said))]).toEqual(["ok"]);
    expect(answers.at(-1)?.rows.map((row) => row.map(Number))).toEqual([[4]]);
  });
});
