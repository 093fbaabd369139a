/**
 * Every code that the library throws, once: what it means, whether the same call may be tried again, and what
 * to do. `docs/errors.md` is written from this table.
 */
export interface CatalogueEntry {
  /** The class to catch. */
  readonly class: string;
  readonly meaning: string;
  readonly remedy: string;
  /** Whether repeating the same call can succeed without anything else being changed. */
  readonly retry: "never" | "the call" | "the whole transaction";
}

function entry(
  className: string,
  retry: CatalogueEntry["retry"],
  meaning: string,
  remedy: string,
): CatalogueEntry {
  return { class: className, retry, meaning, remedy };
}

export const catalogue = {
  STRATA_CONFIGURATION: entry(
    "ConfigurationError",
    "never",
    "An option is missing, unknown, of a wrong type, or contradicts another.",
    "The message names the option, what was expected and what came. Correct it.",
  ),
  STRATA_UNKNOWN_BACKEND: entry(
    "ConfigurationError",
    "never",
    "No backend of that name is registered.",
    "Use a name from the message, or register the backend with DatabaseFactory.register.",
  ),
  STRATA_DRIVER_MISSING: entry(
    "ConfigurationError",
    "never",
    "The driver package of this backend is not installed, or cannot be loaded.",
    "Run the install command that the message gives.",
  ),
  STRATA_RUNTIME_UNSUPPORTED: entry(
    "ConfigurationError",
    "never",
    "This version of Node.js is too old for the library or for the driver.",
    "Run the program with a version that the message names.",
  ),
  STRATA_UNSUPPORTED: entry(
    "UnsupportedError",
    "never",
    "The backend, or the face, cannot do what was asked. See the backend's capabilities.",
    "The message says what can be used instead.",
  ),
  STRATA_WOULD_BLOCK: entry(
    "WouldBlockError",
    "never",
    "A synchronous call met work that has to wait, such as a callback that returned a promise.",
    "Use the asynchronous face, or a callback that answers at once.",
  ),
  STRATA_CLOSED: entry(
    "ClosedError",
    "never",
    "A database, connection, lease or transaction was used after it had ended.",
    "Await every query before the block ends; open a new connection or transaction.",
  ),
  STRATA_CONNECTION: entry(
    "ConnectionError",
    "the call",
    "The connection could not be made, or was lost.",
    "See `outcome`: with `not_sent` nothing was done; with `unknown` a write may have happened.",
  ),
  STRATA_CONNECTION_REFUSED: entry(
    "ConnectionError",
    "never",
    "The server refused the login, the database or the encryption.",
    "Check user, password, database and TLS options. It is not tried again by itself.",
  ),
  STRATA_CONNECT_TIMEOUT: entry(
    "ConnectTimeoutError",
    "the call",
    "A connection was not made within `connectionCreationTimeout`.",
    "Check host and network; raise the limit where the server is known to be slow.",
  ),
  STRATA_POOL_TIMEOUT: entry(
    "PoolTimeoutError",
    "the call",
    "No connection became free within `connectionAcquisitionTimeout`.",
    "The message says who holds the connections. Give them back sooner, or raise the pool's size.",
  ),
  STRATA_POOL_CREATION_TIMEOUT: entry(
    "PoolTimeoutError",
    "the call",
    "The pool's first connections were not made within `poolCreationTimeout`.",
    "Check that the server answers; lower `minSize`.",
  ),
  STRATA_POOL_FULL: entry(
    "PoolTimeoutError",
    "the call",
    "More callers than `maxWaiting` were waiting for a connection, so this one was refused at once.",
    "Shed load, or raise `maxWaiting` or the pool's size.",
  ),
  STRATA_POOL_SELF_DEADLOCK: entry(
    "PoolTimeoutError",
    "never",
    "A connection was asked for by code that holds the last one itself, so it could never come.",
    "Use the handle of the transaction or the connection that is held; the message names both places.",
  ),
  STRATA_QUERY_TIMEOUT: entry(
    "QueryTimeoutError",
    "never",
    "A statement ran longer than its limit and was stopped.",
    "Raise `timeout`, or make the statement faster. See `outcome` for what became of its work.",
  ),
  STRATA_ABORTED: entry(
    "AbortedError",
    "never",
    "The caller's AbortSignal aborted the call. `cause` is the signal's reason.",
    "Nothing, when that was wanted.",
  ),
  STRATA_CIRCUIT_OPEN: entry(
    "CircuitOpenError",
    "the call",
    "The database failed too often, so calls are refused at once until it has had time to recover.",
    "Wait for `retryAfterMs`.",
  ),
  STRATA_BUSY: entry(
    "LockTimeoutError",
    "the whole transaction",
    "Another connection or process held a lock for longer than the call could wait.",
    "Keep transactions short; try again.",
  ),
  STRATA_SQL_SYNTAX: entry(
    "SqlSyntaxError",
    "never",
    "The database could not understand the statement, or it names a table or column that is not there.",
    "Correct the statement; the message shows the database's own words.",
  ),
  STRATA_SQL_PARAMETER: entry(
    "SqlParameterError",
    "never",
    "The statement's placeholders and the values given do not fit, or a value cannot be bound.",
    "The message says how many values were expected, of which kind, and shows the statement.",
  ),
  STRATA_UNIQUE_VIOLATION: entry(
    "UniqueViolationError",
    "never",
    "Another row has the same value in a unique column.",
    "`columns` names the columns. Choose another value, or update the row that is there.",
  ),
  STRATA_FOREIGN_KEY_VIOLATION: entry(
    "ForeignKeyViolationError",
    "never",
    "A referenced row does not exist, or a row that others reference was to be removed.",
    "Write the referenced row first, or remove the references first.",
  ),
  STRATA_NOT_NULL_VIOLATION: entry(
    "NotNullViolationError",
    "never",
    "A column that needs a value was given null, or none.",
    "`columns` names the column. Give it a value.",
  ),
  STRATA_CHECK_VIOLATION: entry(
    "CheckViolationError",
    "never",
    "A value breaks a CHECK constraint of the table.",
    "Give a value that the constraint allows.",
  ),
  STRATA_DEADLOCK: entry(
    "DeadlockError",
    "the whole transaction",
    "Two transactions waited for each other; the database ended this one.",
    "Run the whole transaction again: `transaction(fn, { retries })`. Lock rows in one order.",
  ),
  STRATA_SERIALIZATION: entry(
    "SerializationError",
    "the whole transaction",
    "The transaction conflicts with one that ran beside it; the database ended this one.",
    "Run the whole transaction again: `transaction(fn, { retries })`.",
  ),
  STRATA_TRANSACTION_DOOMED: entry(
    "TransactionDoomedError",
    "never",
    "An earlier statement of the transaction failed, so it can only be rolled back. `cause` is that failure.",
    "Let the error leave the callback, or run what may fail in a nested transaction.",
  ),
  STRATA_TRANSACTION_STATE: entry(
    "TransactionStateError",
    "never",
    "Begin, commit or rollback was asked for at a moment when it makes no sense.",
    "Prefer `transaction(fn)`, which pairs them.",
  ),
  STRATA_COMMIT_UNKNOWN: entry(
    "CommitOutcomeUnknownError",
    "never",
    "The answer to COMMIT was lost, or the server did not wait for its synchronous standby: it may or may not last.",
    "Look whether the data is there before doing it again.",
  ),
  STRATA_READ_ONLY: entry(
    "ReadOnlyError",
    "never",
    "A write was sent to a database, a user or a transaction that only reads.",
    "Check the file's permissions, the user's settings, and how the transaction was begun.",
  ),
  STRATA_READ_ONLY_SERVER: entry(
    "ReadOnlyError",
    "the whole transaction",
    "A write was sent to a server that takes none now: a standby, or one that was made read-only.",
    'Nothing was done, and the connection was left. Connect to the primary; with `role: "primary"` it is looked for.',
  ),
  STRATA_STORAGE: entry(
    "StorageError",
    "never",
    "The database cannot read or write its storage: the disk is full, or the file is damaged or no database.",
    "Make room, or restore the file. The failed work was not stored.",
  ),
  STRATA_DATABASE: entry(
    "DatabaseError",
    "never",
    "The database reported a failure that has no class of its own.",
    "See `sqlState`, `driverCode` and the cause.",
  ),
  STRATA_NOT_FOUND: entry(
    "NotFoundError",
    "never",
    "The record, or the version of it, does not exist.",
    "Check the id; reads that may find nothing answer null instead.",
  ),
  STRATA_VERSION_CONFLICT: entry(
    "VersionConflictError",
    "never",
    "The record has changed since the version that the write was based on.",
    "Read the record again and repeat the change on what it is now.",
  ),
  STRATA_SCHEMA_CONFLICT: entry(
    "SchemaConflictError",
    "never",
    "A value does not fit its field, and the schema mode does not let the field widen; or a limit is reached.",
    'Send a value of the field\'s kind, or let the schema widen with `schema: "auto"`.',
  ),
  STRATA_UNKNOWN_FIELD: entry(
    "UnknownFieldError",
    "never",
    "The record names a field that the entity does not have, and the schema is frozen.",
    "Correct the name, or add the field while the schema is open.",
  ),
  STRATA_VALIDATION: entry(
    "ValidationError",
    "never",
    "A name, a value or an option cannot be accepted. Nothing was written.",
    "The message says what was expected and what came.",
  ),
} as const satisfies Record<string, CatalogueEntry>;

export type ErrorCode = keyof typeof catalogue;
