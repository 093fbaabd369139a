import { randomUUID } from "node:crypto";
import type { Dialect } from "../../backend/index.ts";
import { UniqueViolationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import type { EntityRecord, EntityTable } from "./entity-table.ts";
import type { SaveOptions } from "./options.ts";
import type { RecordInput } from "./record-input.ts";
import { recovered } from "./save-at-once.ts";
import type { Expectation } from "./save-habits.ts";
import { type SavedShape, savedShape } from "./saved-shapes.ts";
import type { EntityWrite } from "./write.ts";

type Values = Readonly<Record<string, unknown>>;

/** In characters and bytes. Each value is sent twice, once to be compared, which a long one does not pay for. */
const longestValues = 16_384;

const firstVersion = 1;

/**
 * Saves a record by statements that are sent together and make a transaction of their own. Answers undefined when
 * nothing was saved; then the save by one round trip after the other finds out why. The record must fit the table as
 * it is.
 */
export function* saveInSteps(
  access: EntityWrite,
  input: RecordInput,
  options: SaveOptions | undefined,
  expects: Expectation,
): Operation<EntityRecord | undefined> {
  const { core, call, table, author, settings } = access;
  const { dialect } = core.environment.backend;
  if (!hasAuditedSteps(dialect) || settings.history !== "full" || core.transactions.current !== null)
    return undefined;
  const guards = guardsOf(input, options);
  if (guards === undefined) return undefined;
  const guarded = Object.keys(guards);
  const isFound = guarded.length > 0 || expects !== "nothing";
  const saves = input.id === undefined ? "new" : isFound ? "record" : "nothing";
  const given = { saves, fields: Object.keys(input.values), guards: guarded } as const;
  const shape = savedShape(dialect, table, given, settings.unchangedSaves === "version");

  const id = input.id ?? randomUUID();
  const { at, userId, comment, writeId } = author;
  const values: unknown[] = [id, at, userId, comment, writeId, String(table.revision), firstVersion];
  let size = 0;
  for (const column of shape.columns) {
    const value = column.encode(input.values[column.name]);
    if (typeof value === "string" || value instanceof Uint8Array) size += value.length;
    values.push(value);
  }
  if (saves === "record" && size > longestValues) return undefined;
  for (const name of guarded) values.push(guards[name]);

  let row: readonly unknown[];
  try {
    const result = yield* core.executeAtomically(shape.steps, values, call);
    if (result === undefined || result.rowCount === 0) return undefined;
    row = result.rows[0] ?? [];
  } catch (error) {
    // Perhaps it was the id that is there already, against expectation. If it was another key, that comes out again.
    if (error instanceof UniqueViolationError) return undefined;
    return yield* recovered(access, id, error);
  }
  return savedRecord(table, shape, values, row);
}

/** The record as a read would answer it. Shares nothing with the values that were given. */
function savedRecord(
  { columns }: EntityTable,
  { sources }: SavedShape,
  values: readonly unknown[],
  row: readonly unknown[],
): EntityRecord {
  const record: EntityRecord = {};
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i];
    const source = sources[i];
    if (column === undefined || source === undefined) continue;
    switch (source.from) {
      case "values":
        record[column.name] = column.readBack(values[source.place]);
        break;
      case "row":
        record[column.name] = column.decode(row[source.place]);
        break;
      case "nothing":
        record[column.name] = null;
    }
  }
  return record;
}

/** What must hold of the stored record for the save to be allowed; undefined when only a look at it can tell. */
function guardsOf(input: RecordInput, options: SaveOptions | undefined): Values | undefined {
  const expected = options?.expectedVersion;
  const guards: Values = input.asRead ?? none;
  if (expected === undefined) return guards;
  if (expected === 0 || input.id === undefined || (guards.version ?? expected) !== expected) return undefined;
  return { ...guards, version: expected };
}

const none: Values = {};

function hasAuditedSteps(dialect: Dialect): dialect is Dialect & Required<Pick<Dialect, "auditedSteps">> {
  return dialect.auditedSteps !== undefined;
}
