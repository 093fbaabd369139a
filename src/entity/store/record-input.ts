import { ValidationError } from "../../errors/index.ts";
import { checkFieldName, checkFieldNames, checkId, isSystemField } from "../names/names.ts";
import { describe } from "../values/describe.ts";
import type { EntityRecord } from "./entity-table.ts";

/** What a caller asks to be saved, checked as far as that is possible without the entity's schema. */
export interface RecordInput {
  /** Undefined for a record that is to be given an id. */
  readonly id: string | undefined;
  /** The fields that were given; those with the value undefined are as if they were not. */
  readonly values: EntityRecord;
  /**
   * The system fields of a record that was read and is now saved again. They are not written: they must be what is
   * stored, so that a stale copy is refused.
   */
  readonly asRead: (EntityRecord & { readonly version: number }) | undefined;
}

/** Takes a record apart. Throws a `ValidationError` for what can never be saved. */
export function readRecordInput(entity: string, record: unknown): RecordInput {
  if (!isRecord(record)) {
    throw new ValidationError(
      `expected the record for "${entity}" to be an object with its fields, got ${describe(record)}`,
    );
  }
  const values: EntityRecord = {};
  let id: string | undefined;
  let system: EntityRecord | undefined;
  for (const name of Object.keys(record)) {
    const value = record[name];
    if (value === undefined) continue;
    if (name === "id") {
      id = checkId(value);
    } else if (isSystemField(name)) {
      system ??= {};
      system[name] = value;
    } else {
      values[checkFieldName(name, entity)] = value;
    }
  }
  if (Object.getOwnPropertySymbols(record).length > 0) {
    throw new ValidationError(`expected the fields of "${entity}" to be named by strings, got a symbol`);
  }
  return { id, values, asRead: system === undefined ? undefined : checkAsRead(entity, id, system) };
}

/** Refuses names that only some databases could tell apart. */
export function checkNewNames(entity: string, input: RecordInput, known: Iterable<string>): void {
  checkFieldNames(Object.keys(input.values), known, entity);
}

function checkAsRead(
  entity: string,
  id: string | undefined,
  system: EntityRecord,
): EntityRecord & { version: number } {
  const { version } = system;
  if (id !== undefined && typeof version === "number" && Number.isSafeInteger(version) && version > 0) {
    return { ...system, version };
  }
  const names = Object.keys(system).join(", ");
  throw new ValidationError(
    typeof version === "string"
      ? `expected a record of "${entity}" with typed values, got one that was read as text; read it with deserialize: true before saving it again`
      : `expected no system fields in a record for "${entity}", got ${names}; leave them out, or save the whole record as it was read, with its id and version`,
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (Object.getPrototypeOf(value) === Object.prototype) return true;
  return !containers.some((container) => value instanceof container);
}

const containers = [
  Map,
  Set,
  Date,
  ArrayBuffer,
  RegExp,
  Promise,
  Error,
  WeakMap,
  WeakSet,
  Uint8Array,
] as const;
