import type { Figures } from "./figures.ts";
import type { Lifecycle } from "./pool-state.ts";

/** A pool at one moment. */
export interface PoolStats {
  readonly lifecycle: Lifecycle;
  /** Open connections: in use, idle, validating and resetting. */
  readonly size: number;
  readonly inUse: number;
  readonly idle: number;
  /** Being validated, or in their checkout hook. */
  readonly validating: number;
  /** Given back and being reset. */
  readonly resetting: number;
  readonly connecting: number;
  /** Being ended. They count against the hard limit, not in `size`. */
  readonly closing: number;
  readonly waiting: number;
  /** `maxSize`. */
  readonly softLimit: number;
  /** `maxSize + maxOverflow`. */
  readonly hardLimit: number;
  /** Share of the hard limit that is in use, from 0 to 1. */
  readonly utilization: number;
  /** Totals since the pool was made. */
  readonly acquired: number;
  readonly timeouts: number;
  readonly refused: number;
  readonly created: number;
  readonly destroyed: number;
  readonly connectFailures: number;
  /** How long those who got a connection waited for it. */
  readonly waits: Figures;
  /** How long connections were held. */
  readonly uses: Figures;
}
