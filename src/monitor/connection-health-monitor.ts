import { QueryTimeoutError, StorageError } from "../errors/index.ts";
import type { QueryEvent } from "../observe/events.ts";
import { CallWindow } from "../resilience/call-window.ts";
import { verdictOf } from "../resilience/database-failure.ts";
import { type Clock, systemClock } from "../resilience/index.ts";
import { type HealthOptions, type HealthPolicy, healthPolicy, judge } from "./health-policy.ts";
import type { HealthMetrics, HealthStatus } from "./health-status.ts";
import { type PingTarget, probe } from "./probe.ts";

/** Those of a pool's figures by which its health is judged. */
export interface PoolHealthFigures {
  /** Open connections. */
  readonly size: number;
  readonly inUse: number;
  readonly idle: number;
  readonly waiting: number;
  /** Connections that the pool may open. */
  readonly hardLimit: number;
  /** `inUse / hardLimit`. */
  readonly utilization: number;
  /** Callers so far whose time was up before they got a connection. */
  readonly timeouts: number;
  /** Callers so far who were refused because too many waited. */
  readonly refused: number;
}

/** What can be monitored: a database, of either face. What it does not offer is not looked at. */
export interface HealthTarget extends PingTarget {
  getPoolMetrics?(): PoolHealthFigures;
  on?(name: "query", listener: (event: QueryEvent) => void): () => void;
  readonly circuit?: "closed" | "open" | "half_open";
}

/**
 * Watches a database: its pool, how many of its calls fail, and whether and how fast it answers.
 *
 * It listens to `query` events from the moment it is made until `close`, so make one for a database and keep it.
 */
export class ConnectionHealthMonitor implements Disposable {
  readonly #target: HealthTarget;
  readonly #policy: HealthPolicy;
  readonly #clock: Clock;
  readonly #window: CallWindow;
  readonly #endListening: (() => void) | undefined;
  /** Callers without a connection that the window has counted. */
  #unserved: number;

  /** Throws a `ConfigurationError` for wrong options. */
  constructor(target: HealthTarget, options?: HealthOptions, clock: Clock = systemClock) {
    this.#target = target;
    this.#policy = healthPolicy(options);
    this.#clock = clock;
    this.#window = new CallWindow(this.#policy.windowMs);
    this.#unserved = unservedBy(this.#poolFigures());
    this.#endListening = target.on?.("query", (event) => this.#count(event));
  }

  /**
   * Judges the database by its figures and a ping. Never throws, and answers within the option `timeout`. Bound to
   * its monitor, so that it can be handed on: `registry.register("database", monitor.checkHealth)`.
   */
  readonly checkHealth = async (): Promise<HealthStatus> => {
    const checkedAt = new Date();
    // Looked at before the ping, which itself takes a connection.
    const pool = this.#poolFigures();
    this.#countUnserved(pool);
    const { circuit = null } = this.#target;
    const { latencyMs, failure } = await probe(this.#target, this.#policy.timeoutMs, this.#clock);
    const { calls, failures } = this.#window.counts(this.#clock.now());
    const metrics: HealthMetrics = {
      poolUtilization: pool?.utilization ?? null,
      poolSize: pool?.size ?? null,
      inUse: pool?.inUse ?? null,
      idle: pool?.idle ?? null,
      waiting: pool?.waiting ?? null,
      calls,
      failures,
      errorRate: calls === 0 ? 0 : failures / calls,
      latencyMs: failure === null ? latencyMs : null,
      circuit,
    };
    const judgement = judge({ metrics, hardLimit: pool?.hardLimit ?? null, failure }, this.#policy);
    return { ...judgement, metrics, checkedAt };
  };

  /** Ends the listening. `checkHealth` then knows of no more calls. */
  close(): void {
    this.#endListening?.();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #count({ error }: QueryEvent): void {
    const failed = isFailure(error);
    if (failed !== undefined) this.#window.record(this.#clock.now(), failed);
  }

  /** A caller who got no connection sent no query, so no event tells of it; the pool's totals do. */
  #countUnserved(pool: PoolHealthFigures | undefined): void {
    const unserved = unservedBy(pool);
    for (; this.#unserved < unserved; this.#unserved++) this.#window.record(this.#clock.now(), true);
  }

  #poolFigures(): PoolHealthFigures | undefined {
    try {
      return this.#target.getPoolMetrics?.();
    } catch {
      return undefined;
    }
  }
}

function unservedBy(pool: PoolHealthFigures | undefined): number {
  return pool === undefined ? 0 : pool.timeouts + pool.refused;
}

/**
 * Whether a call's end speaks against the database; undefined when it says nothing of it. Stricter than the circuit
 * breaker: a statement that had to be stopped and a full disk count too.
 */
function isFailure(error: Error | undefined): boolean | undefined {
  if (error instanceof QueryTimeoutError || error instanceof StorageError) return true;
  const verdict = verdictOf(error);
  return verdict === "none" ? undefined : verdict !== "success";
}
