import type { DriverCursor } from "./driver.ts";

/**
 * A cursor over rows that come in batches of the driver's choice, such as the chunks of an async iterator. Closing it
 * early ends the iterator, whose `return` has to end the reading on the server.
 */
export function batchCursor(
  columns: readonly string[],
  batches: AsyncIterable<unknown[][]> | Iterable<unknown[][]>,
): DriverCursor {
  const source =
    Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  let rows: unknown[][] = [];
  let position = 0;
  let ended = false;
  return {
    columns,
    async read(count) {
      const taken = rows.slice(position, position + count);
      position += taken.length;
      while (taken.length < count && !ended) {
        const next = await source.next();
        ended = next.done === true;
        rows = next.done === true ? [] : next.value;
        position = Math.min(rows.length, count - taken.length);
        for (let i = 0; i < position; i++) taken.push(rows[i] ?? []);
      }
      return taken;
    },
    async close() {
      rows = [];
      if (ended) return;
      ended = true;
      await source.return?.();
    },
  };
}
