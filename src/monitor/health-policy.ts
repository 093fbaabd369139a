import { ConfigurationError } from "../errors/index.ts";
import { OptionReader } from "../resilience/option-reader.ts";
import { type HealthLevel, type HealthMetrics, worst } from "./health-status.ts";

/** From which figures on a database is in danger (`WARNING`) or unusable (`CRITICAL`). Times in seconds. */
export interface HealthOptions {
  /** Longest time for one check. A database that gives no sign of life in it is `CRITICAL`. Default 2. */
  readonly timeout?: number | undefined;
  /**
   * Share of the pool's hard limit that is in use, from 0 to 1. Default 0.8. Not looked at where the pool has room
   * for one connection, which is either idle or in use.
   */
  readonly utilizationWarning?: number | undefined;
  /** Default 0.95. */
  readonly utilizationCritical?: number | undefined;
  /** Callers who wait for a connection. Default 5. */
  readonly waitingWarning?: number | undefined;
  /** Default 20. */
  readonly waitingCritical?: number | undefined;
  /** Share of the window's calls that failed, from 0 to 1. Default 0.05. */
  readonly errorRateWarning?: number | undefined;
  /** Default 0.25. */
  readonly errorRateCritical?: number | undefined;
  /** With fewer calls in the window the error rate says too little, and is not looked at. Default 10. */
  readonly minCalls?: number | undefined;
  /** How far back calls count. Default 60. */
  readonly windowSize?: number | undefined;
  /** How long a ping takes, the wait for a connection included. Default 0.2. */
  readonly latencyWarning?: number | undefined;
  /** Default 1. Above `timeout` it is never reached. */
  readonly latencyCritical?: number | undefined;
}

/** A figure's two limits; reaching one counts. */
interface Limits {
  readonly warning: number;
  readonly critical: number;
}

/** The options checked, times in milliseconds. */
export interface HealthPolicy {
  readonly timeoutMs: number;
  readonly utilization: Limits;
  readonly waiting: Limits;
  readonly errorRate: Limits;
  readonly latencyMs: Limits;
  readonly minCalls: number;
  readonly windowMs: number;
}

/** Fills in the defaults. Wrong, unknown or contradictory options are a `ConfigurationError`. */
export function healthPolicy(options: HealthOptions = {}): HealthPolicy {
  const read = new OptionReader("health options", options);
  const share = { min: 0, max: 1 };
  const count = { min: 1, max: 1_000_000_000, whole: true } as const;
  const time = { min: 0.001, max: 86_400 };
  const policy: HealthPolicy = {
    timeoutMs: read.number("timeout", 2, time) * 1000,
    utilization: {
      warning: read.number("utilizationWarning", 0.8, share),
      critical: read.number("utilizationCritical", 0.95, share),
    },
    waiting: {
      warning: read.number("waitingWarning", 5, count),
      critical: read.number("waitingCritical", 20, count),
    },
    errorRate: {
      warning: read.number("errorRateWarning", 0.05, share),
      critical: read.number("errorRateCritical", 0.25, share),
    },
    minCalls: read.number("minCalls", 10, count),
    windowMs: read.number("windowSize", 60, time) * 1000,
    latencyMs: {
      warning: read.number("latencyWarning", 0.2, time) * 1000,
      critical: read.number("latencyCritical", 1, time) * 1000,
    },
  };
  read.done();
  checkOrder("utilization", policy.utilization);
  checkOrder("waiting", policy.waiting);
  checkOrder("errorRate", policy.errorRate);
  checkOrder("latency", policy.latencyMs);
  return policy;
}

function checkOrder(name: string, { warning, critical }: Limits): void {
  if (warning <= critical) return;
  throw new ConfigurationError(
    `health options: expected ${name}Warning to be at most ${name}Critical, so that a warning comes first`,
  );
}

/** What was seen of a database. */
export interface Findings {
  readonly metrics: HealthMetrics;
  /** Connections that the pool may open; null without a pool. */
  readonly hardLimit: number | null;
  /** Why a ping got no answer; null when it got one. */
  readonly failure: string | null;
}

export interface Judgement {
  readonly status: HealthLevel;
  readonly details: readonly string[];
}

/** Judges figures, without I/O: the worst of them decides. */
export function judge({ metrics, hardLimit, failure }: Findings, policy: HealthPolicy): Judgement {
  const found: { readonly level: HealthLevel; readonly detail: string }[] = [];
  const note = (level: HealthLevel, detail: string) => {
    if (level !== "OK") found.push({ level, detail });
  };
  const { poolUtilization, waiting, inUse, latencyMs, calls, failures, errorRate, circuit } = metrics;

  if (failure !== null) note("CRITICAL", failure);
  if (circuit === "open") note("CRITICAL", "the circuit breaker is open: calls are refused for a while");
  if (circuit === "half_open") note("WARNING", "the circuit breaker lets only trial calls through");
  if (latencyMs !== null) {
    note(grade(latencyMs, policy.latencyMs), `a ping took ${(latencyMs / 1000).toFixed(3)} s`);
  }
  if (poolUtilization !== null && hardLimit !== null && hardLimit > 1) {
    note(grade(poolUtilization, policy.utilization), `${inUse} of ${hardLimit} connections are in use`);
  }
  if (waiting !== null) {
    note(grade(waiting, policy.waiting), `${waiting} callers wait for a connection`);
  }
  if (calls >= policy.minCalls && failures > 0) {
    const seconds = policy.windowMs / 1000;
    note(grade(errorRate, policy.errorRate), `${failures} of ${calls} calls in the last ${seconds} s failed`);
  }
  return { status: worst(found.map(({ level }) => level)), details: found.map(({ detail }) => detail) };
}

function grade(value: number, limits: Limits): HealthLevel {
  if (value >= limits.critical) return "CRITICAL";
  return value >= limits.warning ? "WARNING" : "OK";
}
