/**
 * A structured clone of a view copies the whole buffer behind it: a 10-byte blob cut from a 64 KiB socket buffer
 * would cross as 64 KiB. These functions replace such views by copies of their own before values cross.
 */

/** How much one message may hold before a result is cut into parts, so that one reply never grows without end. */
const partBytes = 8 * 1024 * 1024;
const partRows = 2000;

/** Compacts a row's or a parameter list's views in place of a copy of the list, and estimates its size in bytes. */
export function compactRow(row: unknown[]): number {
  let bytes = 8 * row.length;
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index];
    if (typeof value === "string") bytes += value.length;
    else if (value instanceof Uint8Array) {
      bytes += value.byteLength;
      if (value.byteLength !== value.buffer.byteLength) row[index] = new Uint8Array(value);
    }
  }
  return bytes;
}

/** Parameters as they may cross: the caller's own list is left as it is. */
export function compactValues(values: readonly unknown[]): readonly unknown[] {
  if (!values.some((value) => value instanceof Uint8Array)) return values;
  const copy = [...values];
  compactRow(copy);
  return copy;
}

/** Parameters as drivers want them: a clone turns a Buffer into a plain `Uint8Array`. */
export function reviveValues(values: readonly unknown[]): readonly unknown[] {
  if (!values.some((value) => value instanceof Uint8Array)) return values;
  return values.map((value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : value,
  );
}

/** Cuts rows into parts that fit a message each. The last part is answered apart; small results have only that. */
export function splitRows(rows: unknown[][]): { readonly parts: unknown[][][]; readonly last: unknown[][] } {
  const parts: unknown[][][] = [];
  let from = 0;
  let bytes = 0;
  for (let index = 0; index < rows.length; index += 1) {
    const row = rows[index];
    if (row !== undefined) bytes += compactRow(row);
    if (bytes >= partBytes || index - from + 1 >= partRows) {
      parts.push(rows.slice(from, index + 1));
      from = index + 1;
      bytes = 0;
    }
  }
  return { parts, last: from === 0 ? rows : rows.slice(from) };
}
