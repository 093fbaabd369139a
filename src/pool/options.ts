import { ConfigurationError } from "../errors/index.ts";

/** How a pool behaves. Every time is in milliseconds; every option may be left out. */
export interface PoolOptions {
  /** Names the pool in messages. Default `pool`. It must hold no secret. */
  readonly name?: string | undefined;
  /**
   * Connections that are kept open once the pool has been used. Default 0: an unused pool closes them all. Raise
   * it where the first callers after a quiet time must not wait for a connect.
   */
  readonly minSize?: number | undefined;
  /** Connections that are kept for reuse, at most: the soft limit. Default 10. */
  readonly maxSize?: number | undefined;
  /**
   * Connections above `maxSize` that a burst may open; they are closed when they come back and nobody waits.
   * `maxSize + maxOverflow` is the hard limit. Default 0. Each of them costs a connect, so a pool that lives on
   * its overflow is slower than one with a larger `maxSize`.
   */
  readonly maxOverflow?: number | undefined;
  /**
   * Longest life of a connection. Each is closed between 2.5 and 10 % earlier, at random, so that a fleet does
   * not reconnect at once; a lease is never cut short. Default 3 600 000; 0: no limit. Keep it below any limit
   * that a server, proxy or firewall has.
   */
  readonly recycleMs?: number | undefined;
  /** A connection above `minSize` that was not used for so long is closed. Default 600 000; 0: never. */
  readonly idleTimeoutMs?: number | undefined;
  /**
   * A connection that was idle for so long is validated before it is lent, which costs one round trip. Default
   * 500: a busy pool never pays for it. 0 validates every time.
   */
  readonly validateAfterIdleMs?: number | undefined;
  /** Time that a validation may take. Default 2 000. A connection that does not answer is taken for dead. */
  readonly validateTimeoutMs?: number | undefined;
  /**
   * An idle connection is validated this often (up to 10 % sooner), so that no firewall forgets it. Default 0:
   * not at all. It does not count as use: idle connections are still closed after `idleTimeoutMs`.
   */
  readonly keepaliveMs?: number | undefined;
  /** Time that an acquire may take, for queue, connect and validation together. Default 10 000; 0: do not wait. */
  readonly acquireTimeoutMs?: number | undefined;
  /**
   * Callers that may wait when no connection is on its way for them; a further one is refused at once. Default:
   * no limit. Set it where an early refusal is better than a late timeout.
   */
  readonly maxWaiting?: number | undefined;
  /** Time that one connect may take. Default 15 000. Callers do not wait for it beyond their own deadline. */
  readonly createTimeoutMs?: number | undefined;
  /** Time that `start` and `warmup` may take. Default 30 000. */
  readonly poolCreationTimeoutMs?: number | undefined;
  /**
   * Connects under way at once. Default 5. After a failure there is one at a time, until one succeeds. Those under way
   * for over two seconds are taken for stuck and do not count: others are tried beside them, one at a time.
   */
  readonly maxConnecting?: number | undefined;
  /** Pause after the first failed connect. Default 10. It doubles with each failure, half of it at random. */
  readonly connectBackoffMs?: number | undefined;
  /** Pause after a permanent failure, and the longest after others, where it is 1 000 at most. Default 5 000. */
  readonly maxConnectBackoffMs?: number | undefined;
  /** Time that the reset of a returned connection may take before it is discarded. Default 5 000. */
  readonly resetTimeoutMs?: number | undefined;
  /** Time that each hook may take before the connection is discarded. Default 5 000. */
  readonly hookTimeoutMs?: number | undefined;
  /** Time that ending a connection may take before its place is used again regardless. Default 5 000. */
  readonly destroyTimeoutMs?: number | undefined;
  /**
   * A lease held for longer is reported with the place where it was taken. Default 0: off, and then places are
   * not recorded, which saves about 4 µs for each lease. 300 000 suits most servers.
   */
  readonly leakThresholdMs?: number | undefined;
  /**
   * Whether a reported lease is also ended by force: its connection is destroyed under its holder, and the
   * place is free again. Default false. Needs `leakThresholdMs`.
   */
  readonly reclaimLeaks?: boolean | undefined;
}

/** The options with every default filled in. `maxWaiting` is infinite when there is no limit. */
export type PoolSettings = { readonly [Name in keyof PoolOptions]-?: Exclude<PoolOptions[Name], undefined> };

/** Longest delay of a timer in Node.js: about 24 days. */
const longestMs = 2 ** 31 - 1;

