import type { Outcome } from "../../errors/index.ts";

/**
 * A failure in the form of the driver's own errors: a message and one of SQLite's codes. Thrown for what this
 * backend finds out by itself, and for what came from a child process. `toDatabaseError` classifies it.
 */
export class SqliteFailure extends Error {
  override readonly name = "SqliteFailure";
  /** `SQLITE_BUSY` and its like; undefined for what better-sqlite3 refuses without asking SQLite. */
  readonly code: string | undefined;
  /** Set when the one who threw knows better than the table of codes. */
  readonly outcome: Outcome | undefined;

  constructor(message: string, code: string | undefined, outcome?: Outcome, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.outcome = outcome;
  }
}

/** SQLite's code of an error; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  const hasCode = typeof error === "object" && error !== null && "code" in error;
  return hasCode && typeof error.code === "string" && error.code.startsWith("SQLITE_")
    ? error.code
    : undefined;
}

/**
 * Whether a lock of another connection was in the way and may be gone a moment later. A stale snapshot never
 * comes right by waiting, and SQLITE_LOCKED is a conflict of a connection with itself.
 */
export function isBusy(error: unknown): boolean {
  const code = codeOf(error);
  return code?.startsWith("SQLITE_BUSY") === true && code !== "SQLITE_BUSY_SNAPSHOT";
}
