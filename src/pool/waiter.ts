import type { Timer } from "../resilience/clock.ts";
import type { Place } from "./holder.ts";
import type { PoolLease } from "./lease.ts";

export interface AcquireOptions {
  /** Milliseconds that it may take altogether. Default `acquireTimeoutMs` of the pool; 0 does not wait. */
  readonly timeoutMs?: number | undefined;
  /** Gives up when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Names what the caller does, in reports and messages. It must hold no value and no secret. */
  readonly label?: string | undefined;
  /** More facts for reports of leaks. They must hold no secret. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /** An error that was made where the caller stands; its stack names the place. Default: the call of `acquire`, when leaks are looked for. */
  readonly where?: Place | undefined;
}

type Settled<R> =
  | { readonly kind: "granted"; readonly lease: PoolLease<R> }
  | { readonly kind: "refused"; readonly error: unknown };

type Outcome<R> = { readonly kind: "waiting" } | Settled<R>;

const waiting = { kind: "waiting" } as const;

/** Someone who waits for a connection. It settles once; what comes later changes nothing. */
export class Waiter<R> {
  readonly sinceMs: number;
  readonly timeoutMs: number;
  readonly options: AcquireOptions;
  /** Where it asked, when places are recorded. */
  readonly where: Place | undefined;
  #outcome: Outcome<R> = waiting;
  #onSettled: ((outcome: Settled<R>) => void) | undefined;

  constructor(sinceMs: number, timeoutMs: number, options: AcquireOptions, where: Place | undefined) {
    this.sinceMs = sinceMs;
    this.timeoutMs = timeoutMs;
    this.options = options;
    this.where = where;
  }

  /** Whether its time is over. One that does not wait at all is never late: it is served at once or not. */
  isLate(nowMs: number): boolean {
    return this.timeoutMs > 0 && nowMs > this.sinceMs + this.timeoutMs;
  }

  grant(lease: PoolLease<R>): void {
    this.#settle({ kind: "granted", lease });
  }

  refuse(error: unknown): void {
    this.#settle({ kind: "refused", error });
  }

  /** The lease, if it was granted by now. Throws if it was refused. */
  take(): PoolLease<R> | undefined {
    if (this.#outcome.kind === "refused") throw this.#outcome.error;
    return this.#outcome.kind === "granted" ? this.#outcome.lease : undefined;
  }

  /** Waits for the outcome. `timer` and the signal's listener are removed with it. */
  wait(timer: Timer, onAbort: () => void): Promise<PoolLease<R>> {
    const signal = this.options.signal;
    signal?.addEventListener("abort", onAbort, { once: true });
    return new Promise((resolve, reject) => {
      this.#onSettled = (outcome) => {
        timer.clear();
        signal?.removeEventListener("abort", onAbort);
        if (outcome.kind === "granted") resolve(outcome.lease);
        else reject(outcome.error);
      };
      if (this.#outcome.kind !== "waiting") this.#onSettled(this.#outcome);
    });
  }

  #settle(outcome: Settled<R>): void {
    if (this.#outcome.kind !== "waiting") return;
    this.#outcome = outcome;
    this.#onSettled?.(outcome);
  }
}
