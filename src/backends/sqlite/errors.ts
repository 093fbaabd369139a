import { anError, type CodeRule, type MakeError } from "../../backend/index.ts";
import {
  AbortedError,
  CheckViolationError,
  ClosedError,
  ConfigurationError,
  ConnectionError,
  DatabaseError,
  type ErrorFacts,
  ForeignKeyViolationError,
  LockTimeoutError,
  NotNullViolationError,
  ReadOnlyError,
  SerializationError,
  SqlParameterError,
  SqlSyntaxError,
  StorageError,
  TransactionStateError,
  UniqueViolationError,
  UnsupportedError,
} from "../../errors/index.ts";
import { codeOf, SqliteFailure } from "./failure.ts";

const cannotOpen: MakeError = (message, facts) =>
  new ConnectionError(message, facts, "STRATA_CONNECTION_REFUSED");

/**
 * SQLite's result codes (https://sqlite.org/rescode.html). A code that is not here is taken for the one that it
 * extends: SQLITE_IOERR_SHORT_READ is an SQLITE_IOERR.
 */
export const rulesByCode: Readonly<Record<string, CodeRule>> = {
  SQLITE_CONSTRAINT: { make: anError(CheckViolationError) },
  SQLITE_CONSTRAINT_UNIQUE: { make: anError(UniqueViolationError) },
  SQLITE_CONSTRAINT_PRIMARYKEY: { make: anError(UniqueViolationError) },
  SQLITE_CONSTRAINT_ROWID: { make: anError(UniqueViolationError) },
  SQLITE_CONSTRAINT_FOREIGNKEY: { make: anError(ForeignKeyViolationError) },
  SQLITE_CONSTRAINT_NOTNULL: { make: anError(NotNullViolationError) },
  SQLITE_BUSY: { make: anError(LockTimeoutError), advice: "keep transactions short, or try again" },
  SQLITE_BUSY_SNAPSHOT: {
    make: anError(SerializationError),
    outcome: "rejected",
    advice: "another connection has written since this transaction read: run the whole transaction again",
  },
  SQLITE_LOCKED: {
    make: anError(LockTimeoutError),
    advice: "end what else is under way on this connection first",
  },
  SQLITE_READONLY: { make: anError(ReadOnlyError), advice: "check `readOnly` and the file's permissions" },
  SQLITE_READONLY_DBMOVED: {
    make: anError(StorageError),
    advice: "the file was moved or removed while it was open",
  },
  SQLITE_FULL: { make: anError(StorageError), advice: "make room on the disk" },
  SQLITE_IOERR: { make: anError(StorageError), advice: "check the disk and the file's permissions" },
  SQLITE_CORRUPT: { make: anError(StorageError), advice: "the file is damaged: restore it from a backup" },
  SQLITE_NOTADB: { make: anError(StorageError), advice: "check the path, or restore the file" },
  SQLITE_NOLFS: { make: anError(StorageError) },
  SQLITE_FORMAT: { make: anError(StorageError) },
  SQLITE_CANTOPEN: { make: cannotOpen, advice: "check that the path is a file, exists and may be opened" },
  SQLITE_PERM: { make: cannotOpen, advice: "check the file's permissions" },
  SQLITE_ERROR: { make: anError(SqlSyntaxError) },
  SQLITE_RANGE: { make: anError(SqlParameterError), outcome: "rejected" },
  SQLITE_TOOBIG: {
    make: anError(SqlParameterError),
    outcome: "rejected",
    advice: "send a smaller value or statement",
  },
  SQLITE_MISMATCH: {
    make: anError(SqlParameterError),
    outcome: "rejected",
    advice: "a rowid takes whole numbers only",
  },
  SQLITE_INTERRUPT: { make: anError(AbortedError) },
  SQLITE_ABORT: { make: anError(AbortedError) },
  SQLITE_MISUSE: { make: anError(ClosedError) },
};

interface MessageRule extends CodeRule {
  readonly pattern: RegExp;
}

