import { type FieldKind, type FieldType, fieldType, sameType } from "./field-type.ts";

export interface Widening {
  /** The narrowest type that holds the field's values and the incoming ones. */
  readonly result: FieldType;
  /** What that changes of the field: nothing, its kind only, or its column's type too. */
  readonly change: "none" | "kind" | "storage";
}

/**
 * Joins a field's type with that of a value, in a lattice in which nothing stored loses a digit:
 *
 * ```
 *                           text
 *     ┌──────────┬───────┬───┴────┬───────┬─────────┬──────────┐
 *  bigint/numeric│       │      json      │         │          │
 *     │       number  boolean   ┌─┴─┐    date     bytes     custom:T
 *   bigint       │       │     set map    │         │          │
 *     └──┬───────┘       │      └─┬─┘     │         │          │
 *     integer            │        │       │         │          │
 *        └───────────────┴────────┴───────┴─────────┴──────────┘
 *                        undecided
 * ```
 *
 * bigint and number meet in text only: a double would round the one, an integer cut the other. Sets and Maps meet
 * in json, since each is written with its tag. Text holds what it came from in its canonical form: `30`, `true`,
 * ISO 8601, base64, JSON.
 */
export function widen(current: FieldType, incoming: FieldType): Widening {
  const result = join(current, incoming);
  if (sameType(result, current)) return { result: current, change: "none" };
  return { result, change: result.storage === current.storage ? "kind" : "storage" };
}

function join(a: FieldType, b: FieldType): FieldType {
  if (sameType(a, b) || b.kind === "undecided") return a;
  if (a.kind === "undecided") return b;
  if (a.kind === "bigint" && b.kind === "bigint") return a.storage === "numeric" ? a : b;
  if (a.kind === "bigint" && b.kind === "integer") return a;
  if (a.kind === "integer" && b.kind === "bigint") return b;
  return fieldType(joinKinds(a.kind, b.kind));
}

function joinKinds(a: FieldKind, b: FieldKind): FieldKind {
  if (isPlainNumber(a) && isPlainNumber(b)) return "number";
  return isContainer(a) && isContainer(b) ? "json" : "text";
}

function isPlainNumber(kind: FieldKind): boolean {
  return kind === "integer" || kind === "number";
}

function isContainer(kind: FieldKind): boolean {
  return kind === "json" || kind === "set" || kind === "map";
}
