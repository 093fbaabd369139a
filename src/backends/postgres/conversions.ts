import type { StorageType } from "../../backend/index.ts";

/**
 * The expression by which a column's values are rewritten when its type changes. Text comes out as JavaScript would
 * print the value, so that '30', 'true' and an ISO date are found again; JSON holds what JSON.stringify would give.
 */
export function conversion(column: string, from: StorageType, to: StorageType, type: string): string {
  if (from === to) return column;
  if (to === "text") return asText(column, from);
  if (to === "json") return asJson(column, from);
  // Not float8::numeric, which stops at 15 digits: the text has as many as the number needs.
  if (from === "double" && to === "numeric") return `${column}::text::numeric`;
  if (from === "boolean" && to !== "timestamp" && to !== "bytes") return `${column}::int::${type}`;
  return `${column}::${type}`;
}

function asText(column: string, from: StorageType): string {
  switch (from) {
    case "double":
      return doubleAsText(column);
    case "timestamp":
      return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    case "bytes":
      // encode breaks its lines after 76 characters.
      return `replace(encode(${column}, 'base64'), chr(10), '')`;
    default:
      return `${column}::text`;
  }
}

function asJson(column: string, from: StorageType): string {
  return from === "timestamp" || from === "bytes"
    ? `to_jsonb(${asText(column, from)})`
    : `to_jsonb(${column})`;
}

// Both print the fewest digits that read back as the same number, but PostgreSQL changes to an exponent at 1e15 and
// below 1e-4, and writes it with two digits at least; JavaScript changes at 1e21 and below 1e-6.
function doubleAsText(column: string): string {
  return (
    `CASE WHEN ${column} = 0 THEN '0' ` +
    `WHEN abs(${column}) >= 1e21 OR abs(${column}) < 1e-6 ` +
    `THEN regexp_replace(${column}::text, 'e([+-])0+', 'e\\1') ` +
    `ELSE ${column}::text::numeric::text END`
  );
}
