import { errnoOf } from "./error-codes.ts";

const known = new WeakMap<object, { readonly texts: readonly string[]; readonly block: string }>();

/**
 * Statements as one that runs them as a transaction, and commits it when the last of them, a SELECT, has found a row:
 * MariaDB's BEGIN NOT ATOMIC. A statement that fails ends the block and leaves the transaction open. `key` is an object
 * that comes with these statements each time, so that their text need not be put together again.
 *
 * https://mariadb.com/kb/en/begin-end/; it can be prepared from 10.6.2 on, which spares the server the parsing.
 */
export function blockOf(texts: readonly string[], key: object): string {
  const before = known.get(key);
  if (before !== undefined && isSame(before.texts, texts)) return before.block;
  const block =
    `BEGIN NOT ATOMIC START TRANSACTION;\n${texts.join("\n;\n")}\n;\n` +
    "IF FOUND_ROWS() > 0 THEN COMMIT; ELSE ROLLBACK; END IF; END";
  known.set(key, { texts, block });
  return block;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((text, i) => text === others[i]);
}

const interruptions = new Set([1317, 1969, 3024]);

/** Whether the server was told to stop, which may also have come between a block's COMMIT and its end. */
export function isInterruption(error: unknown): boolean {
  return interruptions.has(errnoOf(error) ?? 0);
}
