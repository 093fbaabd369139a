import type { Holder } from "./holder.ts";

/**
 * Where a connection stands.
 * - `idle`: free to be lent.
 * - `preparing`: being validated, or in its checkout hook.
 * - `leased`: someone has it.
 * - `cleaning`: given back, being reset.
 * - `closing`: being ended. It still counts against the hard limit, since the server still counts it.
 */
export type Phase = "idle" | "preparing" | "leased" | "cleaning" | "closing";

/**
 * Why a connection was closed.
 * - `expired`: it reached `recycleMs`. `idle`: nobody used it for `idleTimeoutMs`.
 * - `overflow`: it was above `maxSize`. `cleared`: `clearIdle` was called. `closed`: the pool was closed.
 * - `forced`: the pool was closed, and its holder did not give it back in time.
 * - `lost`: it said that it is not usable. `invalid`: it did not pass validation.
 * - `evicted`: it is older than a connection that did not, or than a call of `evict`.
 * - `discarded`: its holder wished so. `reclaimed`: its lease was taken for a leak.
 * - `reset failed`, `hook failed`: what is to be run on it threw, or did not answer.
 */
export type DestroyReason =
  | "expired"
  | "idle"
  | "overflow"
  | "cleared"
  | "closed"
  | "forced"
  | "lost"
  | "invalid"
  | "evicted"
  | "discarded"
  | "reclaimed"
  | "reset failed"
  | "hook failed";

/** One connection. `PoolState` alone changes it, except for `holder`. */
export interface Slot<R> {
  readonly id: number;
  readonly resource: R;
  readonly createdAtMs: number;
  /** End of its life, the jitter included; infinite without a limit. */
  readonly expiresAtMs: number;
  /** Interval of its keepalive, the jitter included; infinite without one. */
  readonly keepaliveMs: number;
  /** Connections of an earlier generation than the pool's are evicted. */
  generation: number;
  phase: Phase;
  /** When it was last used. */
  idleSinceMs: number;
  /** When it was last known to work. */
  provenAtMs: number;
  /** The pool's epoch at that time. With an earlier epoch than the pool's it must be validated before use. */
  provenEpoch: number;
  /** When its last validation or reset began. */
  askedAtMs: number;
  /** Until when a waiter may count on it while it is being prepared or cleaned. Later it is taken for stuck. */
  expectedUntilMs: number;
  /** Who has it; written by the pool that lends it. */
  holder: Holder | undefined;
}

/** One connect under way. */
export interface Attempt {
  readonly id: number;
  readonly startedAtMs: number;
  /** From when on it is taken for stuck. */
  readonly stuckAtMs: number;
  /**
   * Until when a waiter may count on it: until it is stuck, or until someone gave up waiting for it. The next caller is
   * not to wait behind it then.
   */
  expectedUntilMs: number;
}

/** What `PoolState` wants done, after it has changed its own state accordingly. */
export type Action<R, W> =
  /** Connect, and report with `connected` or `connectFailed`. */
  | { readonly kind: "connect"; readonly attempt: Attempt }
  /** The result of this connect is no longer wanted. */
  | { readonly kind: "abandon"; readonly attempt: Attempt }
  /** Validate it, run its checkout hook, or both; report with `prepared` or `discard`. */
  | {
      readonly kind: "prepare";
      readonly slot: Slot<R>;
      readonly validate: boolean;
      readonly checkout: boolean;
    }
  /** Reset it, and report with `cleaned` or `discard`. */
  | { readonly kind: "clean"; readonly slot: Slot<R> }
  /** The waiter has its connection. */
  | { readonly kind: "grant"; readonly slot: Slot<R>; readonly waiter: W }
  /** The waiter's turn has come when its time was over already. */
  | { readonly kind: "expire"; readonly waiter: W }
  /** End it, and report with `destroyed`. */
  | { readonly kind: "destroy"; readonly slot: Slot<R>; readonly reason: DestroyReason };
