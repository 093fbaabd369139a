import { type Backend, type ConnectTarget, defineBackend } from "../../backend/index.ts";
import { runSync, start } from "../../operation/index.ts";
import { connectBlocking, siblingModule, workerTarget } from "../blocking/index.ts";
import { openInline } from "./connect.ts";
import { sqliteDialect } from "./dialect.ts";
import { toDatabaseError } from "./errors.ts";
import { parseSqliteOptions } from "./options.ts";
import { openIsolated } from "./process/connect.ts";
import { isPrivate } from "./session.ts";
import { blockingPauses, TimerPauses } from "./waits.ts";

export type { SqliteOptions } from "./options.ts";

/**
 * SQLite, through better-sqlite3 13. The database is a path, `:memory:`, or an empty string for a temporary one.
 * Its options are `SqliteOptions`.
 */
export const sqliteBackend: Backend = defineBackend({
  name: "sqlite",
  aliases: ["sqlite3"],
  dialect: sqliteDialect,
  capabilities: {
    isolationLevels: ["serializable"],
    // SQLITE_MAX_VARIABLE_NUMBER and SQLITE_MAX_COLUMN of the build inside better-sqlite3.
    maxParameters: 32_766,
    maxColumns: 2_000,
    statementComments: false,
  },
  capabilitiesFor: (target) => ({
    concurrentConnections: !isPrivate(target.database),
  }),
  parseOptions: parseSqliteOptions,

  connect(target) {
    return isIsolated(target) ? openIsolated(target) : start(openInline(target, new TimerPauses()));
  },

  connectSync(target) {
    if (!isIsolated(target)) return runSync(openInline(target, blockingPauses));
    const module = siblingModule(import.meta.url, "process/connect");
    return connectBlocking(
      { module, exportName: "openIsolated", target: workerTarget(target) },
      { toDatabaseError },
    );
  },

  toDatabaseError,
});

function isIsolated(target: ConnectTarget): boolean {
  return parseSqliteOptions(target.options).isolation === "process";
}
