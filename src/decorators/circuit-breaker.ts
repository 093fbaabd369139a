import { ConfigurationError, DatabaseError } from "../errors/index.ts";
import { type Operation, start, wait } from "../operation/index.ts";
import { type BreakerCall, CircuitBreaker, type CircuitBreakerOptions } from "../resilience/index.ts";
import { type Wrapper, wrapping } from "./wrapper.ts";

export interface GuardOptions extends CircuitBreakerOptions {
  /**
   * The breaker's name: functions that name the same one share it, and `CircuitBreaker.getOrCreate` finds it. Default:
   * a breaker of its own for each function that is wrapped, called like the function.
   */
  readonly name?: string | undefined;
  /**
   * Whether an error speaks against what the function uses; any other one speaks for it, as an answer does. Default: of
   * the library's errors those that say that the database failed, and every other error but an abort.
   */
  readonly isFailure?: ((error: unknown) => boolean) | undefined;
}

/**
 * Refuses calls of a function that has failed too often, with a `CircuitOpenError`, until it has had time to recover.
 * On a method there is one breaker for all objects of the class.
 */
export function circuitBreaker(options: GuardOptions = {}): Wrapper {
  const { name: shared, isFailure, ...breakerOptions } = options;
  if (shared !== undefined && (typeof shared !== "string" || shared === "")) {
    throw new ConfigurationError(
      "circuitBreaker: expected name to be a string that is not empty, or to be left out",
    );
  }
  if (isFailure !== undefined && typeof isFailure !== "function") {
    throw new ConfigurationError(
      `circuitBreaker: expected isFailure to be a function, got a ${typeof isFailure}`,
    );
  }
  const given = Object.keys(breakerOptions).length > 0 ? breakerOptions : undefined;
  return wrapping((name) => {
    const breaker =
      shared === undefined
        ? new CircuitBreaker(name, breakerOptions)
        : CircuitBreaker.getOrCreate(shared, given);
    return ({ run }) => start(guarded(breaker, run, isFailure));
  });
}

function* guarded(
  breaker: CircuitBreaker,
  run: () => unknown,
  isFailure: GuardOptions["isFailure"],
): Operation<unknown> {
  const call = breaker.begin();
  try {
    const answer = yield* wait(run());
    call.success();
    return answer;
  } catch (error) {
    end(call, error, isFailure);
    throw error;
  }
}

function end(call: BreakerCall, error: unknown, isFailure: GuardOptions["isFailure"]): void {
  try {
    if (isFailure !== undefined) {
      if (isFailure(error)) call.failure();
      else call.success();
    } else if (error instanceof DatabaseError) call.settle(error);
    else if (!(error instanceof Error && error.name === "AbortError")) call.failure();
  } finally {
    // After an abort, or when isFailure itself throws: a call that never ended would count as one under way.
    call.cancel();
  }
}
