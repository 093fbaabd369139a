import type { DriverCursor } from "../../backend/index.ts";
import { ClosedError } from "../../errors/index.ts";
import type { SqliteIterator } from "./better-sqlite3.ts";
import type { PreparedStatement } from "./statement.ts";
import { readRow } from "./types.ts";

/**
 * Rows read one by one from a statement that is under way. Until it has ended, its connection can read but not
 * write, and the WAL behind the snapshot that it reads cannot be reused: read on, or close it.
 */
export class SqliteCursor implements DriverCursor {
  readonly columns: readonly string[];
  readonly #iterator: SqliteIterator;
  readonly #onEnd: (cursor: SqliteCursor) => void;
  // The first row is read before anything is answered: only then SQLite has taken its lock and knows the columns.
  #first: unknown[] | undefined;
  #open = true;
  #abandoned = false;

  constructor(
    statement: PreparedStatement,
    values: readonly unknown[],
    onEnd: (cursor: SqliteCursor) => void,
  ) {
    this.#onEnd = onEnd;
    this.#iterator = statement.iterate(values);
    const { done, value } = this.#iterator.next();
    this.#first = value;
    this.columns = statement.columnNames();
    if (done === true) this.#open = false;
  }

  get open(): boolean {
    return this.#open;
  }

  read(count: number): unknown[][] {
    if (this.#abandoned) {
      throw new ClosedError(
        "the rows were not read to their end before their transaction, or their connection, had ended",
        { backend: "sqlite" },
      );
    }
    const rows: unknown[][] = [];
    while (this.#open && rows.length < count) {
      const row = this.#first ?? this.#next();
      this.#first = undefined;
      if (row === undefined) this.#end();
      else rows.push(readRow(row));
    }
    return rows;
  }

  close(): void {
    if (!this.#open) return;
    this.#iterator.return();
    this.#end();
  }

  /** Ends it because its connection or its transaction ends. Who reads on is told, and not left with half the rows. */
  abandon(): void {
    if (!this.#open) return;
    this.#abandoned = true;
    this.close();
  }

  #next(): unknown[] | undefined {
    try {
      return this.#iterator.next().value;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #end(): void {
    this.#open = false;
    this.#onEnd(this);
  }
}

/** Rows that are there already. */
export class ListCursor implements DriverCursor {
  readonly columns: readonly string[];
  #rows: unknown[][];
  #position = 0;

  constructor(columns: readonly string[], rows: unknown[][]) {
    this.columns = columns;
    this.#rows = rows;
  }

  read(count: number): unknown[][] {
    const rows = this.#rows.slice(this.#position, this.#position + count);
    this.#position += rows.length;
    return rows;
  }

  close(): void {
    this.#rows = [];
  }
}
