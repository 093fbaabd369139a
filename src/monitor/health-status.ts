/** How well something is, from well to unusable. */
export type HealthLevel = "OK" | "WARNING" | "CRITICAL";

const order: readonly HealthLevel[] = ["OK", "WARNING", "CRITICAL"];

/** The worst of several levels; `OK` of none. */
export function worst(levels: Iterable<HealthLevel>): HealthLevel {
  let index = 0;
  for (const level of levels) index = Math.max(index, order.indexOf(level));
  return order[index] ?? "CRITICAL";
}

/** Figures that a database's health was judged by. */
export interface HealthMetrics {
  /** Share of the connections that the pool may open which are in use, from 0 to 1; null without a pool. */
  readonly poolUtilization: number | null;
  /** Open connections; null without a pool. */
  readonly poolSize: number | null;
  readonly inUse: number | null;
  readonly idle: number | null;
  /** Callers who wait for a connection; null without a pool. */
  readonly waiting: number | null;
  /** Calls of the last `windowSize` seconds that say something of the database. */
  readonly calls: number;
  /** How many of them failed, and it was not their caller's fault. */
  readonly failures: number;
  /** `failures / calls`, from 0 to 1; 0 without calls. */
  readonly errorRate: number;
  /** How long a ping took, the wait for a connection included; null when it failed. */
  readonly latencyMs: number | null;
  /** State of the database's circuit breaker; null when it has none. */
  readonly circuit: "closed" | "open" | "half_open" | null;
}

export interface HealthStatus {
  readonly status: HealthLevel;
  /** What is not as it should be, one sentence each; empty when all is well. Without values and passwords. */
  readonly details: readonly string[];
  readonly metrics: HealthMetrics;
  readonly checkedAt: Date;
}
