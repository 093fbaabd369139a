import type { StorageType } from "../../backend/index.ts";

/**
 * How a column's values are rewritten when its type changes, as an SQL expression; null when the server's own
 * conversion is right. Text comes out as JavaScript would print the value, so that '30' and 'true' are found again.
 */
export function conversion(column: string, from: StorageType, to: StorageType): string | null {
  const target = to === "json" ? "text" : to;
  if (target !== "text" || from === "json") return null;
  const text = textOf(column, from);
  if (to !== "json" || from === "boolean" || from === "integer" || from === "numeric" || from === "double") {
    return text;
  }
  return `JSON_QUOTE(${text ?? column})`;
}

function textOf(column: string, from: StorageType): string | null {
  switch (from) {
    case "boolean":
      return `CASE ${column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE ${column} END`;
    case "timestamp":
      return `CONCAT(LEFT(DATE_FORMAT(${column}, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')`;
    case "bytes":
      return String.raw`REPLACE(TO_BASE64(${column}), '\n', '')`;
    case "double":
      return doubleToText(column);
    default:
      return null;
  }
}

/**
 * The server prints the shortest digits that read back as the same number, as JavaScript does, but goes over to the
 * form 1e15 at another place, without a plus, and to 1e-16 at another.
 */
function doubleToText(column: string): string {
  return [
    "CASE",
    `WHEN ABS(${column}) >= 1e15 AND ABS(${column}) < 1e21 THEN CAST(CAST(${column} AS DECIMAL(65, 0)) AS CHAR)`,
    `WHEN ABS(${column}) >= 1e21 THEN REPLACE(CAST(${column} AS CHAR), 'e', 'e+')`,
    `WHEN ABS(${column}) < 1e-6 AND CAST(ABS(${column}) AS CHAR) LIKE '0.%' THEN ${smallToText(column)}`,
    `ELSE CAST(${column} AS CHAR)`,
    "END",
  ].join(" ");
}

/** `1.5e-7` of what the server prints as `0.00000015`. */
function smallToText(column: string): string {
  const fraction = `SUBSTRING(CAST(ABS(${column}) AS CHAR), 3)`;
  const digits = `TRIM(LEADING '0' FROM ${fraction})`;
  const sign = `IF(${column} < 0, '-', '')`;
  const mantissa = `LEFT(${digits}, 1), IF(CHAR_LENGTH(${digits}) > 1, CONCAT('.', SUBSTRING(${digits}, 2)), '')`;
  const exponent = `CHAR_LENGTH(${fraction}) - CHAR_LENGTH(${digits}) + 1`;
  return `CONCAT(${sign}, ${mantissa}, 'e-', ${exponent})`;
}
