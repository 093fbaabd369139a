import { valueBinder } from "../../backend/index.ts";
import { SqlParameterError } from "../../errors/index.ts";
import type { BoundValue } from "./pg.ts";

/** The protocol counts a statement's values in 16 bits, and pg would wrap around in silence. */
export const maxParameters = 65_535;

/**
 * From JavaScript to the wire, exactly or not at all. Values travel as text, for which the server infers the type
 * from where they stand in the statement; bytes travel as they are.
 */

/** Turns a parameter into what is sent. See `Dialect.bindValue` for the `TypeError`. */
export const bindValue: (value: unknown) => BoundValue = valueBinder<BoundValue>({
  boolean: (value) => (value ? "true" : "false"),
  number: String,
  bigint: String,
  // ISO 8601 in UTC, which every date and time type reads whatever the session's zone and DateStyle.
  date: (value) => value.toISOString(),
  bytes: (value) => Buffer.from(value.buffer, value.byteOffset, value.byteLength),
  list: bindArray,
});

/** PostgreSQL's array literal. All text is quoted, so that none is taken for NULL or for a delimiter. */
function bindArray(values: readonly unknown[]): string {
  const elements: string[] = new Array(values.length);
  // Not `map`, which passes over the holes of a sparse array.
  for (let i = 0; i < values.length; i++) elements[i] = bindElement(values[i]);
  return `{${elements.join(",")}}`;
}

function bindElement(value: unknown): string {
  if (Array.isArray(value)) return bindArray(value);
  const bound = bindValue(value);
  if (bound === null) return "NULL";
  if (typeof value === "number" && typeof bound === "string") return bound;
  const text = typeof bound === "string" ? bound : `\\x${bound.toString("hex")}`;
  return needsEscape.test(text) ? `"${text.replace(/[\\"]/g, "\\$&")}"` : `"${text}"`;
}

const needsEscape = /[\\"]/;

/** The values of one statement, ready to be sent. Those that `bindValue` has seen already stay as they are. */
export function bindAll(values: readonly unknown[]): BoundValue[] {
  if (values.length > maxParameters) {
    throw new SqlParameterError(
      `expected at most ${maxParameters} values in one statement, got ${values.length}: split the work, or send an array`,
      { backend: "postgres" },
    );
  }
  const bound: BoundValue[] = new Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    bound[i] =
      typeof value === "string" || value === null || Buffer.isBuffer(value) ? value : bindValue(value);
  }
  return bound;
}
