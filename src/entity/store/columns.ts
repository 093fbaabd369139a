import type { ColumnDefinition, PortableStatement } from "../../backend/index.ts";
import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import type { Operation } from "../../operation/index.ts";
import type { FieldType } from "../kinds/index.ts";

// Long enough for writers that are under way, short enough for those who queue behind. See `pauseAfter`.
export const lockWaitMs = 300;

export function columnOf(name: string, type: FieldType, key = false): ColumnDefinition {
  return { name, type: type.storage, key };
}

export function runStatement(core: ConnectionCore, call: Call, statement: PortableStatement) {
  return core.execute(statement.sql, statement.params, call);
}

/**
 * Runs statements that change tables, none of which waits for a table for long. After a failure the limit ends with the
 * transaction, or with the connection that was opened for the change.
 */
export function* waitingBriefly<T>(core: ConnectionCore, call: Call, work: () => Operation<T>): Operation<T> {
  const limit = core.environment.backend.dialect.limitLockWait;
  if (limit === undefined) return yield* work();
  yield* runStatement(core, call, limit(lockWaitMs));
  const result = yield* work();
  yield* runStatement(core, call, limit(null));
  return result;
}
