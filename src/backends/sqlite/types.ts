import { unbindable, valueBinder } from "../../backend/index.ts";
import type { SqliteValue } from "./better-sqlite3.ts";

/**
 * What crosses the border between JavaScript and SQLite, exactly or not at all.
 *
 * better-sqlite3 binds every number as REAL, so that 1 in a TEXT column becomes '1.0': whole numbers are bound
 * as bigint. It reads with safe integers, which makes every INTEGER a bigint: those that a number holds exactly
 * become numbers again.
 */

/** Turns a parameter into what better-sqlite3 binds. See `Dialect.bindValue` for the `TypeError`. */
export const bindValue: (value: unknown) => SqliteValue = valueBinder<SqliteValue>({
  boolean: (value) => (value ? 1n : 0n),
  // Beyond 64 bits a whole number is REAL, which holds exactly what the number held.
  number: (value) =>
    Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? BigInt(value) : value,
  bigint(value) {
    if (BigInt.asIntN(64, value) === value) return value;
    throw unbindable("a bigint beyond 64 bits", "store it as text");
  },
  // ISO 8601 in UTC, always 24 characters, so that text order is time order.
  date: (value) => value.toISOString(),
  bytes: (value) => value,
});

/** Turns what better-sqlite3 answered into what the port promises, in place. */
export function readRows(rows: unknown[][]): unknown[][] {
  for (const row of rows) readRow(row);
  return rows;
}

/** As `readRows`, for one row. */
export function readRow(row: unknown[]): unknown[] {
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value === "bigint") {
      const number = Number(value);
      if (Number.isSafeInteger(number)) row[i] = number;
    } else if (typeof value === "object" && value !== null) {
      row[i] = readBytes(value);
    }
  }
  return row;
}

function readBytes(value: object): object {
  // A Buffer is a view with methods of its own, and compares unlike the Uint8Array that was stored.
  return Buffer.isBuffer(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : value;
}
