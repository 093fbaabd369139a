import type { CallLimits } from "../backend/index.ts";
import { AbortedError, type Outcome, QueryTimeoutError, ValidationError } from "../errors/index.ts";
import type { Clock } from "../resilience/clock.ts";
import { ambientContext, mergeTags, type Tags } from "./context.ts";

export type { Tags } from "./context.ts";

/** Options that every operation takes. */
export interface CallOptions {
  /**
   * Seconds that the whole call may take, waiting for a connection included: above 0, up to 24 days. Default: the
   * configuration's `queryExecutionTimeout`.
   */
  readonly timeout?: number;
  /** Stops the call when it aborts; the call then throws `AbortedError`. */
  readonly signal?: AbortSignal | undefined;
  /** Sent along as a comment and shown to listeners of `query` events. */
  readonly tags?: Tags | undefined;
}

// Timers count milliseconds in 32 bits.
const longestTimeoutSeconds = 2 ** 31 / 1000 - 1;

/**
 * One call by a user, with the moment by which it must have ended. It travels through everything that the call
 * does, so that nested waits share what is left; it serves a driver as its `CallLimits`.
 */
export class Call implements CallLimits {
  readonly operation: string;
  readonly signal: AbortSignal | undefined;
  readonly tags: Tags | undefined;
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #endsAtMs: number;

  constructor(operation: string, clock: Clock, limitMs: number, signal?: AbortSignal, tags?: Tags) {
    this.operation = operation;
    this.signal = signal;
    this.tags = tags;
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#endsAtMs = clock.now() + limitMs;
  }

  static from(operation: string, clock: Clock, options: CallOptions | undefined, defaultMs: number): Call {
    const ambientTags = ambientContext().tags;
    if (options === undefined) return new Call(operation, clock, defaultMs, undefined, ambientTags);
    const limitMs = options.timeout === undefined ? defaultMs : checkTimeout(options.timeout) * 1000;
    return new Call(operation, clock, limitMs, options.signal, mergeTags(ambientTags, options.tags));
  }

  /** A call with the same limit and signal that begins now, for work of its own within a longer one. */
  again(operation: string): Call {
    return new Call(operation, this.#clock, this.#limitMs, this.signal, this.tags);
  }

  /** As `again`, for undoing what was begun, which has to happen also when the caller has stopped waiting. */
  toUndo(operation: string): Call {
    return new Call(operation, this.#clock, this.#limitMs, undefined, this.tags);
  }

  /** Milliseconds that are left, never negative. */
  get timeoutMs(): number {
    return Math.max(0, this.#endsAtMs - this.#clock.now());
  }

  /** The whole limit in milliseconds, for messages. */
  get limitMs(): number {
    return this.#limitMs;
  }

  /** Refuses to begin what the caller no longer wants, or what has no time left. */
  check(): void {
    if (this.signal?.aborted === true) throw this.aborted("not_sent");
    if (this.timeoutMs === 0) throw this.timedOut("not_sent");
  }

  /** Waits for something that is not sent yet, for as long as the call may. */
  within<T>(pending: PromiseLike<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const onAbort = () => finish(() => reject(this.aborted("not_sent")));
      const timer = this.#clock.setTimer(
        () => finish(() => reject(this.timedOut("not_sent"))),
        this.timeoutMs,
        { keepAlive: true },
      );
      const finish = (settle: () => void) => {
        timer.clear();
        this.signal?.removeEventListener("abort", onAbort);
        settle();
      };
      // A signal that has aborted already sends no event any more.
      if (this.signal?.aborted === true) onAbort();
      else this.signal?.addEventListener("abort", onAbort, { once: true });
      pending.then(
        (value) => finish(() => resolve(value)),
        (error) => finish(() => reject(error)),
      );
    });
  }

  aborted(outcome: Outcome): AbortedError {
    return new AbortedError(`${this.operation} was aborted by its signal`, {
      outcome,
      operation: this.operation,
      cause: this.signal?.reason,
    });
  }

  timedOut(outcome: Outcome, cause?: unknown): QueryTimeoutError {
    return new QueryTimeoutError(
      `${this.operation} did not end within its limit of ${this.#limitMs / 1000} s and was stopped`,
      { outcome, operation: this.operation, ...(cause === undefined ? {} : { cause }) },
    );
  }
}

function checkTimeout(seconds: number): number {
  if (typeof seconds === "number" && seconds > 0 && seconds <= longestTimeoutSeconds) return seconds;
  throw new ValidationError(
    `expected timeout to be a number of seconds above 0 and up to ${Math.floor(longestTimeoutSeconds)}, got ${
      typeof seconds === "number" ? seconds : typeof seconds
    }`,
  );
}
