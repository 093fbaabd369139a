import type { BeginOptions } from "../backend/index.ts";
import type { ConnectionEnvironment } from "../connection/index.ts";
import {
  AbortedError,
  catalogue,
  DatabaseError,
  TransactionStateError,
  ValidationError,
} from "../errors/index.ts";
import { type Operation, wait } from "../operation/index.ts";
import type { TransactionOptions } from "./queries.ts";

export function beginOptions(options: TransactionOptions | undefined): BeginOptions {
  return {
    ...(options?.isolation === undefined ? {} : { isolation: options.isolation }),
    ...(options?.readOnly === undefined ? {} : { readOnly: options.readOnly }),
  };
}

const firstDelayMs = 10;
const longestDelayMs = 1000;

/**
 * Runs a transaction, and runs it again from its beginning when the database has confirmed that nothing of it is left
 * and that another try can succeed. A failure of the callback's own, or one whose outcome is not known, is never
 * tried again. Waits between the tries with full jitter; an abort ends the wait at once.
 */
export function* retryingTransaction<T>(
  environment: ConnectionEnvironment,
  options: TransactionOptions | undefined,
  nested: boolean,
  run: (attempt: number) => Operation<T>,
): Operation<T> {
  const retries = checkRetries(options?.retries ?? 0);
  if (nested && retries > 0) {
    throw new TransactionStateError(
      "retries can only be set on the outermost transaction: a deadlock or serialization failure ends all of it",
    );
  }
  for (let attempt = 1; ; attempt++) {
    try {
      return yield* run(attempt);
    } catch (error) {
      if (attempt > retries || !isRetryable(error)) throw error;
      const longestMs = Math.min(longestDelayMs, firstDelayMs * 2 ** attempt);
      yield* wait(environment.sleep(Math.random() * longestMs, options?.signal));
      if (options?.signal?.aborted === true)
        throw abortedBetweenTries(options.signal, environment.backend.name);
    }
  }
}

function abortedBetweenTries(signal: AbortSignal, backend: string): AbortedError {
  return new AbortedError("the transaction was aborted by its signal before its next try", {
    outcome: "rolled_back",
    operation: "transaction",
    backend,
    cause: signal.reason,
  });
}

function isRetryable(error: unknown): boolean {
  const first =
    error instanceof DatabaseError && error.code === "STRATA_TRANSACTION_DOOMED" ? error.cause : error;
  if (!(first instanceof DatabaseError) || !first.retryable) return false;
  // A connection that was lost before COMMIT took the transaction along: nothing of it is left.
  if (first.code === "STRATA_CONNECTION") return first.outcome === "rolled_back";
  return catalogue[first.code].retry === "the whole transaction";
}

function checkRetries(retries: unknown): number {
  if (typeof retries === "number" && Number.isSafeInteger(retries) && retries >= 0) return retries;
  throw new ValidationError(
    `expected retries to be a whole number from 0, got ${typeof retries === "number" ? retries : typeof retries}`,
  );
}
