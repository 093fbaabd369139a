import type { SqlSyntax } from "../sql/syntax.ts";
import type { SqlValue, StorageType } from "./values.ts";

export interface ColumnDefinition {
  readonly name: string;
  readonly type: StorageType;
  /** Whether the column is part of a key or an index, which some dialects store in another type. */
  readonly key?: boolean;
  readonly notNull?: boolean;
}

export interface TableDefinition {
  readonly name: string;
  readonly columns: readonly ColumnDefinition[];
  readonly primaryKey: readonly string[];
}

export interface IndexDefinition {
  readonly name: string;
  readonly table: string;
  readonly columns: readonly ColumnDefinition[];
  readonly unique: boolean;
  /** Whether rows whose `deleted_at` is set are left out of the index. */
  readonly liveOnly: boolean;
}

/**
 * A save in one statement. Its values are `:id`, `:f0`, `:f1` … for `fields`, `:at`, `:user_id`, `:comment`,
 * `:write_id`, `:revision`, and `:g0` … for `guards`.
 */
export interface AuditedSave {
  readonly main: string;
  readonly history: string;
  readonly meta: string;
  /** All columns of the main table, in the order of the answer. */
  readonly columns: readonly string[];
  /** The fields that are given. */
  readonly fields: readonly { readonly name: string; readonly type: StorageType }[];
  /** System columns that must hold `:g0` … when the record is there; then it must be there. */
  readonly guards: readonly { readonly name: string; readonly type: StorageType }[];
  /**
   * Whether the id has just been made, so that there can be neither a record nor a history of it. Else a record that is
   * not there counts on from the versions that its id has had, of which the first may be gone.
   */
  readonly isNewId: boolean;
  /** Whether a save that changes nothing makes a version. */
  readonly versionUnchanged: boolean;
}

/**
 * Saves of many records by one statement. Its values are `:id`, `:version` and `:f0`, `:f1` … for `fields`, each a list
 * with an element for each record, and `:at`, `:user_id`, `:comment`, `:operation`, `:write_id` and `:changed` (JSON
 * text) for all of them.
 */
export interface AuditedBatch {
  readonly main: string;
  readonly history: string;
  /**
   * Whether the records are new: `:version` is then the one that each gets. Else they are there, and `:version` is the
   * one that each has; a record that has another one is left as it is.
   */
  readonly isNew: boolean;
  /** The fields that are given. */
  readonly fields: readonly { readonly name: string; readonly type: StorageType }[];
  /** The columns of the main table that are copied to the history. */
  readonly copied: readonly string[];
}

/**
 * A save in several statements that run as one transaction: see `DriverConnection.executeAtomically`. Each takes its
 * values by `?`; `values` says which: the names that `AuditedSave` lists.
 */
export interface AuditedSteps {
  /** The last one answers a row, or changes one, if, and only if, the save is complete. */
  readonly steps: readonly { readonly sql: string; readonly values: readonly string[] }[];
  /**
   * The columns of the record as it is now that the last one answers, in their order: those of which the caller cannot
   * know what they hold. Empty where it can know all, since it has made the record.
   */
  readonly answers: readonly string[];
}

/** A statement of portable SQL (`[name]`, `?`) and its values. */
export interface PortableStatement {
  readonly sql: string;
  readonly params?: readonly SqlValue[];
}

/**
 * Where a database's SQL differs. Everything else the entity store writes once, in portable SQL. The statements
 * answered here are portable SQL too, and are translated like any other.
 */
export interface Dialect {
  readonly syntax: SqlSyntax;

  /**
   * Turns a parameter into what the driver binds, or throws a `TypeError` whose message completes "expected a
   * value that can be bound, …". Called for every value of every statement: keep strings and null on a short path.
   */
  bindValue(value: unknown): unknown;

  /** The column type that stores `type`, for messages and DDL. */
  columnType(column: ColumnDefinition): string;

  /** Makes a table; an error when it exists is the caller's to handle (`isAlreadyThere`). */
  createTable(table: TableDefinition): string;
  addColumn(table: string, column: ColumnDefinition): string;
  /** Changes a column's type and keeps its values. `from` is null when the column holds nothing but null. */
  changeColumnType(table: string, column: ColumnDefinition, from: StorageType | null): readonly string[];
  createIndex(index: IndexDefinition): string;
  dropIndex(index: { readonly name: string; readonly table: string }): string;

