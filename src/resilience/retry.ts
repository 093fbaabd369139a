import { CircuitOpenError, DatabaseError } from "../errors/index.ts";
import { OptionReader } from "./option-reader.ts";

/** How work that failed is repeated. Times in seconds. */
export interface RetryOptions {
  /** Tries after the first one. Default 3; 0: no retry. */
  readonly maxRetries?: number | undefined;
  /** Pause before the first retry. Default 0.1. */
  readonly delay?: number | undefined;
  /** What each further pause is multiplied by. Default 2. */
  readonly backoffFactor?: number | undefined;
  /** Longest pause. Default 10. */
  readonly maxDelay?: number | undefined;
  /**
   * `full` (the default) takes a pause at random from 0 to the computed one, so that callers who failed together do
   * not come back together; `none` takes the computed one, for tests and for a caller who is alone.
   */
  readonly jitter?: "full" | "none" | undefined;
  /** No try begins later than this after the first. Default 30. */
  readonly totalTimeout?: number | undefined;
  /** Whether an error may pass by itself. Default: a `DatabaseError` that says so (`retryable`). */
  readonly retryable?: ((error: unknown) => boolean) | undefined;
}

/** The options checked, times in milliseconds. */
export interface RetryPolicy {
  readonly maxRetries: number;
  readonly delayMs: number;
  readonly backoffFactor: number;
  readonly maxDelayMs: number;
  readonly jitter: "full" | "none";
  readonly totalTimeoutMs: number;
  readonly retryable: (error: unknown) => boolean;
}

/** Fills in the defaults. A wrong or unknown option is a `ConfigurationError`. */
export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  const read = new OptionReader("retry options", options);
  const time = { min: 0, max: 86_400 };
  const policy: RetryPolicy = {
    maxRetries: read.number("maxRetries", 3, { min: 0, max: 1000, whole: true }),
    delayMs: read.number("delay", 0.1, time) * 1000,
    backoffFactor: read.number("backoffFactor", 2, { min: 1, max: 100 }),
    maxDelayMs: read.number("maxDelay", 10, time) * 1000,
    jitter: read.choice("jitter", "full", ["full", "none"]),
    totalTimeoutMs: read.number("totalTimeout", 30, time) * 1000,
    retryable: options.retryable ?? isRetryable,
  };
  read.callable("retryable");
  read.done();
  return policy;
}

export function isRetryable(error: unknown): boolean {
  return error instanceof DatabaseError && error.retryable;
}

/** What is known when a try has failed. */
export interface RetryState {
  /** Retries made so far. */
  readonly retries: number;
  readonly startedAtMs: number;
  /** The caller's own deadline; infinity when there is none. */
  readonly endsAtMs: number;
  /** Retries that the budget still allows. */
  readonly budget: number;
}

export type RetryDecision =
  | { readonly retry: true; readonly delayMs: number }
  | {
      readonly retry: false;
      readonly why: "not_retryable" | "retries_spent" | "out_of_time" | "budget_spent";
    };

/**
 * Decides, without I/O, whether to try again and after which pause. `random` is from 0 to below 1. A
 * `CircuitOpenError` is never answered sooner than it asks for. The pause grows as "full jitter" in Brooker,
 * "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
 */
export function nextDelay(
  policy: RetryPolicy,
  state: RetryState,
  error: unknown,
  nowMs: number,
  random: number,
): RetryDecision {
  if (!policy.retryable(error)) return { retry: false, why: "not_retryable" };
  if (state.retries >= policy.maxRetries) return { retry: false, why: "retries_spent" };
  if (state.budget < 1) return { retry: false, why: "budget_spent" };
  const computedMs = Math.min(policy.maxDelayMs, policy.delayMs * policy.backoffFactor ** state.retries);
  const jitteredMs = policy.jitter === "full" ? computedMs * random : computedMs;
  const leastMs = error instanceof CircuitOpenError ? error.retryAfterMs : 0;
  const delayMs = Math.max(jitteredMs, leastMs);
  const lastStartMs = Math.min(state.startedAtMs + policy.totalTimeoutMs, state.endsAtMs);
  if (nowMs + delayMs >= lastStartMs) return { retry: false, why: "out_of_time" };
  return { retry: true, delayMs };
}