/** SQLITE_ERROR is everything else that can be wrong with a statement: most of it is syntax, some is not. */
export const rulesByWords: readonly MessageRule[] = [
  {
    pattern: /^cannot (?:commit|rollback) - no transaction/,
    make: anError(TransactionStateError),
    outcome: "rolled_back",
    advice: "it was never begun, or SQLite has rolled it back by itself after a failure",
  },
  {
    pattern:
      /^cannot (?:start a transaction|commit|rollback|open savepoint|release savepoint)|^no such savepoint/,
    make: anError(TransactionStateError),
    outcome: "rejected",
  },
  {
    pattern: /integer overflow|malformed JSON|JSON path|divide by zero|out of memory|abort at|stack overflow/,
    make: anError(DatabaseError),
  },
];

/** What better-sqlite3 refuses by itself, with no code. Nothing has reached SQLite then. */
export const rulesByRefusal: readonly MessageRule[] = [
  {
    pattern: /contains more than one statement/,
    make: anError(SqlSyntaxError),
    advice: "send each statement by itself",
  },
  { pattern: /contains no statements/, make: anError(SqlSyntaxError), advice: "expected one statement" },
  { pattern: /parameter|only bind|bound string/, make: anError(SqlParameterError) },
  {
    pattern: /Invalid argument/,
    make: anError(SqlParameterError),
    advice: "a value is of a kind that cannot be bound",
  },
  { pattern: /connection is not open/, make: anError(ClosedError), advice: "take a new connection" },
  {
    pattern: /is busy executing/,
    make: anError(UnsupportedError),
    advice: "a cursor is open on it: read it to its end or close it first, or use another connection",
  },
  {
    pattern: /directory does not exist/,
    make: anError(ConfigurationError),
    advice: "make the folder of the database first, or correct the path",
  },
];

const nothingKnown: CodeRule = { make: anError(DatabaseError), outcome: "unknown" };

/** Classifies anything thrown here. Total: what is not known becomes a plain `DatabaseError`. */
export function toDatabaseError(error: unknown, facts: ErrorFacts): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const words = error instanceof Error ? error.message : `the driver threw ${typeof error}`;
  const code = codeOf(error);
  const rule = code === undefined ? ruleForRefusal(words) : ruleForCode(code, words);
  const known = error instanceof SqliteFailure ? error.outcome : undefined;
  return rule.make(
    rule.advice === undefined ? withoutValues(words) : `${withoutValues(words)}; ${rule.advice}`,
    {
      backend: "sqlite",
      outcome: known ?? (facts.operation === "connect" ? "not_sent" : (rule.outcome ?? "rejected")),
      ...(code === undefined ? {} : { driverCode: code }),
      ...brokenConstraint(words),
      cause: error,
      ...facts,
    },
  );
}

function ruleForRefusal(words: string): CodeRule {
  const rule = rulesByRefusal.find(({ pattern }) => pattern.test(words));
  return rule === undefined ? nothingKnown : { outcome: "not_sent", ...rule };
}

function ruleForCode(code: string, words: string): CodeRule {
  if (code === "SQLITE_ERROR") {
    const rule = rulesByWords.find(({ pattern }) => pattern.test(words));
    if (rule !== undefined) return rule;
  }
  for (let name = code; name !== "SQLITE"; name = name.slice(0, name.lastIndexOf("_"))) {
    const rule = rulesByCode[name];
    if (rule !== undefined) return rule;
  }
  return { make: anError(DatabaseError) };
}

/** Table and columns out of `UNIQUE constraint failed: users.email, users.tenant`. An index on expressions has none. */
function brokenConstraint(words: string): Pick<ErrorFacts, "table" | "columns"> {
  const list = /^(?:UNIQUE|NOT NULL) constraint failed: (?!index ')(.+)$/.exec(words)?.[1];
  if (list === undefined) return {};
  const parts = list.split(", ").map((part) => ({ part, dot: part.indexOf(".") }));
  const first = parts[0];
  if (first === undefined || parts.some(({ dot }) => dot === -1)) return {};
  return {
    table: first.part.slice(0, first.dot),
    columns: parts.map(({ part, dot }) => part.slice(dot + 1)),
  };
}

/** A few of SQLite's messages repeat a bound value: a JSON path, a search expression. It is cut off. */
function withoutValues(words: string): string {
  return words.replace(
    /(JSON path(?: error near)?|fts5: [a-z ]+ near|malformed MATCH expression)[: ].*$/s,
    "$1",
  );
}
