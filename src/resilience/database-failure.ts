import { ConnectionError, DatabaseError, PoolTimeoutError, QueryTimeoutError } from "../errors/index.ts";
import type { Verdict } from "./breaker-state.ts";

/** Errors whose outcome is known although it was not the database that told it. */
const notFromTheDatabase: ReadonlySet<string> = new Set([
  "STRATA_ABORTED",
  "STRATA_QUERY_TIMEOUT",
  "STRATA_TRANSACTION_DOOMED",
]);

/**
 * What a call's end says of the database.
 *
 * It fails as a whole when it cannot be connected to, or gives no answer in time, not even to the request to stop. A
 * connection that was lost says less: an administrator, a limit or a proxy may have ended it alone. An error that the
 * database answered with shows it in good health. A refused login, a caller's abort or a full pool say nothing.
 */
export function verdictOf(error: unknown): Verdict {
  if (error === undefined) return "success";
  if (!(error instanceof DatabaseError)) return "none";
  if (error instanceof ConnectionError) return ofConnection(error);
  // Nobody got a connection because none could be made: the pool is not to blame.
  if (error instanceof PoolTimeoutError && error.cause instanceof ConnectionError)
    return ofConnection(error.cause);
  if (error.code === "STRATA_COMMIT_UNKNOWN") return "loss";
  if (error instanceof QueryTimeoutError && error.outcome === "unknown") return "failure";
  if (notFromTheDatabase.has(error.code)) return "none";
  return error.outcome === "rejected" || error.outcome === "rolled_back" ? "success" : "none";
}

function ofConnection({ code, operation }: ConnectionError): Verdict {
  if (code === "STRATA_CONNECTION_REFUSED") return "none";
  return code === "STRATA_CONNECT_TIMEOUT" || operation === "connect" ? "failure" : "loss";
}
