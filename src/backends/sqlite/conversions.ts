import type { StorageType } from "../../backend/index.ts";
import type { SqliteDatabase } from "./better-sqlite3.ts";

/** The function of SQL that writes a value as text; `addFunctions` makes it known to a connection. */
const toText = "strata_text";

/**
 * How a column's values are rewritten when its type changes, as an SQL expression; null when they stay as they
 * are. Text comes out as JavaScript prints the value, so that '30' and 'true' are found again, and bytes in base64;
 * JSON holds what JSON.stringify would give.
 */
export function conversion(column: string, from: StorageType, to: StorageType): string | null {
  if (to !== "text" && to !== "json" && to !== "numeric") return null;
  switch (from) {
    case "boolean":
      return to === "numeric" ? `CAST(${column} AS TEXT)` : booleanToText(column);
    case "integer":
      return `CAST(${column} AS TEXT)`;
    case "double":
      // A column of doubles may hold INTEGER values too: widening integer to double leaves them as they are, and
      // SQLite makes more of them, such as 2^60. They are read as doubles, and so written as such.
      return `${toText}(CAST(${column} AS REAL))`;
    case "bytes":
      return to === "text" ? `${toText}(${column})` : null;
    default:
      return to === "json" && (from === "text" || from === "timestamp") ? `json_quote(${column})` : null;
  }
}

function booleanToText(column: string): string {
  return `CASE ${column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE ${column} END`;
}

/** Adds what SQLite cannot do itself: JavaScript's form of a number, and base64. */
export function addFunctions(database: SqliteDatabase): void {
  database.function(toText, { deterministic: true, directOnly: true }, textOf);
}

function textOf(value: unknown): unknown {
  if (typeof value === "number") return String(value);
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")
    : value;
}
