import type { IsolationLevel } from "./driver.ts";

/** What a backend can do. Each entry says what follows when it is left at its default. */
export interface Capabilities {
  /** Whether connections can block their caller. Default: whether there is `connectSync`. Without it, no sync face. */
  readonly blocking: boolean;
  /**
   * Whether DDL takes part in transactions and rolls back with them. Default true. When false, the entity
   * store evolves tables on a connection of its own, before a transaction touches them.
   */
  readonly transactionalDdl: boolean;
  /**
   * Whether a transaction can be rolled back to a point inside it (`SAVEPOINT`). Default true. When false, a
   * transaction inside another one is refused, and a save that fails half-way inside a transaction dooms all of it: what
   * may fail has to run in a transaction of its own.
   */
  readonly savepoints: boolean;
  /**
   * Whether an index can leave out deleted records, by `WHERE` or by a detour of the dialect's. Default true. When
   * false, `ensureIndex` refuses unique indexes, and other indexes cover the deleted records too.
   */
  readonly partialIndexes: boolean;
  /**
   * Whether a column can change its type in the transaction that drops the indexes of its table. Default true. When
   * false, a save that would widen a field of an entity with indexes is refused.
   */
  readonly retypesIndexedTables: boolean;
  /** Isolation levels that `transaction` accepts; others are refused. Default: only `serializable`. */
  readonly isolationLevels: readonly IsolationLevel[];
  /** Most values that one statement may bind. Larger lists are split or refused. Default 999. */
  readonly maxParameters: number;
  /** Most columns of one table. Default 1000. */
  readonly maxColumns: number;
  /** Whether a comment with tags is sent along with statements. Default true; false where nobody would read it. */
  readonly statementComments: boolean;
  /** Whether several connections can work on one database at once. Default true; when false the pool holds one. */
  readonly concurrentConnections: boolean;
}
