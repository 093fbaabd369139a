import { ConfigurationError } from "../errors/index.ts";
import { type Operation, start, wait } from "../operation/index.ts";
import {
  asyncSleep,
  blockingSleep,
  type RetryOptions,
  retrying,
  retryPolicy,
  systemClock,
} from "../resilience/index.ts";
import { type Wrapper, wrapping } from "./wrapper.ts";

/** A function has failed and will be called again. */
export interface RetryNotice {
  /** Which retry it will be, from 1. */
  readonly retry: number;
  /** The pause before it. */
  readonly delayMs: number;
  readonly error: unknown;
}

export interface RetryWrapperOptions extends RetryOptions {
  /** When it aborts, its reason is thrown from where the call or the pause stands, and nothing is tried again. */
  readonly signal?: AbortSignal | undefined;
  /** Told before each pause. */
  readonly onRetry?: ((notice: RetryNotice) => void) | undefined;
}

/**
 * Calls a function again, with the same arguments, when it fails with an error that may pass by itself. Wrap only what
 * may be done twice, and at one level: retries around retries multiply.
 *
 * Between two calls a function that answers promises waits, and any other one blocks the thread. It throws the last
 * error when it gives up.
 */
export function retryWithBackoff(options: RetryWrapperOptions = {}): Wrapper {
  const { signal, onRetry, ...retryOptions } = options;
  if (onRetry !== undefined && typeof onRetry !== "function") {
    throw new ConfigurationError(
      `retryWithBackoff: expected onRetry to be a function, got a ${typeof onRetry}`,
    );
  }
  const policy = retryPolicy(retryOptions);
  const pause = asyncSleep(systemClock, signal);
  const environment = { signal, ...(onRetry === undefined ? {} : { onRetry }) };
  return wrapping(() => ({ run, answersPromises }) => {
    signal?.throwIfAborted();
    function* attempt(): Operation<unknown> {
      return yield* wait(run());
    }
    const sleep = (ms: number) => (answersPromises() ? pause(ms) : blockingSleep(ms));
    return start(retrying(attempt, policy, sleep, environment), signal);
  });
}
