import { ConnectionError, DatabaseError, PoolTimeoutError, QueryTimeoutError } from "../errors/index.ts";
import type { Verdict } from "./breaker-state.ts";

/**
 * Whether an error speaks against the database's health: it could not be reached, or was lost, or gave no answer
 * in time. Never an error that the database answered with (SQL, a constraint, a refused login), a caller's abort,
 * or a full pool.
 */
export function isDatabaseFailure(error: unknown): boolean {
  if (error instanceof ConnectionError) return error.code !== "STRATA_CONNECTION_REFUSED";
  // Nobody got a connection because none could be made: the pool is not to blame.
  if (error instanceof PoolTimeoutError && error.cause instanceof ConnectionError) return true;
  if (error instanceof QueryTimeoutError) return error.outcome === "unknown";
  return error instanceof DatabaseError && error.code === "STRATA_COMMIT_UNKNOWN";
}

/** Errors whose outcome is known although it was not the database that told it. */
const notFromTheDatabase: ReadonlySet<string> = new Set([
  "STRATA_ABORTED",
  "STRATA_QUERY_TIMEOUT",
  "STRATA_TRANSACTION_DOOMED",
]);

/** What a call's end says of the database: an error that it answered with shows it in good health. */
export function verdictOf(error: unknown): Verdict {
  if (error === undefined) return "success";
  if (isDatabaseFailure(error)) return "failure";
  if (!(error instanceof DatabaseError) || notFromTheDatabase.has(error.code)) return "none";
  return error.outcome === "rejected" || error.outcome === "rolled_back" ? "success" : "none";
}
