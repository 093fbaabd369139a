import type { StorageType } from "../../backend/values.ts";
import { SchemaConflictError } from "../../errors/index.ts";
import { printable } from "../values/describe.ts";

/**
 * What a field's values are.
 * - `undecided`: only null so far; the first value settles it.
 * - `integer`: whole numbers that a JavaScript number holds exactly (±2^53 - 1).
 * - `bigint`: whole numbers of up to 65 digits. Every value reads back as a bigint, also one saved as a number.
 * - `number`: other finite numbers. -0 is kept as 0: the two are equal, and few databases tell them apart.
 * - `text`, `boolean`, `date` (a moment, to the millisecond), `bytes`.
 * - `json`: arrays and objects, with Dates, bigints, Sets, Maps and bytes anywhere inside; also Sets and Maps
 *   themselves, once a field has held more than one of these.
 * - `set`, `map`: only Sets, only Maps.
 * - `custom:T`: values of a type that `registerSerializer` has added as T.
 */
export type FieldKind =
  | "undecided"
  | "integer"
  | "bigint"
  | "number"
  | "text"
  | "boolean"
  | "date"
  | "json"
  | "bytes"
  | "set"
  | "map"
  | `custom:${string}`;

/** A field's kind, and how its column stores it. Compare them with `sameType`. */
export interface FieldType {
  readonly kind: FieldKind;
  readonly storage: StorageType;
}

type PlainKind = Exclude<FieldKind, `custom:${string}`>;

const plainTypes = {
  undecided: { kind: "undecided", storage: "text" },
  integer: { kind: "integer", storage: "integer" },
  bigint: { kind: "bigint", storage: "integer" },
  number: { kind: "number", storage: "double" },
  text: { kind: "text", storage: "text" },
  boolean: { kind: "boolean", storage: "boolean" },
  date: { kind: "date", storage: "timestamp" },
  json: { kind: "json", storage: "json" },
  bytes: { kind: "bytes", storage: "bytes" },
  set: { kind: "set", storage: "json" },
  map: { kind: "map", storage: "json" },
} as const satisfies { readonly [Kind in PlainKind]: FieldType & { readonly kind: Kind } };

/** Bigints of which at least one needs more than 64 bits. */
const wideBigint: FieldType = { kind: "bigint", storage: "numeric" };

export const customKindPrefix = "custom:";

/** The type of a kind whose column is not wider than it need be. */
export function fieldType(kind: FieldKind): FieldType {
  return isPlainKind(kind) ? plainTypes[kind] : { kind, storage: "text" };
}

/** The type of a bigint field that has to hold `value`. */
export function bigintType(value: bigint): FieldType {
  return fits64Bits(value) ? plainTypes.bigint : wideBigint;
}

/** How a column stores a kind. A bigint needs the value, too: without one it is taken to fit 64 bits. */
export function storageOf(kind: FieldKind, value?: unknown): StorageType {
  if (kind === "bigint" && typeof value === "bigint") return bigintType(value).storage;
  return fieldType(kind).storage;
}

export function fits64Bits(value: bigint): boolean {
  return value >= -(2n ** 63n) && value < 2n ** 63n;
}

export function sameType(a: FieldType, b: FieldType): boolean {
  return a === b || (a.kind === b.kind && a.storage === b.storage);
}

/** A type as the meta table and messages write it: `integer`, `bigint/numeric`, `custom:Money`. */
export function formatFieldType(type: FieldType): string {
  return type.storage === fieldType(type.kind).storage ? type.kind : `${type.kind}/${type.storage}`;
}

/** Reads what `formatFieldType` wrote; a `SchemaConflictError` for anything else. */
export function parseFieldType(text: string): FieldType {
  if (isPlainKind(text)) return plainTypes[text];
  if (text === formatFieldType(wideBigint)) return wideBigint;
  if (isCustomKind(text)) return fieldType(text);
  throw new SchemaConflictError(
    `the meta table holds the field type ${printable(text)}, which this version does not know; upgrade stratadb`,
    { outcome: "rejected" },
  );
}

function isPlainKind(kind: string): kind is PlainKind {
  return Object.hasOwn(plainTypes, kind);
}

export function isCustomKind(kind: string): kind is `custom:${string}` {
  return kind.length > customKindPrefix.length && kind.startsWith(customKindPrefix);
}
