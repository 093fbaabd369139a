import { anError, type CodeRule, type MakeError } from "../../backend/index.ts";
import {
  CheckViolationError,
  ConnectionError,
  DatabaseError,
  DeadlockError,
  type ErrorFacts,
  ForeignKeyViolationError,
  LockTimeoutError,
  NotNullViolationError,
  type Outcome,
  QueryTimeoutError,
  ReadOnlyError,
  SerializationError,
  SqlParameterError,
  SqlSyntaxError,
  StorageError,
  TransactionDoomedError,
  TransactionStateError,
  UniqueViolationError,
  UnsupportedError,
} from "../../errors/index.ts";
import { isServerError, readReport, type ServerReport } from "./scrub.ts";
import { namePrefix } from "./statements.ts";

const refusedLogin: MakeError = (message, facts) =>
  new ConnectionError(message, facts, "STRATA_CONNECTION_REFUSED");
const lost: CodeRule = { make: anError(ConnectionError), outcome: "unknown" };
const plain: CodeRule = { make: anError(DatabaseError) };

/**
 * SQLSTATEs (https://www.postgresql.org/docs/current/errcodes-appendix.html). One that is not here is judged by its
 * class, the first two characters; a class that is not here is a plain `DatabaseError`.
 */
export const rulesByState: Readonly<Record<string, CodeRule>> = {
  "08001": { make: anError(ConnectionError), outcome: "not_sent" },
  "08004": { make: anError(ConnectionError), outcome: "not_sent" },
  // Of class 08 for its name only: a message that breaks the protocol does so each time, and the session goes on.
  "08P01": plain,
  "22012": plain,
  "23001": { make: anError(ForeignKeyViolationError) },
  "23502": { make: anError(NotNullViolationError) },
  "23503": { make: anError(ForeignKeyViolationError) },
  "23505": { make: anError(UniqueViolationError) },
  "23514": { make: anError(CheckViolationError) },
  "23P01": { make: anError(UniqueViolationError) },
  "25006": {
    make: anError(ReadOnlyError),
    advice: "begin a transaction that may write, as a user who may",
  },
  "25P02": {
    make: anError(TransactionDoomedError),
    advice: "an earlier statement of the transaction failed",
  },
  "25P03": { make: anError(ConnectionError), outcome: "rolled_back" },
  "25P04": { make: anError(ConnectionError), outcome: "rolled_back" },
  "26000": plain,
  "40002": { make: anError(DatabaseError), outcome: "rolled_back" },
  "40003": { make: anError(DatabaseError), outcome: "unknown" },
  "40P01": { make: anError(DeadlockError), outcome: "rolled_back" },
  "42501": plain,
  "42701": plain,
  "42710": plain,
  "42723": plain,
  "42P04": plain,
  "42P05": plain,
  "42P06": plain,
  "42P07": plain,
  "44000": { make: anError(CheckViolationError) },
  "53100": { make: anError(StorageError), advice: "make room on the server's disk" },
  "53300": {
    make: anError(ConnectionError),
    outcome: "not_sent",
    advice: "lower the pool's size or raise max_connections",
  },
  "55P03": { make: anError(LockTimeoutError), advice: "keep transactions short, or try again" },
  "57014": { make: anError(QueryTimeoutError) },
  "57P01": lost,
  "57P02": lost,
  "57P03": { make: anError(ConnectionError), outcome: "not_sent" },
  "57P04": lost,
  // The server ended a session that was idle: whatever came after that was never looked at.
  "57P05": { make: anError(ConnectionError), outcome: "not_sent" },
  XX001: { make: anError(StorageError), advice: "the server's data is damaged: restore it from a backup" },
  XX002: { make: anError(StorageError), advice: "an index is damaged: run REINDEX" },
};

export const rulesByClass: Readonly<Record<string, CodeRule>> = {
  "08": lost,
  "0A": { make: anError(UnsupportedError) },
  "22": { make: anError(SqlParameterError), advice: "send a value that the column or the function takes" },
  "25": { make: anError(TransactionStateError) },
  "2D": { make: anError(TransactionStateError) },
  "3B": { make: anError(TransactionStateError) },
  "40": { make: anError(SerializationError), outcome: "rolled_back" },
  "42": { make: anError(SqlSyntaxError) },
  "58": { make: anError(StorageError) },
};

/** What refuses a connection for good, while it is being made. */
const refusals: Readonly<Record<string, string>> = {
  "28000": "check the user, its rights in pg_hba.conf, and the option ssl",
  "28P01": "check the user and the password",
  "3D000": "create the database, or correct its name",
  "42501": "grant the user CONNECT on the database",
  "08P01": "a pooler may refuse this database, user or option",
};

/** Classifies anything thrown here. Total: what is not known becomes a plain `DatabaseError`. */
export function toDatabaseError(error: unknown, facts: ErrorFacts): DatabaseError {
  if (error instanceof DatabaseError) return error;
  if (isServerError(error)) return fromServer(error, readReport(error), facts);
  return fromDriver(error, facts);
}

/**
 * Whether the server no longer takes a statement that it had prepared: its tables have changed (0A000), or it has
 * forgotten it or knows another by its name (26000, 42P05). The statement was not run.
 */
