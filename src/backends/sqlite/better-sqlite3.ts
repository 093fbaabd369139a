/**
 * The part of better-sqlite3 13 that this backend needs. Declared here, so that the package stays an optional
 * dependency of our types too.
 */

/** What SQLite can hold in one cell, as better-sqlite3 takes and (with safe integers) gives it. */
export type SqliteValue = string | number | bigint | Uint8Array | null;

export interface SqliteStatement {
  /** Whether the statement answers rows. `all` and `iterate` refuse one that does not. */
  readonly reader: boolean;
  /**
   * Whether the statement leaves the database file alone. True for BEGIN, COMMIT, SAVEPOINT and ATTACH too, but
   * not for BEGIN IMMEDIATE.
   */
  readonly readonly: boolean;
  /** From now on rows are arrays. Answers the statement itself. */
  raw(): SqliteStatement;
  all(...values: readonly unknown[]): unknown[][];
  run(...values: readonly unknown[]): { readonly changes: number };
  iterate(...values: readonly unknown[]): SqliteIterator;
  /** The columns as of the statement's last step: SQLite prepares it again when it finds the schema changed. */
  columns(): readonly { readonly name: string }[];
}

/** Blocks every write on its connection until it has ended or `return` was called. */
export interface SqliteIterator {
  next(): { readonly done?: boolean; readonly value?: unknown[] };
  return(): unknown;
}

export interface SqliteDatabase {
  readonly open: boolean;
  readonly inTransaction: boolean;
  readonly readonly: boolean;
  prepare(sql: string): SqliteStatement;
  /** With `simple`, the first column of the first row. */
  pragma(source: string, options?: { readonly simple?: boolean }): unknown;
  defaultSafeIntegers(on: boolean): unknown;
  /** Adds a function of SQL. With `directOnly` views and triggers of the file cannot call it. */
  function(
    name: string,
    options: { readonly deterministic: boolean; readonly directOnly: boolean },
    body: (value: unknown) => unknown,
  ): unknown;
  close(): unknown;
}

export interface SqliteDriver {
  new (
    path: string,
    options: { readonly readonly: boolean; readonly fileMustExist: boolean; readonly timeout: number },
  ): SqliteDatabase;
}
