import { AbortedError, DatabaseError } from "../errors/index.ts";
import { type Operation, wait } from "../operation/index.ts";
import { type Clock, systemClock } from "./clock.ts";
import type { Deadline } from "./deadline.ts";
import { nextDelay, type RetryPolicy } from "./retry.ts";
import type { RetryBudget } from "./retry-budget.ts";
import type { Sleep } from "./sleep.ts";

export interface RetryEnvironment {
  readonly clock?: Clock;
  /** From 0 to below 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Shared by all the retries of one database. Default: no budget. */
  readonly budget?: RetryBudget;
  /** The caller's deadline: no pause reaches beyond it. */
  readonly deadline?: Deadline;
  /**
   * Once it has aborted nothing is tried again, whatever the policy says of the error. An abort during a pause throws
   * an `AbortedError`, as soon as the pause ends: give the signal to the sleep too.
   */
  readonly signal?: AbortSignal | undefined;
  /** Told before each pause. `retry` counts from 1. */
  readonly onRetry?: (event: {
    readonly retry: number;
    readonly delayMs: number;
    readonly error: unknown;
  }) => void;
}

/**
 * Runs `work` until it succeeds or the policy gives up, and then throws the last error. `work` is told which try
 * it is, from 1. The caller must know that work which failed with a retryable error has had no effect.
 */
export function* retrying<T>(
  work: (attempt: number) => Operation<T>,
  policy: RetryPolicy,
  sleep: Sleep,
  environment: RetryEnvironment = {},
): Operation<T> {
  const { clock = systemClock, random = Math.random, budget, deadline, signal, onRetry } = environment;
  const startedAtMs = clock.now();
  for (let retries = 0; ; retries++) {
    let delayMs: number;
    let failure: unknown;
    try {
      const result = yield* work(retries + 1);
      budget?.succeeded();
      return result;
    } catch (error) {
      if (signal !== undefined && hasAborted(signal)) throw error;
      const nowMs = clock.now();
      const endsAtMs = nowMs + (deadline?.remainingMs() ?? Number.POSITIVE_INFINITY);
      const state = { retries, startedAtMs, endsAtMs, budget: budget?.tokens ?? 1 };
      const decision = nextDelay(policy, state, error, nowMs, random());
      if (!decision.retry) throw error;
      budget?.spend();
      delayMs = decision.delayMs;
      failure = error;
      onRetry?.({ retry: retries + 1, delayMs, error });
    }
    yield* wait(sleep(delayMs));
    if (signal !== undefined && hasAborted(signal)) throw abortedInPause(signal, failure);
  }
}

function hasAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/** What became of the work is what its last try has said. */
function abortedInPause(signal: AbortSignal, failure: unknown): AbortedError {
  const { outcome = "not_sent", operation } = failure instanceof DatabaseError ? failure : {};
  return new AbortedError("the call was aborted by its signal before its next try", {
    outcome,
    cause: signal.reason,
    ...(operation === undefined ? {} : { operation }),
  });
}
