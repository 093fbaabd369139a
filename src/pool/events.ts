import type { HeldLease } from "./holder.ts";
import type { DestroyReason } from "./slot.ts";
import type { PoolStats } from "./stats.ts";

/** A lease that was held for longer than the threshold. */
export interface Leak extends HeldLease {
  /** Whether its connection was destroyed under its holder, and its place freed. */
  readonly reclaimed: boolean;
}

/** What `close` found. */
export interface CloseReport {
  readonly durationMs: number;
  /** The leases that were not given back in time; their connections were ended by force. */
  readonly forced: readonly HeldLease[];
  /** Connections and connects that had still not ended when `close` stopped waiting for them. */
  readonly unfinished: number;
}

/** Which step on a connection failed. */
export type FailedStep = "validate" | "reset" | "onCheckout" | "onCheckin" | "destroy";

/** What a pool tells those who listen. Nothing is made for an event that nobody listens to. */
export interface PoolEvents {
  /** A connection was made. */
  created: { readonly connectionId: number; readonly durationMs: number };
  /** A connection was ended, or is about to be. */
  destroyed: { readonly connectionId: number; readonly reason: DestroyReason; readonly ageMs: number };
  acquired: { readonly connectionId: number; readonly waitedMs: number; readonly label: string | undefined };
  released: { readonly connectionId: number; readonly heldMs: number; readonly label: string | undefined };
  /** A caller starts to wait. `waiting` counts it. */
  waiting: { readonly waiting: number; readonly label: string | undefined };
  /** A caller's deadline passed. `stats` shows the pool at that moment. */
  timeout: { readonly waitedMs: number; readonly label: string | undefined; readonly stats: PoolStats };
  /** A connect, or its `onConnect` hook, failed. `failures` counts those in a row. */
  connectError: {
    readonly error: unknown;
    readonly failures: number;
    /** When the next connect may start. */
    readonly retryInMs: number;
    readonly permanent: boolean;
  };
  /** Something that was run on a connection threw or did not answer, so the connection was discarded. */
  failed: { readonly connectionId: number; readonly step: FailedStep; readonly error: unknown };
  leak: Leak;
  closed: CloseReport;
}
