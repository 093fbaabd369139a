import type { DriverResult } from "../../backend/index.ts";
import type { SqliteDatabase, SqliteIterator, SqliteStatement } from "./better-sqlite3.ts";
import { type ColumnNames, columnNames, type SchemaWatch } from "./columns.ts";
import { readRows } from "./types.ts";

/**
 * What a statement does, as far as locks are concerned.
 * - `read`: answers rows and leaves the file alone.
 * - `write`: needs the write turn.
 * - `control`: BEGIN, COMMIT, SAVEPOINT and others that answer nothing and may begin or end a transaction.
 */
export type StatementKind = "read" | "write" | "control";

// Leading comments and spaces, then the words that count. Too much is harmless: it only makes `reset` do more.
const sessionStatement =
  /^(?:\s|--[^\n]*\n|\/\*[^*]*(?:\*(?!\/)[^*]*)*\*\/)*(?:pragma|attach|detach|create\b.*?\btemp(?:orary)?)\b/is;

const none: readonly string[] = [];

/** A prepared statement of one connection. */
export class PreparedStatement {
  readonly kind: StatementKind;
  /** Whether it may change the session: its settings, its attached databases, its temporary tables. */
  readonly touchesSession: boolean;
  readonly #statement: SqliteStatement;
  readonly #columns: ColumnNames;
  readonly #reader: boolean;

  /** Prepares `text`, which is one statement. Throws what the driver throws. */
  constructor(database: SqliteDatabase, text: string, watch: SchemaWatch) {
    const statement = database.prepare(text);
    this.#reader = statement.reader;
    this.#statement = statement.reader ? statement.raw() : statement;
    this.#columns = columnNames(text, watch);
    this.touchesSession = sessionStatement.test(text);
    this.kind = !statement.readonly ? "write" : statement.reader ? "read" : "control";
  }

  execute(values: readonly unknown[]): DriverResult {
    const statement = this.#statement;
    if (!this.#reader) return { columns: none, rows: [], rowCount: statement.run(...values).changes };
    // `all` also for one row: an INSERT … RETURNING that `get` leaves unfinished keeps the WAL from being checkpointed.
    const rows = readRows(statement.all(...values));
    return { columns: this.#columns.after(statement), rows, rowCount: rows.length };
  }

  /** Runs the statement for its effect, and answers how many rows it answered or changed. */
  run(values: readonly unknown[]): number {
    return this.#reader ? this.#statement.all(...values).length : this.#statement.run(...values).changes;
  }

  /** Reads the rows one by one. Only for kind `read`. */
  iterate(values: readonly unknown[]): SqliteIterator {
    return this.#statement.iterate(...values);
  }

  /** The names of the columns, once the statement has made its first step. */
  columnNames(): readonly string[] {
    return this.#columns.after(this.#statement);
  }
}
