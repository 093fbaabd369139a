import { type InspectOptions, inspect } from "node:util";
import { type Operation, runAsync } from "../operation/index.ts";
import { catalogue, type ErrorCode } from "./catalogue.ts";

/**
 * What is known about a failed call's effect.
 * - `not_sent`: nothing reached the database.
 * - `rejected`: the database answered with an error, and the statement had no effect.
 * - `rolled_back`: the database answered, and the whole transaction is gone.
 * - `unknown`: something was sent and no complete answer came.
 */
export type Outcome = "not_sent" | "rejected" | "rolled_back" | "unknown";

/** Facts that a program can act on. Every backend fills them alike. */
export interface ErrorFacts {
  /** Default `rejected` for what a database reports, `not_sent` for what is refused before. */
  readonly outcome?: Outcome;
  /** SQLSTATE (ISO/IEC 9075), where the server gives one. */
  readonly sqlState?: string;
  /** The driver's own code: `SQLITE_FULL`, `ER_DUP_ENTRY`, `ECONNRESET`. */
  readonly driverCode?: string;
  /** Name of the backend. */
  readonly backend?: string;
  /** What was being done: `execute`, `saveEntity`, `commit`. */
  readonly operation?: string;
  /** Table of a constraint violation. */
  readonly table?: string;
  /** Columns of a constraint violation, in the constraint's order. */
  readonly columns?: readonly string[];
  readonly cause?: unknown;
}

const factNames = ["sqlState", "driverCode", "backend", "operation", "table", "columns"] as const;

/**
 * Base of every error that the library throws, but for `WouldBlockError`. Neither the message, nor any enumerable
 * property, nor what `console.log` shows holds a password or a value that a caller bound to a statement. The
 * `cause` may: a driver's message can quote a value.
 */
export class DatabaseError extends Error {
  /** Stable name of what happened, `STRATA_…`; see docs/errors.md. */
  readonly code: ErrorCode;
  readonly outcome: Outcome;
  readonly sqlState: string | undefined;
  readonly driverCode: string | undefined;
  readonly backend: string | undefined;
  readonly operation: string | undefined;
  readonly table: string | undefined;
  readonly columns: readonly string[] | undefined;

  constructor(message: string, facts: ErrorFacts = {}, code: ErrorCode = "STRATA_DATABASE") {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    Object.defineProperty(this, "name", { value: new.target.name, configurable: true, writable: true });
    this.code = code;
    this.outcome = facts.outcome ?? "rejected";
    this.sqlState = facts.sqlState;
    this.driverCode = facts.driverCode;
    this.backend = facts.backend;
    this.operation = facts.operation;
    this.table = facts.table;
    this.columns = facts.columns;
  }

  /** The error's sort, from its code: `unique_violation` for `STRATA_UNIQUE_VIOLATION`. */
  get kind(): string {
    return this.code.slice("STRATA_".length).toLowerCase();
  }

  /**
   * Whether repeating the work can succeed: the call itself, or, where the catalogue says so, the whole
   * transaction. Never true when the outcome is `unknown`.
   */
  get retryable(): boolean {
    return catalogue[this.code].retry !== "never" && this.outcome !== "unknown";
  }

  /** Everything that is known but the cause, whose message may hold values. */
  toJSON(): Record<string, unknown> {
    return {
      name: this.name,
      code: this.code,
      kind: this.kind,
      message: this.message,
      outcome: this.outcome,
      retryable: this.retryable,
      ...this.knownFacts(),
    };
  }

  /** @internal What `console.log` shows. */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    const facts = { code: this.code, outcome: this.outcome, retryable: this.retryable, ...this.knownFacts() };
    const cause = this.cause === undefined ? "" : `\n  caused by ${nameSafely(this.cause)}`;
    return `${this.stack ?? `${this.name}: ${this.message}`} ${inspect(facts, options)}${cause}`;
  }

  /** The facts that are known, without the cause. A subclass adds its own. */
  protected knownFacts(): Record<string, unknown> {
    return Object.fromEntries(
      factNames.filter((name) => this[name] !== undefined).map((name) => [name, this[name]]),
    );
  }
}