  /** Answers rows `[column name, declared type]` in order; none when there is no such table. */
  listColumns(table: string): PortableStatement;
  /** Answers rows `[table name]` of the tables whose name is `table`, whatever its case. */
  findTable(table: string): PortableStatement;
  /** Answers rows `[index name, 1 if unique, column name]`, in the order of the index's columns. */
  listIndexes(table: string): PortableStatement;

  /**
   * Taken before a schema is changed, so that two processes never alter one entity at once: inside the transaction, or,
   * where DDL takes part in none, on the connection that makes the change and is closed afterwards. Answers a row with
   * 0 when it could not be had in time. Null when the transaction itself already excludes others.
   */
  lockSchema(entity: string): PortableStatement | null;

  /**
   * Whether a statement commits the transaction that it stands in, as far as its text tells, without being asked to by
   * COMMIT. Absent: none does.
   */
  commitsTransaction?(sql: string): boolean;

  /**
   * Bounds how long the statements that change a schema wait for locks, so that one long reader does not make every
   * writer queue behind them; null puts the server's own limit back. Absent: there is nothing to bound.
   */
  limitLockWait?(limitMs: number | null): PortableStatement;

  /**
   * Keeps all others from reading and writing some tables while several statements change them, and ends that. Until
   * then only these tables may be used. Absent: the statements take part in a transaction, which does it better.
   */
  readonly exclusively?: {
    begin(tables: readonly string[]): PortableStatement;
    readonly end: PortableStatement;
  };

  /**
   * A `?` of a certain type, for a place where no column tells the database which one it is. Absent: `?` will do.
   */
  typedParameter?(type: StorageType): string;

  /**
   * One statement that saves a record and appends its version. Absent: the store does it by several statements in a
   * transaction. Its named values are those of `AuditedSave`; it answers `columns` of the record as it is now, or no
   * row and changes nothing when the schema has another revision, when a guard does not hold, when nothing would
   * change, or when the record is deleted. `expects` says what the store takes to be there: `record`, one that is not
   * deleted, so that the statement need not be able to make one, as with guards; or `either`.
   */
  auditedSave?(save: AuditedSave, expects: "record" | "either"): string;

  /**
   * One statement that saves many records and appends their versions, and changes as many rows as records were saved.
   * Absent: the store writes the records one by one, without waiting for each, and copies their versions together.
   */
  auditedBatch?(batch: AuditedBatch): string;

  /**
   * A condition that a text column has one of the values of a list, which is bound as one value, however long it is.
   * Absent: `IN (?)`, where each element of the list is a value.
   */
  inList?(column: string): string;

  /**
   * Ends another session, whose connection was lost, so that it can no longer commit; and finds it, answering a row as
   * long as it lives. Absent: what became of a commit without an answer can be confirmed, but not ruled out.
   */
  endSession?(sessionId: string | number): PortableStatement;
  findSession?(sessionId: string | number): PortableStatement;

  /**
   * As `auditedSave`, in several statements. `expects` says what the store takes to be there: `record`, one that is not
   * deleted, or `nothing`, neither a record nor a history of this id. Where that is wrong, where a guard does not hold
   * or nothing would have changed, the last statement neither answers nor changes a row, or one of them fails on a key of
   * ours. Absent: the store does it by several round trips. Needs a driver with `executeAtomically`.
   */
  auditedSteps?(save: AuditedSave, expects: "record" | "nothing"): AuditedSteps;

  /** Answers one row with the number of sessions that the server accepts. Absent: there is no server that would limit them. */
  readonly connectionLimit?: PortableStatement;
  /** Answers one row with 1 when the server takes no writes, and 0 when it does. Absent: there is only one kind. */
  readonly isReadOnlyServer?: PortableStatement;
  /**
   * As `isReadOnlyServer`, with two more columns by which servers of one cluster are told apart: a name of the data,
   * which all its copies have in common, and a whole number that grows whenever a copy takes over; null where it is not
   * known. May fail, for lack of a right say; then nothing is told apart. Absent: there is nothing that would tell.
   */
  readonly nodeIdentity?: PortableStatement;

  /** Ends a SELECT whose rows the transaction is about to change: ` FOR UPDATE`, or nothing. */
  readonly lockRows: string;
  /** One term of ORDER BY, such as `[name] DESC`. Null comes before every value, as SQLite has it by nature. */
  orderTerm(column: string, direction: "asc" | "desc"): string;
  /** ` LIMIT … OFFSET …`; either may be missing. Both are whole numbers that were checked. */
  limit(limit: number | undefined, offset: number | undefined): string;
}