export function isStaleStatement(error: unknown): boolean {
  if (!isServerError(error) || !("code" in error)) return false;
  const routine = "routine" in error ? error.routine : undefined;
  if (error.code === "0A000") return isChangedPlan(routine, error.message);
  return (error.code === "26000" || error.code === "42P05") && error.message.includes(namePrefix);
}

function isChangedPlan(routine: unknown, message: string): boolean {
  return routine === "RevalidateCachedQuery" || message.includes("cached plan must not change result type");
}

function fromServer(error: Error, report: ServerReport, facts: ErrorFacts): DatabaseError {
  const { sqlState = "", message } = report;
  const known: ErrorFacts = {
    backend: "postgres",
    sqlState,
    driverCode: sqlState,
    ...(report.table === undefined ? {} : { table: report.table }),
    ...(report.columns === undefined ? {} : { columns: report.columns }),
    cause: error,
    ...facts,
  };
  if (facts.operation === "connect") {
    const advice = refusals[sqlState];
    if (advice !== undefined) return refusedLogin(`${message}; ${advice}`, { ...known, outcome: "not_sent" });
  }
  const special = isStaleStatement(error) ? staleStatement : isOfStandby(error) ? ofStandby : undefined;
  const rule = special ?? ruleFor(report);
  const place =
    sqlState.startsWith("42") && report.position !== undefined ? ` (at character ${report.position})` : "";
  const words = `${message}${place}${rule.advice === undefined ? "" : `; ${rule.advice}`}`;
  return rule.make(words, { ...known, outcome: outcomeOf(rule, facts) });
}

// A COMMIT that fails, by a deferred constraint say, ends the transaction.
function outcomeOf(rule: CodeRule, facts: ErrorFacts): Outcome {
  if (facts.operation === "connect") return "not_sent";
  const outcome = rule.outcome ?? "rejected";
  return outcome === "rejected" && facts.operation === "commit" ? "rolled_back" : outcome;
}

/** Notes on the server's refusal of a write (25006) that it is the server, and not this transaction, which only reads. */
export function blameServer(error: Error): void {
  Object.defineProperty(error, "isStandby", { value: true, enumerable: true });
}

function isOfStandby(error: Error): boolean {
  return "isStandby" in error && error.isStandby === true;
}

const ofStandby: CodeRule = {
  make: (message, facts) => new ReadOnlyError(message, facts, "STRATA_READ_ONLY_SERVER"),
  advice: "the server is a standby: connect to the primary",
};

const staleStatement: CodeRule = {
  make: anError(SerializationError),
  outcome: "rejected",
  advice:
    'the prepared statement is out of date: run the whole transaction again; behind a pooler in transaction mode set `pooler: "transaction"`',
};

function ruleFor(report: ServerReport): CodeRule {
  const { sqlState = "", constraint } = report;
  // Two sessions made the same table or type at once: a race in the catalogue, not a row of the caller's.
  if (sqlState === "23505" && constraint?.startsWith("pg_") === true) return plain;
  const rule = rulesByState[sqlState];
  if (rule !== undefined) return rule;
  return report.fatal ? lost : (rulesByClass[sqlState.slice(0, 2)] ?? plain);
}

/** Not EHOSTUNREACH and its like: a network may also fall away while an answer is awaited. */
const unreachable = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ENOENT"]);
const encryption = /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO)/;
const encryptionWords = /SSL|TLS|certificate/i;
const lostWords = /^(?:the connection|Connection terminated|Client (?:has encountered|was closed))/;
const logInWords = /^(?:SASL|SCRAM|Password)/i;

/** What has no SQLSTATE: the network, TLS, the driver itself. */
function fromDriver(error: unknown, facts: ErrorFacts): DatabaseError {
  const code = codeOf(error);
  const message = messageOf(error);
  const known: ErrorFacts = {
    backend: "postgres",
    ...(code === undefined ? {} : { driverCode: code }),
    cause: error,
    ...facts,
  };
  const connecting = facts.operation === "connect";
  if (connecting && (encryption.test(code ?? "") || encryptionWords.test(message))) {
    const advice =
      'see the option ssl: { ca } trusts an authority of your own, "disable" connects without TLS';
    return refusedLogin(`${message}; ${advice}`, { ...known, outcome: "not_sent" });
  }
  if (connecting && logInWords.test(message)) {
    return refusedLogin(`${message}; check the password`, { ...known, outcome: "not_sent" });
  }
  if (connecting || code !== undefined || lostWords.test(message)) {
    const outcome = connecting || unreachable.has(code ?? "") ? "not_sent" : "unknown";
    return new ConnectionError(message, { ...known, outcome });
  }
  return new DatabaseError(message, { outcome: "unknown", ...known });
}

function codeOf(error: unknown): string | undefined {
  const hasCode = typeof error === "object" && error !== null && "code" in error;
  return hasCode && typeof error.code === "string" ? error.code : undefined;
}

function messageOf(error: unknown): string {
  // Connecting to a name with several addresses fails with one error for each, and no words of its own.
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join("; ");
  return error instanceof Error ? error.message : `the driver threw ${typeof error}`;
}