/** Names a cause. Only our own messages are known to hold no values; of a driver's error the code must do. */
function nameSafely(cause: unknown): string {
  if (cause instanceof DatabaseError) return `${cause.name}: ${cause.message}`;
  if (!(cause instanceof Error)) return `a thrown ${typeof cause}`;
  const code = "code" in cause && typeof cause.code === "string" ? ` (${cause.code})` : "";
  return `${cause.name}${code}, see \`cause\``;
}

/** What was asked cannot be right, whatever the state of the database: nothing was sent. */
function refused(facts: ErrorFacts | undefined): ErrorFacts {
  return { outcome: "not_sent", ...facts };
}

/** A setting cannot be used. Nothing was sent; the message lists what was expected and what came. */
export class ConfigurationError extends DatabaseError {
  constructor(
    message: string,
    facts?: ErrorFacts,
    code:
      | "STRATA_CONFIGURATION"
      | "STRATA_UNKNOWN_BACKEND"
      | "STRATA_DRIVER_MISSING"
      | "STRATA_RUNTIME_UNSUPPORTED" = "STRATA_CONFIGURATION",
  ) {
    super(message, refused(facts), code);
  }
}

/** The backend or the face cannot do what was asked: see `Capabilities`. Nothing was sent. */
export class UnsupportedError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_UNSUPPORTED");
  }
}

/** Something was used after its end: a handle, a connection, a transaction, a lease. Nothing was sent. */
export class ClosedError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_CLOSED");
  }
}

/** The connection could not be made (`not_sent`), or was lost: `unknown` where work may have been done. */
export class ConnectionError extends DatabaseError {
  constructor(
    message: string,
    facts?: ErrorFacts,
    code: "STRATA_CONNECTION" | "STRATA_CONNECTION_REFUSED" | "STRATA_CONNECT_TIMEOUT" = "STRATA_CONNECTION",
  ) {
    // A server that refuses the login has done nothing; a connection that is lost may have.
    super(message, { outcome: code === "STRATA_CONNECTION" ? "unknown" : "not_sent", ...facts }, code);
  }
}

/** A connection was not made in `connectionCreationTimeout`. Nothing was sent. */
export class ConnectTimeoutError extends ConnectionError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_CONNECT_TIMEOUT");
  }
}

/** No connection came in time; the message says who holds them. Nothing was sent. */
export class PoolTimeoutError extends DatabaseError {
  constructor(
    message: string,
    facts?: ErrorFacts,
    code:
      | "STRATA_POOL_TIMEOUT"
      | "STRATA_POOL_CREATION_TIMEOUT"
      | "STRATA_POOL_FULL"
      | "STRATA_POOL_SELF_DEADLOCK" = "STRATA_POOL_TIMEOUT",
  ) {
    super(message, refused(facts), code);
  }
}

/** A statement was stopped at its limit. `outcome` says whether its work is certainly undone. */
export class QueryTimeoutError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_QUERY_TIMEOUT");
  }
}

/** The caller's signal stopped the call; `cause` is the signal's reason. */
export class AbortedError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_ABORTED");
  }
}

/** The circuit breaker refuses calls for a while. Nothing was sent. */
export class CircuitOpenError extends DatabaseError {
  /** How long the caller should wait before the next try, in milliseconds. */
  readonly retryAfterMs: number;
  constructor(message: string, retryAfterMs: number, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_CIRCUIT_OPEN");
    this.retryAfterMs = retryAfterMs;
  }

  protected override knownFacts(): Record<string, unknown> {
    return { ...super.knownFacts(), retryAfterMs: this.retryAfterMs };
  }
}

/** A lock was not free in time. In a transaction, run the whole of it again. */
export class LockTimeoutError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_BUSY");
  }
}

/** The database does not understand the statement, or does not know a name in it. */
export class SqlSyntaxError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_SQL_SYNTAX");
  }
}

/** Values and placeholders do not fit, or a value cannot be bound. Nothing was sent, unless the server says so. */
export class SqlParameterError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_SQL_PARAMETER");
  }
}

/** A row breaks a rule of its table. Catch the class below that you can answer. */
export abstract class ConstraintViolationError extends DatabaseError {}

/** Another row has these values already: see `table` and `columns`. */
export class UniqueViolationError extends ConstraintViolationError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_UNIQUE_VIOLATION");
  }
}

