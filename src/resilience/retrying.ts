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
  /** Once it has aborted nothing is tried again, whatever the policy says of the error. */
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
    try {
      const result = yield* work(retries + 1);
      budget?.succeeded();
      return result;
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const nowMs = clock.now();
      const endsAtMs = nowMs + (deadline?.remainingMs() ?? Number.POSITIVE_INFINITY);
      const state = { retries, startedAtMs, endsAtMs, budget: budget?.tokens ?? 1 };
      const decision = nextDelay(policy, state, error, nowMs, random());
      if (!decision.retry) throw error;
      budget?.spend();
      delayMs = decision.delayMs;
      onRetry?.({ retry: retries + 1, delayMs, error });
    }
    yield* wait(sleep(delayMs));
  }
}
