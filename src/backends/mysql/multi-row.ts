import { SqlParameterError } from "../../errors/index.ts";

const tail = /^(?:\s|\/\*.*?\*\/)*(?:insert|replace)\b.*\bvalues\s*(\(\s*\?(?:\s*,\s*\?)*\s*\))\s*$/is;

/** An INSERT of one row whose values are all bound, which can be written for many rows at once. */
export interface RowInsert {
  /** Everything up to the row. */
  readonly head: string;
  /** `(?, ?)` */
  readonly row: string;
  readonly columns: number;
}

/** Takes an INSERT apart; undefined for one that does more than to insert a row of bound values. */
export function rowInsert(text: string): RowInsert | undefined {
  const row = tail.exec(text)?.[1];
  if (row === undefined) return undefined;
  return { head: text.slice(0, text.lastIndexOf(row)), row, columns: row.split("?").length - 1 };
}

export function multiRowText({ head, row }: RowInsert, rows: number): string {
  return head + `${row},`.repeat(rows - 1) + row;
}

/** A multiple of this gains nothing more. */
const mostRows = 1000;
/** The protocol counts values in 16 bits. */
const mostValues = 65_535;
const mostBytes = 4 * 1024 * 1024;

export interface RowChunk {
  readonly rows: readonly (readonly unknown[])[];
  /** Whether it holds as many rows as a chunk of this statement can. */
  readonly isFull: boolean;
}

/** Parts of a list of rows that one statement each can carry. */
export function* rowChunks(
  sets: Iterable<readonly unknown[]>,
  columns: number,
  largestPacketBytes: number,
): Generator<RowChunk> {
  const most = Math.min(mostRows, Math.floor(mostValues / columns));
  const largest = Math.min(mostBytes, largestPacketBytes / 2);
  let bytes = 0;
  let rows: (readonly unknown[])[] = [];
  for (const set of sets) {
    if (set.length !== columns) throw wrongLength(columns, set.length);
    const size = sizeOf(set);
    if (rows.length > 0 && bytes + size > largest) {
      yield { rows, isFull: false };
      rows = [];
      bytes = 0;
    }
    rows.push(set);
    bytes += size;
    if (rows.length < most) continue;
    yield { rows, isFull: true };
    rows = [];
    bytes = 0;
  }
  if (rows.length > 0) yield { rows, isFull: false };
}

/** An upper bound: a UTF-16 unit takes up to three bytes of UTF-8. */
function sizeOf(values: readonly unknown[]): number {
  let size = 0;
  for (const value of values) {
    if (typeof value === "string") size += 3 * value.length + 9;
    else size += value instanceof Uint8Array ? value.byteLength + 9 : 9;
  }
  return size;
}

function wrongLength(expected: number, came: number): SqlParameterError {
  return new SqlParameterError(`expected ${expected} values for each row, got ${came}`, { backend: "mysql" });
}