/** A row refers to one that is not there, or is still referred to. */
export class ForeignKeyViolationError extends ConstraintViolationError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_FOREIGN_KEY_VIOLATION");
  }
}

/** A column that needs a value has none: see `columns`. */
export class NotNullViolationError extends ConstraintViolationError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_NOT_NULL_VIOLATION");
  }
}

/** A value breaks a CHECK constraint. */
export class CheckViolationError extends ConstraintViolationError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_CHECK_VIOLATION");
  }
}

/** The database ended this transaction to resolve a deadlock. Run the whole of it again. */
export class DeadlockError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, { outcome: "rolled_back", ...facts }, "STRATA_DEADLOCK");
  }
}

/** The database ended this transaction because of one beside it. Run the whole of it again. */
export class SerializationError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, { outcome: "rolled_back", ...facts }, "STRATA_SERIALIZATION");
  }
}

/** A statement of the transaction has failed before; it can only be rolled back. `cause` is that failure. */
export class TransactionDoomedError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_TRANSACTION_DOOMED");
  }
}

/** Begin, commit, rollback or an option came at a moment when it makes no sense. Nothing was sent. */
export class TransactionStateError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_TRANSACTION_STATE");
  }
}

/** Whether a transaction was committed is not known. Never repeat it blindly: ask `resolve` first. */
export class CommitOutcomeUnknownError extends DatabaseError {
  readonly #find: (() => Operation<"committed" | "rolled back" | "unknown">) | undefined;

  constructor(
    message: string,
    facts?: ErrorFacts,
    find?: () => Operation<"committed" | "rolled back" | "unknown">,
  ) {
    super(message, { outcome: "unknown", ...facts }, "STRATA_COMMIT_UNKNOWN");
    this.#find = find;
  }

  /**
   * Asks the database once more what became of the transaction, for up to 5 s. `unknown` when it cannot be reached, or
   * when the transaction wrote no record whose version would tell.
   */
  async resolve(): Promise<"committed" | "rolled back" | "unknown"> {
    return this.#find === undefined ? "unknown" : await runAsync(this.#find());
  }
}

/**
 * A write met a database, a server or a transaction that only reads. With the code `STRATA_READ_ONLY_SERVER` it is the
 * server as a whole, and another one may take the write.
 */
export class ReadOnlyError extends DatabaseError {
  constructor(
    message: string,
    facts?: ErrorFacts,
    code: "STRATA_READ_ONLY" | "STRATA_READ_ONLY_SERVER" = "STRATA_READ_ONLY",
  ) {
    super(message, facts, code);
  }
}

/** The disk is full, or the file is damaged or no database. What failed is not stored. */
export class StorageError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_STORAGE");
  }
}

/** The record or the version that was named does not exist. */
export class NotFoundError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, facts, "STRATA_NOT_FOUND");
  }
}

/** The record is at another version than the write was based on. Nothing was written. */
export class VersionConflictError extends DatabaseError {
  /** The version that the write was based on. */
  readonly expectedVersion: number;
  /** The version that is stored; null when there is no such record. */
  readonly actualVersion: number | null;
  constructor(
    message: string,
    versions: { readonly expected: number; readonly actual: number | null },
    facts?: ErrorFacts,
  ) {
    super(message, facts, "STRATA_VERSION_CONFLICT");
    this.expectedVersion = versions.expected;
    this.actualVersion = versions.actual;
  }

  protected override knownFacts(): Record<string, unknown> {
    return {
      ...super.knownFacts(),
      expectedVersion: this.expectedVersion,
      actualVersion: this.actualVersion,
    };
  }
}

/** A value does not fit its field, or the tables cannot be changed so. Nothing was written. */
export class SchemaConflictError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_SCHEMA_CONFLICT");
  }
}

/** The schema is frozen and has no such field. Nothing was written. */
export class UnknownFieldError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_UNKNOWN_FIELD");
  }
}

/** A name, a value or an option cannot be accepted; the message says why. Nothing was sent. */
export class ValidationError extends DatabaseError {
  constructor(message: string, facts?: ErrorFacts) {
    super(message, refused(facts), "STRATA_VALIDATION");
  }
}
