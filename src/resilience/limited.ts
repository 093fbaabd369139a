import { type Limit, limitWheel, type TimerWheel } from "./timer-wheel.ts";

export type StopReason = "timeout" | "abort";

export interface LimitOptions<T> {
  /** Milliseconds that the answer may take; infinity for no limit. */
  readonly timeoutMs: number;
  /** Stops the work as well when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Stops the work, once, and settles when that can no longer hit anything else: `driver.cancel()`. The work then
   * fails, or has just succeeded.
   */
  readonly onStop: (reason: StopReason) => PromiseLike<void> | void;
  /**
   * Called when the work or the stopping did not end in `graceMs`, or the stopping failed: whatever the work used
   * cannot be used again and must be destroyed. Must not throw.
   */
  readonly onAbandon: () => void;
  /**
   * Makes the error for the caller of work that was stopped. `cause` is the error that the work ended with;
   * `answered` is false when it never ended, so that nothing is known of its effect.
   */
  readonly failure: (reason: StopReason, cause: unknown, answered: boolean) => unknown;
  /** Takes a value that comes after the work was abandoned, such as a connection to be closed. */
  readonly onLate?: (value: T) => void;
  /** Milliseconds for the stopping, on top of the limit. Default 150; 0 abandons the work at once. */
  readonly graceMs?: number;
  readonly wheel?: TimerWheel;
}

/** Longest time that a caller waits beyond a limit while the work is stopped on the server. */
export const defaultGraceMs = 150;

/**
 * Answers as `pending` does, or stops it when its time is up or the signal aborts.
 *
 * The caller is answered at the latest after limit + grace, even if neither the work nor the stopping ever
 * settles. Until then the answer is held back while the stopping is under way, because a connection that is given
 * back sooner could have its next query stopped instead. Work that succeeds while it is being stopped has
 * succeeded, and its value is answered. What settles too late is never an unhandled rejection.
 */
export function limited<T>(pending: PromiseLike<T>, options: LimitOptions<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    new Race(options, resolve, reject).start(pending);
  });
}

type Answer<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

type State<T> =
  | { readonly name: "running" }
  | { readonly name: "stopping"; readonly reason: StopReason }
  /** The stopping has ended, and the work has yet to answer. */
  | { readonly name: "stopped"; readonly reason: StopReason }
  /** The work has answered, and the stopping has yet to end. */
  | { readonly name: "answered"; readonly reason: StopReason; readonly answer: Answer<T> }
  | { readonly name: "done" }
  | { readonly name: "abandoned" };

class Race<T> {
  readonly #options: LimitOptions<T>;
  readonly #wheel: TimerWheel;
  readonly #resolve: (value: T) => void;
  readonly #reject: (error: unknown) => void;
  #state: State<T> = { name: "running" };
  #limit: Limit | undefined;

  constructor(options: LimitOptions<T>, resolve: (value: T) => void, reject: (error: unknown) => void) {
    this.#options = options;
    this.#wheel = options.wheel ?? limitWheel;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  start(pending: PromiseLike<T>): void {
    pending.then(
      (value) => this.#workEnded({ ok: true, value }),
      (error) => this.#workEnded({ ok: false, error }),
    );
    const { signal, timeoutMs } = this.#options;
    if (signal?.aborted === true) {
      this.#stop("abort");
      return;
    }
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    this.#limit = this.#wheel.add(() => this.#stop("timeout"), timeoutMs);
  }

  readonly #onAbort = (): void => this.#stop("abort");

  #workEnded(answer: Answer<T>): void {
    const state = this.#state;
    if (state.name === "running") this.#settle("done", answer);
    else if (state.name === "stopped") this.#settle("done", answer, state.reason);
    else if (state.name === "stopping") this.#state = { name: "answered", reason: state.reason, answer };
    else if (state.name === "abandoned" && answer.ok) this.#options.onLate?.(answer.value);
  }

  #stop(reason: StopReason): void {
    if (this.#state.name !== "running") return;
    this.#state = { name: "stopping", reason };
    this.#endWatch();
    const { graceMs = defaultGraceMs } = this.#options;
    if (graceMs > 0) this.#limit = this.#wheel.add(() => this.#abandon(), graceMs);
    this.#callOnStop(reason).then(
      () => this.#stopEnded(),
      () => this.#abandon(),
    );
    if (graceMs <= 0) this.#abandon();
  }

  async #callOnStop(reason: StopReason): Promise<void> {
    await this.#options.onStop(reason);
  }

  #stopEnded(): void {
    const state = this.#state;
    if (state.name === "stopping") this.#state = { name: "stopped", reason: state.reason };
    else if (state.name === "answered") this.#settle("done", state.answer, state.reason);
  }

  #abandon(): void {
    const state = this.#state;
    if (state.name === "answered") this.#settle("abandoned", state.answer, state.reason);
    else if (state.name === "stopping" || state.name === "stopped") {
      this.#settle("abandoned", undefined, state.reason);
    } else return;
    // The caller's code runs after this, in a microtask: it cannot meet what is destroyed here still in use.
    this.#options.onAbandon();
  }

  #settle(name: "done" | "abandoned", answer: Answer<T> | undefined, reason?: StopReason): void {
    this.#state = { name };
    this.#endWatch();
    if (answer?.ok === true) this.#resolve(answer.value);
    else if (reason === undefined) this.#reject(answer?.error);
    else this.#reject(this.#failure(reason, answer));
  }

  #failure(reason: StopReason, answer: Answer<T> | undefined): unknown {
    try {
      const cause = answer?.ok === false ? answer.error : undefined;
      return this.#options.failure(reason, cause, answer !== undefined);
    } catch (error) {
      return error;
    }
  }

  #endWatch(): void {
    this.#limit?.clear();
    this.#limit = undefined;
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
  }
}
