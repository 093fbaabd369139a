import type { Awaitable } from "../operation/operation.ts";

/** A statement in the backend's own SQL. The same text always comes as the same object, where that is possible. */
export interface NativeStatement {
  readonly text: string;
  /** Whether the text certainly changes nothing. False when in doubt. */
  readonly readOnly: boolean;
  /** Whether the text is likely to be used again, so that preparing it pays. */
  readonly reusable: boolean;
}

/** A statement and its values, to be run together with others. */
export interface Command {
  readonly statement: NativeStatement;
  readonly values: readonly unknown[];
}

export interface DriverResult {
  /** Names of the answered columns; empty for a statement that answers no rows. */
  readonly columns: readonly string[];
  /** Each row's values in the order of `columns`. The caller owns the array. */
  readonly rows: unknown[][];
  /** Rows answered, or rows changed by a statement that answers none. */
  readonly rowCount: number;
}

/** The four levels of ISO/IEC 9075. A backend lists those that it keeps in `Capabilities.isolationLevels`. */
export type IsolationLevel = "read uncommitted" | "read committed" | "repeatable read" | "serializable";

export interface BeginOptions {
  /** Default: the server's own. */
  readonly isolation?: IsolationLevel;
  /** Whether the transaction only reads. Default false: it may write, and takes what locks that needs. */
  readonly readOnly?: boolean;
}

export interface CallLimits {
  /**
   * Milliseconds that the call may still take. A driver that blocks its caller must keep this limit itself,
   * including what it waits for locks; one that answers promises is stopped by `cancel` and may ignore it.
   */
  readonly timeoutMs: number;
}

/** Rows read piece by piece from the server. */
export interface DriverCursor {
  readonly columns: readonly string[];
  /** Answers at most `count` rows; fewer, or none, only at the end. */
  read(count: number): Awaitable<unknown[][]>;
  /** Ends the reading early or late; safe to call twice. */
  close(): Awaitable<void>;
}

/**
 * One connection of a driver. Calls come one at a time: none starts before the last has settled, except
 * `cancel` and `destroy`.
 *
 * What must never happen:
 * - a call that settles before its work on the server has ended (but for `cancel` and `destroy`);
 * - a statement sent twice by the driver itself;
 * - an answer of success for a COMMIT that the server turned into a rollback;
 * - an error event without a listener: a lost idle connection turns `usable` to false and says nothing.
 *
 * Failures are thrown as the driver's own errors; `Backend.toDatabaseError` classifies them.
 */
export interface DriverConnection {
  /** The driver's own connection, for what this port does not cover. */
  readonly raw: unknown;
  /** The server's name for this session, by which another session can end it. Undefined where there is no such thing. */
  readonly sessionId?: string | number | undefined;
  /**
   * Whether a transaction is open, as the server last told. Also true between a `begin` that was answered at once, for
   * a driver may hold it back until the first statement, and that statement.
   */
  readonly inTransaction: boolean;
  /** False once the connection is lost or closed. */
  readonly usable: boolean;

  execute(
    statement: NativeStatement,
    values: readonly unknown[],
    limits: CallLimits,
  ): Awaitable<DriverResult>;
  /** Runs one statement for each set of values, in order, and answers the rows changed by all of them. */
  executeMany(
    statement: NativeStatement,
    sets: Iterable<readonly unknown[]>,
    limits: CallLimits,
  ): Awaitable<number>;
  stream(statement: NativeStatement, values: readonly unknown[], limits: CallLimits): Awaitable<DriverCursor>;

  /**
   * Sends several statements before the first is answered, and answers all of them. For use in a transaction: a server
   * may run a statement although one before it has failed. Fails with the first failure, when all have ended. Absent:
   * one is sent after the other.
   */
  executeAll?(commands: readonly Command[], limits: CallLimits): Awaitable<DriverResult[]>;
  /**
   * Runs statements as one transaction, in as few round trips as the server allows, while none is open. If the last one
   * answers a row, or changes one where it is no SELECT, the transaction is committed, and its rows are answered. If not,
   * everything is rolled back, and the `rowCount` answered is 0; so it is too when a statement fails. A failure after
   * which the transaction may have been committed makes the connection unusable, unless its error says so itself.
   * Absent: the store uses `begin` and `commit`.
   */
  executeAtomically?(commands: readonly Command[], limits: CallLimits): Awaitable<DriverResult>;

  begin(options: BeginOptions, limits: CallLimits): Awaitable<void>;
  commit(limits: CallLimits): Awaitable<void>;
  rollback(limits: CallLimits): Awaitable<void>;

  /** Asks the server for a sign of life. */
  ping(limits: CallLimits): Awaitable<void>;
  /** Brings the session back to its first state before another caller uses it. No transaction is open. */
  reset(): Awaitable<void>;
  version(): Awaitable<VersionDetails>;

  /**
   * Stops the call that is under way, and settles when it can no longer hit a later one. The call then fails,
   * or has just succeeded. If the connection is gone afterwards, `usable` is false.
   */
  cancel(): Promise<void>;
  /** Ends the connection in good order. */
  close(): Awaitable<void>;
  /** Ends the connection at once, without a word to the server and without waiting. Never throws. */
  destroy(): void;
}

export interface VersionDetails {
  /** `SQLite 3.53.2`, `PostgreSQL 18.1`, `MariaDB 10.11.19` */
  readonly serverVersion: string;
  /** `better-sqlite3 13.2.0` */
  readonly driver: string;
}
