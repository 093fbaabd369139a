import type { Command, NativeStatement } from "../../backend/index.ts";
import { errnoOf } from "./error-codes.ts";

export interface Block {
  readonly statement: NativeStatement;
  /** The statements that it is made of. */
  readonly parts: readonly NativeStatement[];
  /** The text of the whole, and those of its parts. */
  readonly texts: readonly string[];
}

const known = new WeakMap<NativeStatement, Block>();

/**
 * Statements as one that runs them as a transaction, and commits it when the last of them has found a row, or changed
 * one: MariaDB's BEGIN NOT ATOMIC. A statement that fails ends the block and leaves the transaction open. A block that
 * was rolled back answers a SELECT without rows. The same statements are put together once.
 *
 * https://mariadb.com/kb/en/begin-end/; it can be prepared from 10.6.2 on, which spares the server the parsing.
 */
export function blockOf(commands: readonly Command[]): Block {
  const first = commands[0]?.statement;
  const before = first === undefined ? undefined : known.get(first);
  if (before !== undefined && isMadeOf(before, commands)) return before;
  const parts = commands.map(({ statement }) => statement);
  const reusable = parts.every((part) => part.reusable);
  const text = textOf(parts);
  const texts = [text, ...parts.map((part) => part.text)];
  const block = { statement: { text, readOnly: false, reusable }, parts, texts };
  if (first !== undefined && reusable) known.set(first, block);
  return block;
}

function isMadeOf({ parts }: Block, commands: readonly Command[]): boolean {
  return parts.length === commands.length && parts.every((part, i) => part === commands[i]?.statement);
}

const select = /^(?:\s|\/\*.*?\*\/)*SELECT\b/is;

/** Rows that the last statement has changed are told by the block's own answer, which spares a SELECT to tell it. */
function textOf(parts: readonly NativeStatement[]): string {
  const end = select.test(parts.at(-1)?.text ?? "")
    ? "IF FOUND_ROWS() > 0 THEN COMMIT; ELSE ROLLBACK; END IF; END"
    : "IF ROW_COUNT() > 0 THEN COMMIT; ELSE ROLLBACK; SELECT 1 FROM DUAL WHERE FALSE; END IF; END";
  return `BEGIN NOT ATOMIC START TRANSACTION;\n${parts.map(({ text }) => text).join("\n;\n")}\n;\n${end}`;
}

const interruptions = new Set([1317, 1969, 3024]);

/** Whether the server was told to stop, which may also have come between a block's COMMIT and its end. */
export function isInterruption(error: unknown): boolean {
  return interruptions.has(errnoOf(error) ?? 0);
}
