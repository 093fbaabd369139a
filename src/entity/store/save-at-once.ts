import { randomUUID } from "node:crypto";
import type { AuditedSave, Dialect } from "../../backend/index.ts";
import { findFate, rolledBackCommit, unknownCommit } from "../../connection/commit-outcome.ts";
import { ConnectionError, UniqueViolationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { stale } from "./access.ts";
import { type EntityRecord, type EntityTable, systemColumnTypes } from "./entity-table.ts";
import type { EntitySettings, SaveOptions } from "./options.ts";
import type { RecordInput } from "./record-input.ts";
import type { Expectation } from "./save-habits.ts";
import { VersionReader } from "./versions.ts";
import { type EntityWrite, evidenceOf } from "./write.ts";

type Values = Record<string, unknown>;

/**
 * Saves a record by one statement, where the database can. Answers undefined when it did not: a guard did not hold,
 * nothing would have changed, the schema is out of date, or the id has a past that makes it more than one statement's
 * work. Then the save by several statements finds out which. The record must fit the table as it is.
 */
export function* saveAtOnce(
  access: EntityWrite,
  input: RecordInput,
  options: SaveOptions | undefined,
  expects: Expectation,
): Operation<EntityRecord | undefined> {
  const { core, call, table, author, settings } = access;
  const { dialect } = core.environment.backend;
  if (!isPossible(dialect, settings, options)) return undefined;
  const guards: Values = { ...input.asRead };
  if (options?.expectedVersion !== undefined) {
    if (input.id === undefined || (guards.version ?? options.expectedVersion) !== options.expectedVersion)
      return undefined;
    guards.version = options.expectedVersion;
  }
  const guarded = Object.keys(guards);
  const isFound = guarded.length > 0 || (input.id !== undefined && expects === "record");
  const how = { isNewId: input.id === undefined, versionUnchanged: settings.unchangedSaves === "version" };
  const sql = statementFor(dialect, table, Object.keys(input.values), guarded, how, isFound);
  const params: Values = {
    id: input.id ?? randomUUID(),
    at: author.at,
    user_id: author.userId,
    comment: author.comment,
    write_id: author.writeId,
    revision: String(table.revision),
  };
  let place = 0;
  for (const name of Object.keys(input.values)) {
    params[`f${place++}`] = table.fields.get(name)?.encode(input.values[name]);
  }
  place = 0;
  for (const value of Object.values(guards)) params[`g${place++}`] = value;
  core.transactions.leaveEvidence(evidenceOf(access, String(params.id)));
  try {
    const [row] = yield* core.execute(sql, params, call);
    return row === undefined ? undefined : table.decodeRow(row);
  } catch (error) {
    if (core.transactions.current !== null) throw error;
    if (error instanceof UniqueViolationError && error.table === table.names.history) return undefined;
    return yield* recovered(access, String(params.id), error);
  }
}

/** After a save whose answer was lost: the record as it was saved, or an error that says it was not. */
export function* recovered(access: EntityWrite, id: string, error: unknown): Operation<EntityRecord> {
  if (!(error instanceof ConnectionError) || error.outcome !== "unknown") throw error;
  const { core, call, table } = access;
  const { environment, driver } = core;
  const evidence = evidenceOf(access, id);
  const lost = { environment, evidence, sessionId: driver.sessionId };
  const fate = yield* findFate(lost, call);
  if (fate === "unknown") throw unknownCommit(lost, error);
  if (fate === "rolled back") throw rolledBackCommit(lost, error);
  // Others may have saved the record since, so its newest state need not be the one that was written here.
  try {
    const row = yield* environment.separately(call, function* (other) {
      const [found] = yield* other.execute(evidence.sql, evidence.params, call);
      return yield* new VersionReader({ core: other, call, table }).at(id, Number(found?.[0]));
    });
    if (row !== null && row !== stale) return table.decodeRow(row);
  } catch (failure) {
    // The look says that nothing was sent, which is true of the look only: the record is stored.
    throw unknownCommit(lost, failure);
  }
  throw unknownCommit(lost, error);
}

function isPossible(
  dialect: Dialect,
  settings: EntitySettings,
  options: SaveOptions | undefined,
): dialect is Dialect & Required<Pick<Dialect, "auditedSave">> {
  return dialect.auditedSave !== undefined && settings.history === "full" && options?.expectedVersion !== 0;
}

function statementFor(
  dialect: Required<Pick<Dialect, "auditedSave">>,
  table: EntityTable,
  fields: readonly string[],
  guards: readonly string[],
  how: Pick<AuditedSave, "isNewId" | "versionUnchanged">,
  isFound: boolean,
): string {
  const shape = [...fields, "", ...guards, String(how.isNewId), String(isFound)];
  return table.statements.memoised("auditedSave", shape, () => {
    const save: AuditedSave = {
      ...table.names,
      ...how,
      columns: table.columns.map(({ name }) => name),
      fields: fields.map((name) => ({ name, type: table.schema.fields.get(name)?.storage ?? "text" })),
      guards: guards.map((name) => ({ name, type: systemColumnTypes.get(name)?.storage ?? "text" })),
    };
    return dialect.auditedSave(save, isFound ? "record" : "either");
  });
}
