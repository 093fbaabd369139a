import type { ConnectTarget } from "../../backend/index.ts";
import type { Operation } from "../../operation/index.ts";
import { SqliteConnection } from "./driver.ts";
import { loadDriver } from "./loading.ts";
import { parseSqliteOptions } from "./options.ts";
import { checkPath, fileKey, openDatabase } from "./session.ts";
import { lockWaitEndsAt, type Pauses } from "./waits.ts";
import { WriteClaim } from "./write-turn.ts";

/** What a connection in this thread must know of the target. */
export type InlineTarget = Pick<ConnectTarget, "database" | "connectTimeoutMs" | "options">;

/** Opens the target in this thread, waiting for locks in the way of `pauses`. */
export function* openInline(target: InlineTarget, pauses: Pauses): Operation<SqliteConnection> {
  const options = parseSqliteOptions(target.options);
  checkPath(target.database, options);
  const driver = loadDriver();
  const database = yield* openDatabase(driver.Database, target.database, options, {
    pauses,
    endsAtMs: lockWaitEndsAt({ timeoutMs: target.connectTimeoutMs }, pauses.clock),
    outcome: "not_sent",
    mayRepeat: () => true,
  });
  const claim = new WriteClaim(fileKey(target.database), pauses);
  return new SqliteConnection({ database, driver, options, claim, pauses });
}
