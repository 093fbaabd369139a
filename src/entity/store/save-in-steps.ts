import { randomUUID } from "node:crypto";
import type { AuditedSave, AuditedSteps, Dialect } from "../../backend/index.ts";
import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { UniqueViolationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { type EntityRecord, type EntityTable, systemColumnTypes } from "./entity-table.ts";
import type { EntitySettings, SaveOptions } from "./options.ts";
import type { RecordInput } from "./record-input.ts";
import { recovered } from "./save-at-once.ts";
import { type Authorship, RecordWriter } from "./write.ts";

type Values = Readonly<Record<string, unknown>>;
type Expects = "record" | "nothing";

/** In characters and bytes. Each value is sent twice, once to be compared, which a long one does not pay for. */
const longestValues = 16_384;

/**
 * Saves a record by statements that are sent together and make a transaction of their own. Answers undefined when
 * nothing was saved; then the save by one round trip after the other finds out why.
 */
export function* saveInSteps(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  input: RecordInput,
  author: Authorship,
  settings: EntitySettings,
  options: SaveOptions | undefined,
  expects: Expects,
): Operation<EntityRecord | undefined> {
  const { dialect } = core.environment.backend;
  if (!hasAuditedSteps(dialect) || settings.history !== "full" || core.transactions.current !== null)
    return undefined;
  const guards = guardsOf(input, options);
  if (guards === undefined) return undefined;
  const writer = new RecordWriter(core, call, table, author, settings);
  const encoded = writer.encode(input.values);
  const isNewId = input.id === undefined;
  const expected = isNewId ? "nothing" : Object.keys(guards).length > 0 ? "record" : expects;
  if (expected === "record" && sizeOf(encoded.params) > longestValues) return undefined;
  const how = { isNewId, countsOn: false, versionUnchanged: settings.unchangedSaves === "version" };
  const { steps, answersRecord } = stepsFor(
    dialect,
    table,
    encoded.columns,
    Object.keys(guards),
    how,
    expected,
  );

  const { at, userId, comment, writeId } = author;
  const id = input.id ?? randomUUID();
  const values = new Map<string, unknown>([
    ["id", id],
    ["at", at],
    ["user_id", userId],
    ["comment", comment],
    ["write_id", writeId],
    ["revision", String(table.revision)],
  ]);
  for (const [i, value] of encoded.params.entries()) values.set(`f${i}`, value);
  for (const [i, value] of Object.values(guards).entries()) values.set(`g${i}`, value);
  const list = steps.map((step) => [step.sql, step.values.map((name) => values.get(name))] as const);

  let row: readonly unknown[] | undefined;
  try {
    const result = yield* core.executeAtomically(list, call);
    row = result?.rows[0];
  } catch (error) {
    // Perhaps it was the id that is there already, against expectation. If it was another key, that comes out again.
    if (error instanceof UniqueViolationError) return undefined;
    return yield* recovered(core, call, table, { id, writeId }, error);
  }
  if (row === undefined) return undefined;
  if (answersRecord) return table.decodeRow(row);
  const created = { created_at: at, created_by: userId, updated_at: at, updated_by: userId };
  return writer.completed({ id, ...created, deleted_at: null, version: 1 }, encoded);
}

/** What must hold of the stored record for the save to be allowed; undefined when only a look at it can tell. */
function guardsOf(input: RecordInput, options: SaveOptions | undefined): Values | undefined {
  const guards: Values = { ...input.asRead };
  const expected = options?.expectedVersion;
  if (expected === undefined) return guards;
  if (expected === 0 || input.id === undefined || (guards.version ?? expected) !== expected) return undefined;
  return { ...guards, version: expected };
}

/** The steps for each shape of record; they go with the table that they were made for. */
const known = new WeakMap<EntityTable, Map<string, AuditedSteps>>();
const mostShapes = 200;

function stepsFor(
  dialect: Required<Pick<Dialect, "auditedSteps">>,
  table: EntityTable,
  fields: readonly string[],
  guards: readonly string[],
  how: Pick<AuditedSave, "isNewId" | "countsOn" | "versionUnchanged">,
  expects: Expects,
): AuditedSteps {
  const shapes = known.get(table) ?? new Map<string, AuditedSteps>();
  known.set(table, shapes);
  const key = `${how.isNewId ? "new" : expects} ${fields.join()};${guards.join()}`;
  let found = shapes.get(key);
  if (found === undefined) {
    const save: AuditedSave = {
      ...table.names,
      ...how,
      columns: table.columns.map(({ name }) => name),
      fields: fields.map((name) => ({ name, type: table.schema.fields.get(name)?.storage ?? "text" })),
      guards: guards.map((name) => ({ name, type: systemColumnTypes.get(name)?.storage ?? "text" })),
    };
    const { steps, answersRecord } = dialect.auditedSteps(save, expects);
    const tagged = steps.map(({ sql, values }) => ({ sql: table.statements.tagged(sql), values }));
    found = { steps: tagged, answersRecord };
    if (shapes.size >= mostShapes) shapes.clear();
    shapes.set(key, found);
  }
  return found;
}

function hasAuditedSteps(dialect: Dialect): dialect is Dialect & Required<Pick<Dialect, "auditedSteps">> {
  return dialect.auditedSteps !== undefined;
}

function sizeOf(values: readonly unknown[]): number {
  let size = 0;
  for (const value of values) {
    if (typeof value === "string" || value instanceof Uint8Array) size += value.length;
  }
  return size;
}
