import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import type { Operation } from "../../operation/index.ts";
import type { EntityTable } from "./entity-table.ts";

/** The tables of an entity as one call works on them, on one connection. */
export interface EntityAccess {
  readonly core: ConnectionCore;
  readonly call: Call;
  readonly table: EntityTable;
}

/** Answered instead of a result when the schema turned out to be older than the tables. Nothing was written. */
export const stale = Symbol("stale schema");
export type Stale = typeof stale;

/** Asks whether the tables have changed since `table` was read. */
export function* isStale({ core, call, table }: EntityAccess): Operation<boolean> {
  const rows = yield* core.execute(table.statements.revision, undefined, call);
  return Number(rows[0]?.[0]) !== table.revision;
}
