import type { Backend, Capabilities } from "../backend/index.ts";
import type { Emitter } from "../observe/emitter.ts";
import type { DatabaseEvents } from "../observe/events.ts";
import type { Awaitable, Operation } from "../operation/index.ts";
import type { Clock } from "../resilience/clock.ts";
import type { SqlTranslator } from "../sql/index.ts";
import type { Call } from "./call.ts";
import type { ConnectionCore } from "./connection-core.ts";

/** What all connections of one database share. */
export interface ConnectionEnvironment {
  readonly backend: Backend;
  readonly capabilities: Capabilities;
  /** The alias, for messages and events. */
  readonly database: string;
  readonly translator: SqlTranslator;
  readonly clock: Clock;
  readonly events: Emitter<DatabaseEvents>;
  readonly queryTimeoutMs: number;
  /** Whether callers block. Then nothing runs beside anything else on a connection. */
  readonly blocking: boolean;
  /** Runs `work` on a connection of its own, outside of every transaction and every pool, which is closed behind it. */
  separately<T>(call: Call, work: (core: ConnectionCore) => Operation<T>): Operation<T>;
  /**
   * Waits, in the way of the face: a promise, or a blocked thread. When `signal` aborts, the wait ends at once, without
   * an error.
   */
  sleep(ms: number, signal?: AbortSignal): Awaitable<void>;
}