/** Fills in the defaults. A wrong, unknown or contradictory option is a `ConfigurationError`. */
export function parsePoolOptions(options: PoolOptions): PoolSettings {
  const settings: PoolSettings = {
    name: text(options, "name", "pool"),
    minSize: whole(options, "minSize", 0),
    maxSize: whole(options, "maxSize", 10, 1),
    maxOverflow: whole(options, "maxOverflow", 0),
    recycleMs: time(options, "recycleMs", 3_600_000),
    idleTimeoutMs: time(options, "idleTimeoutMs", 600_000),
    validateAfterIdleMs: time(options, "validateAfterIdleMs", 500),
    validateTimeoutMs: time(options, "validateTimeoutMs", 2_000, 1),
    keepaliveMs: time(options, "keepaliveMs", 0),
    acquireTimeoutMs: time(options, "acquireTimeoutMs", 10_000),
    maxWaiting: whole(options, "maxWaiting", Number.POSITIVE_INFINITY),
    createTimeoutMs: time(options, "createTimeoutMs", 15_000, 1),
    poolCreationTimeoutMs: time(options, "poolCreationTimeoutMs", 30_000, 1),
    maxConnecting: whole(options, "maxConnecting", 5, 1),
    connectBackoffMs: time(options, "connectBackoffMs", 10, 1),
    maxConnectBackoffMs: time(options, "maxConnectBackoffMs", 5_000, 1),
    resetTimeoutMs: time(options, "resetTimeoutMs", 5_000, 1),
    hookTimeoutMs: time(options, "hookTimeoutMs", 5_000, 1),
    destroyTimeoutMs: time(options, "destroyTimeoutMs", 5_000, 1),
    leakThresholdMs: time(options, "leakThresholdMs", 0),
    reclaimLeaks: flag(options, "reclaimLeaks", false),
  };
  refuseUnknown(options, Object.keys(settings));
  refuseContradictions(settings);
  return settings;
}

type NamesOf<Type> = {
  [Name in keyof PoolOptions]-?: Exclude<PoolOptions[Name], undefined> extends Type ? Name : never;
}[keyof PoolOptions];

function time(options: PoolOptions, name: NamesOf<number>, fallback: number, least = 0): number {
  const value: unknown = options[name];
  if (value === undefined) return fallback;
  if (typeof value === "number" && value >= least && value <= longestMs) return value;
  throw refusal(name, `milliseconds from ${least} to ${longestMs}`, value);
}

function whole(options: PoolOptions, name: NamesOf<number>, fallback: number, least = 0): number {
  const value: unknown = options[name];
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw refusal(name, `a whole number of ${least} or more`, value);
}

function flag(options: PoolOptions, name: NamesOf<boolean>, fallback: boolean): boolean {
  const value: unknown = options[name];
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw refusal(name, "true or false", value);
}

function text(options: PoolOptions, name: NamesOf<string>, fallback: string): string {
  const value: unknown = options[name];
  if (value === undefined) return fallback;
  if (typeof value === "string" && value !== "") return value;
  throw refusal(name, "a text that is not empty", value);
}

function refusal(name: string, expected: string, came: unknown): ConfigurationError {
  const shown = typeof came === "number" || typeof came === "boolean" ? String(came) : kindOf(came);
  return new ConfigurationError(`pool option "${name}": expected ${expected}, got ${shown}`);
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return value === "" ? "an empty string" : `a value of type ${typeof value}`;
}

function refuseUnknown(options: PoolOptions, known: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new ConfigurationError(`pool option "${unknown}" is unknown; expected one of ${known.join(", ")}`);
}

function refuseContradictions(settings: PoolSettings): void {
  const { minSize, maxSize, keepaliveMs, recycleMs, connectBackoffMs, maxConnectBackoffMs } = settings;
  if (minSize > maxSize) {
    throw contradiction(`"minSize" of at most "maxSize" (${maxSize})`, String(minSize));
  }
  if (keepaliveMs > 0 && recycleMs > 0 && keepaliveMs >= recycleMs) {
    throw contradiction(`"keepaliveMs" below "recycleMs" (${recycleMs})`, String(keepaliveMs));
  }
  if (connectBackoffMs > maxConnectBackoffMs) {
    const limit = `"connectBackoffMs" of at most "maxConnectBackoffMs" (${maxConnectBackoffMs})`;
    throw contradiction(limit, String(connectBackoffMs));
  }
  if (settings.reclaimLeaks && settings.leakThresholdMs === 0) {
    throw contradiction('"leakThresholdMs" above 0, because "reclaimLeaks" is set', "0");
  }
}

function contradiction(expected: string, came: string): ConfigurationError {
  return new ConfigurationError(`pool options contradict each other: expected ${expected}, got ${came}`);
}
