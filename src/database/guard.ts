import type { ResilienceSettings } from "../config/index.ts";
import type { Call, ConnectionEnvironment } from "../connection/index.ts";
import { ConnectionError, ReadOnlyError } from "../errors/index.ts";
import type { Emitter } from "../observe/emitter.ts";
import type { DatabaseEvents } from "../observe/events.ts";
import { type Operation, runSync } from "../operation/index.ts";
import {
  type Breaker,
  CircuitBreaker,
  Deadline,
  isRetryable,
  noBreaker,
  RetryBudget,
  type RetryPolicy,
  retrying,
} from "../resilience/index.ts";

/** Says whether a call may run twice without harm. Asked only after it has failed. */
export type Repeatable = () => boolean;

export const writes: Repeatable = () => false;

/**
 * Stands before every call on a database: refuses it while the circuit is open, and runs it again when the connection
 * was lost and the call certainly did nothing, or only read. This is the one place where calls are tried again, so
 * that no two places multiply each other.
 */
export class Guard {
  readonly breaker: Breaker;
  readonly #policy: RetryPolicy | undefined;
  readonly #budget = new RetryBudget();
  readonly #environment: ConnectionEnvironment;

  constructor(
    environment: ConnectionEnvironment,
    settings: ResilienceSettings,
    events: Emitter<DatabaseEvents>,
  ) {
    this.#environment = environment;
    this.#policy = settings.retry;
    // A database without a server cannot be given a rest: what fails in a file fails for a reason of its own.
    const hasServer = environment.backend.defaultPort > 0;
    this.breaker =
      settings.circuitBreaker === undefined || !hasServer
        ? noBreaker
        : makeBreaker(environment, settings, events);
  }

  /** `isFinal` says that something has happened in the attempt which must not happen twice, whatever the error says. */
  *run<T>(
    call: Call,
    repeatable: Repeatable,
    attempt: () => Operation<T>,
    isFinal: () => boolean = () => false,
  ): Operation<T> {
    const admitted = this.breaker.begin();
    try {
      const result = yield* attempt();
      admitted.success();
      this.#budget.succeeded();
      return result;
    } catch (error) {
      admitted.settle(error);
      if (this.#policy === undefined || isFinal() || !isPassing(error, repeatable)) throw error;
      return yield* this.#again(error, this.#policy, call, repeatable, attempt, isFinal);
    }
  }

  /** As `run`, for a caller who blocks, and so needs no operation as long as nothing fails. */
  runBlocking<T>(call: Call, repeatable: Repeatable, attempt: () => T): T {
    const admitted = this.breaker.begin();
    try {
      const result = attempt();
      admitted.success();
      this.#budget.succeeded();
      return result;
    } catch (error) {
      admitted.settle(error);
      if (this.#policy === undefined || !isPassing(error, repeatable)) throw error;
      return runSync(this.#again(error, this.#policy, call, repeatable, () => answering(attempt)));
    }
  }

  *#once<T>(attempt: () => Operation<T>): Operation<T> {
    const admitted = this.breaker.begin();
    try {
      const result = yield* attempt();
      admitted.success();
      return result;
    } catch (error) {
      admitted.settle(error);
      throw error;
    }
  }

  #again<T>(
    first: unknown,
    policy: RetryPolicy,
    call: Call,
    repeatable: Repeatable,
    attempt: () => Operation<T>,
    isFinal: () => boolean = () => false,
  ): Operation<T> {
    const once = () => this.#once(attempt);
    const { clock, sleep } = this.#environment;
    return retrying(
      function* (count) {
        if (count === 1) throw first;
        return yield* once();
      },
      {
        ...policy,
        retryable: (error) => !isFinal() && isPassing(error, repeatable) && isWorthIt(policy, error),
      },
      (ms) => sleep(ms, call.signal),
      { clock, budget: this.#budget, deadline: Deadline.after(call.timeoutMs, clock), signal: call.signal },
    );
  }
}

// An operation that never pauses is one all the same.
function* answering<T>(attempt: () => T): Operation<T> {
  yield* nothing;
  return attempt();
}

const nothing: readonly never[] = [];

/**
 * A lost connection is worth another try when nothing was sent, or what was sent only reads; a write that a standby
 * refused did nothing, and its connection is gone.
 */
function isPassing(error: unknown, repeatable: Repeatable): boolean {
  if (error instanceof ReadOnlyError)
    return error.code === "STRATA_READ_ONLY_SERVER" && error.outcome === "rejected";
  if (!(error instanceof ConnectionError) || error.code !== "STRATA_CONNECTION") return false;
  return error.outcome === "not_sent" || repeatable();
}

/** The policy's own default refuses what may have happened; here it is known that a second time does no harm. */
function isWorthIt({ retryable }: RetryPolicy, error: unknown): boolean {
  return retryable === isRetryable || retryable(error);
}

function makeBreaker(
  environment: ConnectionEnvironment,
  settings: ResilienceSettings,
  events: Emitter<DatabaseEvents>,
): CircuitBreaker {
  const breaker = new CircuitBreaker(environment.database, settings.circuitBreaker, environment.clock);
  breaker.events.on("change", ({ from, to }) => {
    events.emit("circuitChanged", { database: environment.database, from, to });
  });
  return breaker;
}
