import type { Awaitable } from "../operation/operation.ts";
import type { DestroyReason } from "./slot.ts";

/** What a call on a resource may still take. */
export interface ResourceLimits {
  /** Milliseconds after which the pool no longer waits for the answer. */
  readonly timeoutMs: number;
  /** Aborts when the time is over, or when the result is no longer wanted. */
  readonly signal: AbortSignal;
}

/**
 * Called at moments in a connection's life. A hook that throws, or does not answer within `hookTimeoutMs`,
 * discards the connection and is reported by the event `failed`.
 */
export interface PoolHooks<R> {
  /** After a connection was made, before anyone has it. */
  onConnect?(resource: R, limits: ResourceLimits): Awaitable<void>;
  /** Before a connection is lent. With this hook an acquire may have to wait although a connection is idle. */
  onCheckout?(resource: R, limits: ResourceLimits): Awaitable<void>;
  /** After a connection came back and was reset. */
  onCheckin?(resource: R, limits: ResourceLimits): Awaitable<void>;
}

/**
 * How a pool makes and ends what it pools.
 *
 * What must never happen:
 * - one `create` answering a resource that another already answered;
 * - a `destroy` that leaves the resource open;
 * - an `isUsable` that waits, or throws.
 */
export interface PoolResource<R> extends PoolHooks<R> {
  /** Makes a resource. One that is answered after `signal` has aborted is destroyed at once. */
  create(limits: ResourceLimits): Awaitable<R>;
  /**
   * Ends a resource. What it throws is only reported. `reason` tells whether a word to the server is worth the
   * time: after `lost`, `invalid`, `discarded`, `reclaimed` and `forced` it is not.
   */
  destroy(resource: R, reason: DestroyReason): void | PromiseLike<void>;
  /** Asks for a sign of life, and throws when there is none. All resources of its age are then closed. */
  validate(resource: R, limits: ResourceLimits): Awaitable<void>;
  /** Brings a returned resource back to its first state. When it throws, the resource is destroyed. */
  reset(resource: R, limits: ResourceLimits): Awaitable<void>;
  /** False once the resource is known to be lost. Asked at each acquire and release, so it must be cheap. */
  isUsable(resource: R): boolean;
  /**
   * Whether a failed `create` will fail again until someone changes something, as with a wrong password. Then
   * everyone who waits is told at once. Default: no failure is.
   */
  isPermanent?(error: unknown): boolean;
}
