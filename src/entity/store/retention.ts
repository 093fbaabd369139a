import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { ValidationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { describe } from "../values/describe.ts";
import { stale } from "./access.ts";
import type { EntityTable } from "./entity-table.ts";
import type { PruneOptions } from "./options.ts";
import { checkMoment, VersionReader } from "./versions.ts";

/** Which versions may go, and how many at a time. */
export interface PrunePlan {
  readonly olderThan: Date | undefined;
  readonly keepVersions: number;
  readonly batchSize: number;
}

export function planPrune(options: PruneOptions | undefined): PrunePlan {
  const { olderThan, keepVersions, batchSize } = options ?? {};
  if (olderThan === undefined && keepVersions === undefined) {
    throw new ValidationError("expected olderThan or keepVersions, got neither; say which versions may go");
  }
  return {
    olderThan: olderThan === undefined ? undefined : checkMoment(olderThan),
    keepVersions: checkPositive(keepVersions ?? 1, "keepVersions"),
    batchSize: checkPositive(batchSize ?? 1000, "batchSize"),
  };
}

/**
 * Removes one batch of old versions, inside one transaction, and answers how many went. The newest version of each
 * record always stays, so that its id goes on counting.
 */
export function* pruneBatch(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  plan: PrunePlan,
): Operation<number> {
  const { history } = table.names;
  const newest = `(SELECT MAX([newer].[version]) FROM [${history}] AS [newer] WHERE [newer].[id] = [${history}].[id])`;
  const conditions = [`[version] <= ${newest} - ?`];
  const params: unknown[] = [plan.keepVersions];
  if (plan.olderThan !== undefined) {
    conditions.push("[history_timestamp] < ?");
    params.push(plan.olderThan);
  }
  const { dialect } = core.environment.backend;
  const sql =
    `SELECT [id], [version] FROM [${history}] WHERE ${conditions.join(" AND ")} ORDER BY [id], [version]` +
    dialect.limit(plan.batchSize, undefined);
  const rows = yield* core.execute(sql, params, call);
  if (rows.length === 0) return 0;
  yield* keepReadable(core, call, table, rows);
  core.transactions.forgetEvidence();
  const remove = `DELETE FROM [${history}] WHERE [id] = ? AND [version] = ?`;
  return yield* core.executeMany(remove, rows, call);
}

/** A difference cannot be read without the versions before it, so the first one that stays is completed. */
function* keepReadable(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  leaving: readonly (readonly unknown[])[],
): Operation<void> {
  const lastLeaving = new Map(leaving.map(([id, version]) => [String(id), Number(version)]));
  const reader = new VersionReader({ core, call, table });
  const fields = [...table.fields.values()];
  const assigned = [...fields.map(({ name }) => `[${name}] = ?`), "[history_fields] = NULL"].join(", ");
  const sql = `UPDATE [${table.names.history}] SET ${assigned} WHERE [id] = ? AND [version] = ? AND [history_fields] IS NOT NULL`;
  for (const [id, version] of lastLeaving) {
    const first = yield* reader.at(id, version + 1);
    if (first === null || first === stale) continue;
    const values = fields.map((field, i) => field.encode(field.decode(first[i + 1])));
    yield* core.execute(sql, [...values, id, version + 1], call);
  }
}

function checkPositive(count: unknown, name: string): number {
  if (typeof count === "number" && Number.isSafeInteger(count) && count > 0) return count;
  const came = typeof count === "number" ? String(count) : describe(count);
  throw new ValidationError(`expected ${name} to be a whole number from 1, got ${came}`);
}
