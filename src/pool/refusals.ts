import {
  AbortedError,
  ClosedError,
  ConnectionError,
  DatabaseError,
  type ErrorFacts,
  PoolTimeoutError,
  ValidationError,
} from "../errors/index.ts";
import { describeError, explainTimeout, type PoolView } from "./explain.ts";
import type { PoolSettings } from "./options.ts";

/** The errors of one pool. Each says which pool, what was expected and what came. */
export class Refusals {
  readonly #settings: PoolSettings;
  readonly #facts: ErrorFacts;
  readonly #pool: string;

  constructor(settings: PoolSettings, facts: ErrorFacts) {
    this.#settings = settings;
    this.#facts = facts;
    this.#pool = `pool "${settings.name}"`;
  }

  /** For a caller who waited. It is made without a stack, which would show a timer, or whoever came before. */
  timedOut(timeoutMs: number, view: PoolView): PoolTimeoutError {
    const situation = `${this.#pool}: no connection came free within ${Math.ceil(timeoutMs)} ms`;
    return withoutStack(() => this.#timeout(situation, timeoutMs, view, "STRATA_POOL_TIMEOUT"));
  }

  full(view: PoolView): PoolTimeoutError {
    const { maxWaiting, acquireTimeoutMs } = this.#settings;
    const situation = `${this.#pool}: expected at most ${maxWaiting} callers to wait, got one more`;
    return this.#timeout(situation, acquireTimeoutMs, view, "STRATA_POOL_FULL");
  }

  notCreated(connections: number, view: PoolView): PoolTimeoutError {
    const { poolCreationTimeoutMs: timeoutMs } = this.#settings;
    const situation = `${this.#pool}: expected ${connections} open connections within ${timeoutMs} ms`;
    return this.#timeout(situation, timeoutMs, view, "STRATA_POOL_CREATION_TIMEOUT");
  }

  aborted(signal: AbortSignal | undefined): AbortedError {
    return new AbortedError(`${this.#pool}: the caller's signal aborted the wait for a connection`, {
      ...this.#facts,
      outcome: "not_sent",
      cause: signal?.reason,
    });
  }

  closed(): ClosedError {
    const message = `${this.#pool} is closed: it lends no more connections; make a new one`;
    return new ClosedError(message, this.#facts);
  }

  /** What `create` threw, if it is one of ours; else a typed error that holds it. */
  connectFailed(error: unknown): DatabaseError {
    if (error instanceof DatabaseError) return error;
    const message = `${this.#pool}: a connection was refused: ${describeError(error)}`;
    return new ConnectionError(message, { ...this.#facts, cause: error }, "STRATA_CONNECTION_REFUSED");
  }

  badTimeout(call: string, timeoutMs: unknown): ValidationError {
    const came = typeof timeoutMs === "number" ? String(timeoutMs) : typeof timeoutMs;
    return new ValidationError(`${call}: expected "timeoutMs" from 0 to ${2 ** 31 - 1}, got ${came}`);
  }

  badCount(connections: unknown): ValidationError {
    const came = typeof connections === "number" ? String(connections) : typeof connections;
    return new ValidationError(
      `warmup: expected a whole number from 0 to ${this.#settings.maxSize}, got ${came}`,
    );
  }

  #timeout(
    situation: string,
    timeoutMs: number,
    view: PoolView,
    code: "STRATA_POOL_TIMEOUT" | "STRATA_POOL_FULL" | "STRATA_POOL_CREATION_TIMEOUT",
  ): PoolTimeoutError {
    const facts = { ...this.#facts, cause: view.connectError };
    return new PoolTimeoutError(explainTimeout(situation, timeoutMs, view), facts, code);
  }
}

/** A stack is most of what an error costs, and thousands of callers may be refused at one moment. */
function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}
