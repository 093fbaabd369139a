import {
  DeadlockError,
  LockTimeoutError,
  SerializationError,
  UniqueViolationError,
} from "../../errors/index.ts";
import { tableNames } from "../names/names.ts";

// A schema grows by a change at a time; one that is new at each of so many looks is not growing but broken.
export const mostAttempts = 20;

const racePauseMs = 10;
// Whoever changes a table makes all others queue behind it while it waits. They have the table to themselves for
// about as long before the next try, and for longer after each.
const lockPauseMs = 200;
const longestLockPauseMs = 1_000;

const keyColumns: ReadonlySet<string> = new Set(["id", "version", "name"]);

/**
 * How many milliseconds to wait before a write of `entity` that failed is done again; null when it is not to be.
 *
 * It is done again when it lost a race that it wins when it looks again: somebody else made the record or the version
 * that it was about to make, or changed the tables, or held them for too long. Only what is not stored can be tried
 * again. Who waits for others to let go of the tables waits as long as the call may last, `leftMs`.
 */
export function pauseAfter(
  error: unknown,
  entity: string,
  attempt: number,
  leftMs: number,
  random: number = Math.random(),
): number | null {
  if (!isRace(error, entity)) return null;
  if (error instanceof LockTimeoutError) {
    const pauseMs = (0.5 + random / 2) * Math.min(longestLockPauseMs, lockPauseMs * attempt);
    return pauseMs < leftMs ? pauseMs : null;
  }
  return attempt < mostAttempts ? random * Math.min(leftMs, racePauseMs * attempt) : null;
}

/**
 * What a caller is told of a write that lost a race inside his transaction, where nothing is done again by itself. A
 * key that somebody else was faster to take is no fault of his record's: only the whole transaction can be run again.
 */
export function lostRace(
  error: unknown,
  entity: string,
  where: { readonly backend: string; readonly operation: string },
): unknown {
  if (!(error instanceof UniqueViolationError) || !isRace(error, entity)) return error;
  const { outcome, sqlState } = error;
  return new SerializationError(
    `another transaction saved a record of "${entity}" that this one was about to make; repeat the whole transaction`,
    { ...where, outcome, ...(sqlState === undefined ? {} : { sqlState }), cause: error },
  );
}

function isRace(error: unknown, entity: string): boolean {
  if (
    error instanceof LockTimeoutError ||
    error instanceof SerializationError ||
    error instanceof DeadlockError
  ) {
    return error.outcome !== "not_sent" && error.outcome !== "unknown";
  }
  if (!(error instanceof UniqueViolationError) || error.columns === undefined) return false;
  const { main, history, meta } = tableNames(entity);
  const own = error.table === undefined || [main, history, meta].includes(error.table);
  return own && error.columns.every((column) => keyColumns.has(column));
}
