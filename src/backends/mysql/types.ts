import type { DriverResult } from "../../backend/index.ts";
import type { MariadbAnswer, MariadbColumn, MariadbMeta } from "./mariadb.ts";

/** What the protocol calls the types whose values are read on (`enum_field_types` of the server's sources). */
export const columnTypes = {
  float: 4,
  timestamp: 7,
  bigint: 8,
  time: 11,
  datetime: 12,
  bit: 16,
  json: 245,
  geometry: 255,
} as const;

const binaryCollation = 63;

type Read = (value: unknown) => unknown;

/** How the rows of one result are read. */
export interface RowShape {
  readonly columns: readonly string[];
  /** The columns whose values differ from what the driver answers, each with its reader. */
  readonly reads: readonly (readonly [index: number, read: Read])[];
}

const shapes = new WeakMap<readonly MariadbColumn[], RowShape>();

/** Turns the driver's answer into the port's: of several results (CALL) the first that has rows. */
export function toResult([data, meta]: MariadbAnswer): DriverResult {
  if (!Array.isArray(data)) return { columns: [], rows: [], rowCount: data.affectedRows };
  if (isOneResult(meta)) return rowsResult(data, shapeOf(meta));
  const index = meta.findIndex(Array.isArray);
  const columns = meta[index];
  const rows: unknown = data[index];
  // Such a list is made anew each time, so that to keep its shape would only fill the memory.
  if (isColumns(columns) && Array.isArray(rows)) return rowsResult(rows, makeShape(columns));
  return { columns: [], rows: [], rowCount: 0 };
}

function rowsResult(rows: unknown[], shape: RowShape): DriverResult {
  if (!isRows(rows)) return { columns: shape.columns, rows: [], rowCount: 0 };
  if (shape.reads.length > 0) for (const row of rows) readRow(row, shape);
  return { columns: shape.columns, rows, rowCount: rows.length };
}

/** The shape of rows with these columns. The driver keeps a prepared statement's list, and so it is made once. */
export function shapeOf(columns: readonly MariadbColumn[]): RowShape {
  const known = shapes.get(columns);
  if (known !== undefined) return known;
  const shape = makeShape(columns);
  shapes.set(columns, shape);
  return shape;
}

function makeShape(columns: readonly MariadbColumn[]): RowShape {
  const names: string[] = [];
  const reads: [number, Read][] = [];
  for (const column of columns) {
    const read = readerOf(column);
    if (read !== undefined) reads.push([names.length, read]);
    names.push(column.name());
  }
  return { columns: names, reads };
}

/** Reads a row's values in place. */
export function readRow(row: unknown[], { reads }: RowShape): void {
  for (const [index, read] of reads) {
    const value = row[index];
    if (value !== null) row[index] = read(value);
  }
}

function readerOf(column: MariadbColumn): Read | undefined {
  switch (column.columnType) {
    case columnTypes.bigint:
      return readBigint;
    case columnTypes.float:
      return readFloat;
    case columnTypes.timestamp:
    case columnTypes.datetime:
      return readDate;
    case columnTypes.time:
      return readTime;
    case columnTypes.bit:
      return readBit;
    case columnTypes.geometry:
      return readGeometry;
    case columnTypes.json:
      return readJson;
    default:
      if (column.isDataTypeFormatJson()) return readJson;
      if (column.isSet()) return readSet;
      return column.collation.index === binaryCollation ? readBytes : undefined;
  }
}

function readBigint(value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

// The text protocol shows fewer digits of a single-precision number than the binary one holds.
function readFloat(value: unknown): unknown {
  return typeof value === "number" ? Math.fround(value) : value;
}

/**
 * `2024-03-10 02:30:00.123456`, in the session's zone, which is UTC. A date that no calendar has ('0000-00-00', from
 * servers that allowed it) stays text. By hand, since `Date.parse` takes most of the time that reading a row takes.
 */
function readDate(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const year = digits(value, 0, 4);
  const month = digits(value, 5, 2) - 1;
  const day = digits(value, 8, 2);
  // Beyond the text's end there are no digits, so that a missing fraction counts 0.
  const hours = digits(value, 11, 2);
  const minutes = digits(value, 14, 2);
  const seconds = digits(value, 17, 2);
  const date = new Date(Date.UTC(year, month, day, hours, minutes, seconds, digits(value, 20, 3)));
  // Date.UTC takes the years 0 to 99 for those of the twentieth century.
  if (year < 100) date.setUTCFullYear(year);
  return year > 0 && date.getUTCMonth() === month && date.getUTCDate() === day ? date : value;
}

/** The number that stands at `from`; digits that are missing at the end count as 0. */
function digits(text: string, from: number, count: number): number {
  let number = 0;
  for (let at = from; at < from + count; at++) {
    number = number * 10 + (at < text.length ? text.charCodeAt(at) - 48 : 0);
  }
  return number;
}

// The two protocols disagree about zeros at the end of the fraction.
function readTime(value: unknown): unknown {
  return typeof value === "string" && value.includes(".") ? value.replace(/\.?0+$/, "") : value;
}

function readBit(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  let bits = 0n;
  for (const byte of value) bits = bits * 256n + BigInt(byte);
  return readBigint(bits);
}

// The driver would parse it too, but from within an event of the socket, where what is no JSON ends the process.
function readJson(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    return parsed;
  } catch {
    return value;
  }
}

// For NULL the driver answers a geometry without coordinates.
function readGeometry(value: unknown): unknown {
  const empty = typeof value === "object" && value !== null && Object.keys(value).join() === "type";
  return empty ? null : value;
}

function readSet(value: unknown): unknown {
  return Array.isArray(value) ? value.join() : value;
}

// A copy: the driver's view would keep the whole chunk from the socket in memory.
function readBytes(value: unknown): unknown {
  return Buffer.isBuffer(value) ? new Uint8Array(value) : value;
}

function isOneResult(meta: readonly MariadbMeta[]): meta is readonly MariadbColumn[] {
  return meta.every((entry) => entry !== null && entry !== undefined && !Array.isArray(entry));
}

function isColumns(meta: MariadbMeta): meta is readonly MariadbColumn[] {
  return Array.isArray(meta);
}

function isRows(rows: unknown[]): rows is unknown[][] {
  return rows.length === 0 || Array.isArray(rows[0]);
}
