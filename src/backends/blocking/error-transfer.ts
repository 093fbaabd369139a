import {
  AbortedError,
  ClosedError,
  CommitOutcomeUnknownError,
  ConfigurationError,
  ConnectionError,
  ConnectTimeoutError,
  catalogue,
  DatabaseError,
  type ErrorCode,
  type ErrorFacts,
  LockTimeoutError,
  QueryTimeoutError,
  SqlParameterError,
  SqlSyntaxError,
  StorageError,
  TransactionDoomedError,
  TransactionStateError,
  UnsupportedError,
  ValidationError,
} from "../../errors/index.ts";

type Plain = string | number | bigint | boolean | null | readonly string[];

/** An error as data. A structured clone alone would drop its class, code, errno and SQLSTATE. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Set for the library's own errors, which are rebuilt as their class. */
  readonly code: ErrorCode | undefined;
  /** The error's own properties of plain types: `errno`, `sqlState`, `code`, `detail`, `outcome`, … */
  readonly properties: Readonly<Record<string, Plain>>;
  readonly cause: PackedError | undefined;
  /** The parts of an `AggregateError`, such as a connect that tried two addresses. */
  readonly errors: readonly PackedError[] | undefined;
}

const deepestCause = 8;

/** Turns whatever was thrown into data that can cross between threads. Never throws. */
export function packError(error: unknown, depth = 0): PackedError {
  if (!(error instanceof Error)) {
    return {
      name: "Error",
      message: `a value that is no Error was thrown: ${typeof error}`,
      stack: undefined,
      code: undefined,
      properties: {},
      cause: undefined,
      errors: undefined,
    };
  }
  const deeper = depth < deepestCause;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: error instanceof DatabaseError ? error.code : undefined,
    properties: plainProperties(error),
    cause: deeper && error.cause instanceof Error ? packError(error.cause, depth + 1) : undefined,
    errors:
      deeper && error instanceof AggregateError
        ? error.errors.map((part) => packError(part, depth + 1))
        : undefined,
  };
}

/** Builds the error again on the other side: the library's own as their class, a driver's with all its properties. */
export function unpackError(packed: PackedError): Error {
  const cause = packed.cause === undefined ? undefined : unpackError(packed.cause);
  return packed.code === undefined
    ? unpackDriverError(packed, cause)
    : unpackDatabaseError(packed, packed.code, cause);
}

function unpackDriverError(packed: PackedError, cause: Error | undefined): Error {
  const options = cause === undefined ? undefined : { cause };
  const error =
    packed.errors === undefined
      ? new Error(packed.message, options)
      : new AggregateError(packed.errors.map(unpackError), packed.message, options);
  for (const [name, value] of Object.entries(packed.properties)) define(error, name, value, true);
  define(error, "name", packed.name, false);
  if (packed.stack !== undefined) define(error, "stack", packed.stack, false);
  return error;
}

function unpackDatabaseError(packed: PackedError, code: ErrorCode, cause: Error | undefined): DatabaseError {
  const { properties } = packed;
  const facts: ErrorFacts = {
    ...textFacts(properties),
    ...(isOutcome(properties.outcome) ? { outcome: properties.outcome } : {}),
    ...(Array.isArray(properties.columns) ? { columns: properties.columns } : {}),
    ...(cause === undefined ? {} : { cause }),
  };
  return ofCode(code, packed.message, facts);
}

// Only what a driver can throw while it connects or works; anything rarer keeps its code on the base class.
function ofCode(code: ErrorCode, message: string, facts: ErrorFacts): DatabaseError {
  switch (code) {
    case "STRATA_CONFIGURATION":
    case "STRATA_UNKNOWN_BACKEND":
    case "STRATA_DRIVER_MISSING":
    case "STRATA_RUNTIME_UNSUPPORTED":
      return new ConfigurationError(message, facts, code);
    case "STRATA_CONNECTION":
    case "STRATA_CONNECTION_REFUSED":
      return new ConnectionError(message, facts, code);
    case "STRATA_CONNECT_TIMEOUT":
      return new ConnectTimeoutError(message, facts);
    case "STRATA_UNSUPPORTED":
      return new UnsupportedError(message, facts);
    case "STRATA_CLOSED":
      return new ClosedError(message, facts);
    case "STRATA_QUERY_TIMEOUT":
      return new QueryTimeoutError(message, facts);
    case "STRATA_ABORTED":
      return new AbortedError(message, facts);
    case "STRATA_BUSY":
      return new LockTimeoutError(message, facts);
    case "STRATA_SQL_SYNTAX":
      return new SqlSyntaxError(message, facts);
    case "STRATA_SQL_PARAMETER":
      return new SqlParameterError(message, facts);
    case "STRATA_STORAGE":
      return new StorageError(message, facts);
    case "STRATA_VALIDATION":
      return new ValidationError(message, facts);
    case "STRATA_TRANSACTION_STATE":
      return new TransactionStateError(message, facts);
    case "STRATA_TRANSACTION_DOOMED":
      return new TransactionDoomedError(message, facts);
    case "STRATA_COMMIT_UNKNOWN":
      return new CommitOutcomeUnknownError(message, facts);
    default:
      return new DatabaseError(message, facts, code in catalogue ? code : "STRATA_DATABASE");
  }
}

function textFacts(properties: PackedError["properties"]): ErrorFacts {
  const names = ["sqlState", "driverCode", "backend", "operation", "table"] as const;
  return Object.fromEntries(
    names.filter((name) => typeof properties[name] === "string").map((name) => [name, properties[name]]),
  );
}

function isOutcome(value: unknown): value is NonNullable<ErrorFacts["outcome"]> {
  return value === "not_sent" || value === "rejected" || value === "rolled_back" || value === "unknown";
}

function plainProperties(error: Error): Record<string, Plain> {
  const plain: Record<string, Plain> = Object.create(null);
  for (const [name, value] of Object.entries(error)) {
    if (isPlain(value)) plain[name] = value;
  }
  return plain;
}

function isPlain(value: unknown): value is Plain {
  if (value === null) return true;
  if (Array.isArray(value)) return value.every((part) => typeof part === "string");
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}

function define(target: object, name: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(target, name, { value, enumerable, configurable: true, writable: true });
}
