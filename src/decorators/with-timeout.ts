import { AsyncLocalStorage } from "node:async_hooks";
import { ConfigurationError, QueryTimeoutError } from "../errors/index.ts";
import { isPromiseLike } from "../operation/index.ts";
import { Deadline, limited, systemClock } from "../resilience/index.ts";
import { type Wrapper, wrapping } from "./wrapper.ts";

/**
 * Limits a function's time: a `QueryTimeoutError` when it has not ended after `seconds` (default 60).
 *
 * The code inside is not ended by that: JavaScript has no means to do so. It ends itself when it hands `timeLimit()`
 * to the calls that it makes, and the caller then waits up to 0.15 s longer, until it has. A function that blocks is
 * looked at when it ends: what comes too late is a `QueryTimeoutError` too.
 */
export function withTimeout(seconds = 60): Wrapper {
  const limitMs = checkSeconds(seconds) * 1000;
  return wrapping((name) => ({ run }) => {
    const limit = new TimeLimit(name, limitMs, ambient.getStore());
    const answer = ambient.run(limit, run);
    if (isPromiseLike(answer)) return limit.keep(answer);
    if (limit.expired) throw limit.error();
    return answer;
  });
}

/** Options for calls on a database. */
export interface TimeLimitOptions {
  /** Seconds that are left. */
  readonly timeout?: number;
  /** Aborts when the time is up. */
  readonly signal?: AbortSignal;
}

/**
 * What is left of the time that the `withTimeout` around the current code allows, as options for the calls in it:
 * `db.query(sql, params, timeLimit())`. Without one, no limit. Throws a `QueryTimeoutError` when nothing is left.
 */
export function timeLimit(): TimeLimitOptions {
  return ambient.getStore()?.left() ?? {};
}

const ambient = new AsyncLocalStorage<TimeLimit>();

class TimeLimit {
  readonly #name: string;
  readonly #limitMs: number;
  readonly #own: Deadline;
  /** The own one or the one around it, whichever ends first. */
  readonly #deadline: Deadline;
  readonly #outer: TimeLimit | undefined;
  /** Made when it is first asked for: most functions never do. */
  #stop: { readonly controller: AbortController; readonly signal: AbortSignal } | undefined;

  constructor(name: string, limitMs: number, outer: TimeLimit | undefined) {
    this.#name = name;
    this.#limitMs = limitMs;
    this.#own = Deadline.after(limitMs);
    this.#deadline = outer === undefined ? this.#own : this.#own.sooner(outer.#deadline);
    this.#outer = outer;
  }

  get expired(): boolean {
    return this.#own.expired;
  }

  left(): TimeLimitOptions {
    const remainingMs = this.#deadline.remainingMs();
    if (remainingMs === 0) throw this.error();
    return { timeout: remainingMs / 1000, signal: this.#signal() };
  }

  error(cause?: unknown): QueryTimeoutError {
    return new QueryTimeoutError(`${this.#name} did not end within its limit of ${this.#limitMs / 1000} s`, {
      outcome: "unknown",
      operation: this.#name,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  async keep<T>(pending: PromiseLike<T>): Promise<T> {
    // The limit's own timer keeps no process alive; but the answer is still owed.
    const alive = systemClock.setTimer(() => {}, this.#limitMs + 1000, { keepAlive: true });
    try {
      return await limited(pending, {
        timeoutMs: this.#own.remainingMs(),
        onStop: () => {
          // Nothing to be stopped, so nothing to be waited for: what throws here is answered at once.
          if (this.#stop === undefined) throw this.error();
          this.#stop.controller.abort(this.error());
        },
        onAbandon: () => {},
        failure: (_reason, cause) => this.error(cause),
      });
    } finally {
      alive.clear();
    }
  }

  #signal(): AbortSignal {
    if (this.#stop === undefined) {
      const controller = new AbortController();
      const { signal } = controller;
      const outer = this.#outer === undefined ? undefined : this.#outer.#signal();
      this.#stop = { controller, signal: outer === undefined ? signal : AbortSignal.any([signal, outer]) };
    }
    return this.#stop.signal;
  }
}

function checkSeconds(seconds: unknown): number {
  if (typeof seconds === "number" && seconds > 0 && seconds <= 86_400) return seconds;
  throw new ConfigurationError(
    `withTimeout: expected a number of seconds above 0 and up to 86400, got ${
      typeof seconds === "number" ? seconds : `a ${typeof seconds}`
    }`,
  );
}
