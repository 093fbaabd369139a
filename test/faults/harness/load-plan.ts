import type { PoolStats } from "../../../src/pool/index.ts";
import type { CallingFace } from "./caller.ts";
import type { HistoryLine } from "./history.ts";

/** What one worker process does. It is handed over as JSON. */
export interface LoadPlan {
  /** A URL of the database, or the path of an SQLite file. */
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** On the blocking face each client has a connection of its own, and they take turns. */
  readonly face: CallingFace;
  readonly worker: number;
  readonly file: string;
  readonly seed: number;
  readonly clients: number;
  /** How often each operation is chosen, relative to the others. */
  readonly mix: Readonly<Partial<Record<HistoryLine["op"], number>>>;
  /** Records that all workers append to. */
  readonly hotIds: readonly string[];
  /** Seconds that each call may take. */
  readonly timeout: number;
  /** Pause between two operations of a client, in milliseconds. */
  readonly pauseMs: number;
  /** Whether whole transactions are tried again. */
  readonly retries: number;
}

/** What a worker says when it was told to stop, and everything has settled. */
export interface WorkerReport {
  /** Absent on the blocking face, which has no pool. */
  readonly pool?: PoolStats;
  /** Milliseconds from the order to stop until the pool was at rest. */
  readonly restMs: number;
  readonly uncaught: readonly string[];
  readonly rssMb: number;
  readonly operations: number;
}
