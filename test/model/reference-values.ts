/**
 * What a field's values are, said as plainly as possible: a second statement of docs/promises.md, which shares no
 * code with the store. Kinds have the names that `describeEntity` gives them.
 */
export type Kind =
  | "undecided"
  | "integer"
  | "number"
  | "bigint"
  | "bigint/numeric"
  | "text"
  | "boolean"
  | "date"
  | "json"
  | "set"
  | "map"
  | "bytes";

export function kindOf(value: unknown): Kind {
  if (value === null) return "undecided";
  if (typeof value === "string") return "text";
  if (typeof value === "boolean") return "boolean";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "integer" : "number";
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? "bigint" : "bigint/numeric";
  if (value instanceof Date) return "date";
  if (value instanceof Uint8Array) return "bytes";
  if (value instanceof Set) return "set";
  return value instanceof Map ? "map" : "json";
}

/** Pairs of kinds that meet below text. Every other pair of different kinds meets in text. */
const meetings: readonly (readonly [Kind, Kind, Kind])[] = [
  ["integer", "number", "number"],
  ["integer", "bigint", "bigint"],
  ["integer", "bigint/numeric", "bigint/numeric"],
  ["bigint", "bigint/numeric", "bigint/numeric"],
  ["set", "map", "json"],
  ["set", "json", "json"],
  ["map", "json", "json"],
];

export function join(a: Kind, b: Kind): Kind {
  if (a === b || b === "undecided") return a;
  if (a === "undecided") return b;
  const meeting = meetings.find(([x, y]) => (x === a && y === b) || (x === b && y === a));
  return meeting?.[2] ?? "text";
}

/** What a value reads back as from a field of a kind. */
export function inField(value: unknown, kind: Kind): unknown {
  if (value === null) return null;
  if (kind === "text") return textOf(value);
  if (typeof value === "number") return kind.startsWith("bigint") ? BigInt(value) : value + 0;
  return value;
}

/** The canonical text of a value. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  if (typeof value === "object") return JSON.stringify(value);
  return String(value);
}
