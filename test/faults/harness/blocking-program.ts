import { connectBlocking, workerTarget } from "../../../src/backends/blocking/index.ts";
import { mysqlBackend } from "../../../src/backends/mysql/index.ts";
import { postgresBackend } from "../../../src/backends/postgres/index.ts";
import { parseDatabaseUrl } from "../../../src/config/index.ts";
import { DatabaseFactory, DatabaseManager } from "../../../src/index.ts";
import type { BlockingAnswer, BlockingCall, BlockingSetup } from "./blocking-process.ts";
import { nameOf } from "./calls.ts";
import { ThreadStalls } from "./stalls.ts";

// The program of a process that calls the blocking face as it is told by messages, and answers what came of it.

const module = new URL("./dying-driver.ts", import.meta.url);
for (const [backend, exportName] of [
  [postgresBackend, "connectPostgres"],
  [mysqlBackend, "connectMysql"],
] as const) {
  const { toDatabaseError } = backend;
  DatabaseFactory.register({
    ...backend,
    name: `dying-${backend.name}`,
    aliases: [],
    connectSync: (target) =>
      connectBlocking({ module, exportName, target: workerTarget(target) }, { toDatabaseError }),
  });
}

const { url, options, mayDie }: BlockingSetup = JSON.parse(process.argv[2] ?? "");
const parsed = parseDatabaseUrl(url);
const name = mayDie ? `dying-${parsed.backend}` : parsed.backend;
const db = DatabaseManager.connectSync(name, { ...parsed.options, ...options });
const stalls = new ThreadStalls();

process.on("message", ({ number, statements, timeout, together }: BlockingCall) => {
  const begin = performance.now();
  let said = "ok";
  let rows: unknown[][] = [];
  try {
    if (together) {
      db.transaction(
        (tx) => {
          for (const { sql, params } of statements) tx.execute(sql, params, { timeout });
        },
        { timeout },
      );
    } else {
      for (const { sql, params } of statements)
        rows = [...db.execute(sql, params, { timeout })].map((row) => [...row]);
    }
  } catch (error) {
    said = nameOf(error);
  }
  const ms = performance.now() - begin;
  const answer: BlockingAnswer = { number, said, ms, stalledMs: stalls.since(begin), rows };
  process.send?.(answer);
});
process.on("disconnect", () => process.exit(0));
