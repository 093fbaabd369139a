import { OptionReader } from "../resilience/option-reader.ts";
import { type PingTarget, type Probe, probe, probeSync } from "./probe.ts";

export interface DatabaseHealthOptions {
  /** Seconds to wait for an answer. Default 2. */
  readonly timeout?: number | undefined;
}

/** Whether a database answers. */
export interface DatabaseHealth {
  readonly healthy: boolean;
  /** How long it took to know, the wait for a connection included. */
  readonly latencyMs: number;
  /** When it was asked. */
  readonly timestamp: Date;
  /** Why it did not answer, without values and passwords; null when it did. */
  readonly error: string | null;
}

/**
 * Asks a database for a sign of life. Answers within `timeout` whatever the database does, and rejects only for wrong
 * options, with a `ConfigurationError`.
 */
export async function checkDatabaseHealth(
  db: PingTarget,
  options?: DatabaseHealthOptions,
): Promise<DatabaseHealth> {
  const timeoutMs = readTimeoutMs(options);
  const timestamp = new Date();
  return toHealth(await probe(db, timeoutMs), timestamp);
}

/** As `checkDatabaseHealth`, for callers who block: `timeout` is the database's to keep. */
export function checkDatabaseHealthSync(db: PingTarget, options?: DatabaseHealthOptions): DatabaseHealth {
  const timeoutMs = readTimeoutMs(options);
  const timestamp = new Date();
  return toHealth(probeSync(db, timeoutMs), timestamp);
}

function toHealth({ latencyMs, failure }: Probe, timestamp: Date): DatabaseHealth {
  return { healthy: failure === null, latencyMs, timestamp, error: failure };
}

function readTimeoutMs(options: DatabaseHealthOptions = {}): number {
  const read = new OptionReader("health check options", options);
  const timeoutMs = read.number("timeout", 2, { min: 0.001, max: 86_400 }) * 1000;
  read.done();
  return timeoutMs;
}
