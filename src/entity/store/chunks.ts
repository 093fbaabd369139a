// Enough to make a round trip worth it, few enough for every database's limit on values.
const chunkSize = 500;

const mostInSlice = 10_000;
/** In characters and bytes of the values: far below what servers take as one message, also when all are quoted. */
const largestSlice = 16 * 1024 * 1024;

/** Parts of a list of ids that one statement can name. */
export function* chunks(ids: readonly string[], size = chunkSize): Generator<readonly string[]> {
  for (let start = 0; start < ids.length; start += size) yield ids.slice(start, start + size);
}

/** Parts of a list of rows that one statement can carry: where each begins, and where it ends (exclusive). */
export function* slices(rows: readonly (readonly unknown[])[]): Generator<readonly [number, number]> {
  let start = 0;
  let size = 0;
  for (let i = 0; i < rows.length; i++) {
    const more = sizeOf(rows[i] ?? []);
    if (i > start && (i - start >= mostInSlice || size + more > largestSlice)) {
      yield [start, i];
      start = i;
      size = 0;
    }
    size += more;
  }
  if (rows.length > 0) yield [start, rows.length];
}

function sizeOf(row: readonly unknown[]): number {
  let size = 0;
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (typeof value === "string") size += value.length;
    else if (value instanceof Uint8Array) size += 2 * value.length;
    else size += 8;
  }
  return size;
}
