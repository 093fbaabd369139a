import { Call } from "./connection/index.ts";
import { openDatabases, type PooledDatabase } from "./database/pooled-database.ts";
import { runAsync } from "./operation/index.ts";
import type { CloseReport, Leak, PoolStats } from "./pool/index.ts";

/** A pool as one looks at it from outside. */
export interface PoolStatus extends PoolStats {
  /** Friendly name of the database. */
  readonly alias: string;
  readonly hash: string;
  /** Name of the pool here: the hash, with a number where pools of equal configurations know different passwords. */
  readonly key: string;
  readonly backend: string;
  /** State of the database's circuit breaker. */
  readonly circuit: "closed" | "open" | "half_open";
}

const defaultCloseSeconds = 60;
const defaultLeakSeconds = 300;
const healthCheckSeconds = 5;

/** The pools of this process, all of them together. One pool is best asked through its `Database`. */
export const PoolManager = {
  /**
   * Sizes, waits and totals by the hash of the configuration; of one database when its hash is given. Configurations
   * that differ in the password alone have one hash but a pool each: the later ones are called `<hash>#2` and so on.
   */
  getPoolMetrics(hash?: string): Record<string, PoolStats> {
    return Object.fromEntries(openDatabases(hash).map(({ key, pool }) => [key, pool.stats()]));
  },

  /** As `getPoolMetrics`, with what else there is to know of each pool. */
  getPoolStatus(hash?: string): PoolStatus[] {
    return openDatabases(hash).map(({ key, shared, pool, guard }) => ({
      ...pool.stats(),
      alias: shared.config.alias,
      hash: shared.config.hash,
      key,
      backend: shared.backend.name,
      circuit: guard.breaker.state,
    }));
  },

  /** Asks every database for a sign of life; answers by hash, as `getPoolMetrics`, whether it came within 5 s. Never rejects. */
  async healthCheckAllPools(): Promise<Record<string, boolean>> {
    const answers = openDatabases().map(async (pooled) => [pooled.key, await isAlive(pooled)] as const);
    return Object.fromEntries(await Promise.all(answers));
  },

  /**
   * The connections that have been held for `threshold` seconds (default 300) or longer, with where they were taken
   * when the pool's `leakThreshold` is set, by the alias of the database.
   */
  checkForLeakedConnections(threshold: number = defaultLeakSeconds): (Leak & { readonly alias: string })[] {
    return openDatabases().flatMap(({ shared, pool }) =>
      pool.checkLeaks(threshold * 1000).map((leak) => ({ ...leak, alias: shared.config.alias })),
    );
  },

  /**
   * Closes one pool, or all of them, whoever uses them: waits up to `timeout` seconds (default 60) for the leases and
   * then ends them by force. Always settles; answers what it found.
   */
  async closePool(options?: { readonly hash?: string; readonly timeout?: number }): Promise<CloseReport[]> {
    const timeoutMs = (options?.timeout ?? defaultCloseSeconds) * 1000;
    return await Promise.all(openDatabases(options?.hash).map((pooled) => pooled.close(timeoutMs)));
  },
};

async function isAlive({ pool, environment }: PooledDatabase): Promise<boolean> {
  const call = new Call("healthCheck", environment.clock, healthCheckSeconds * 1000);
  try {
    const lease = await pool.acquire({ timeoutMs: call.timeoutMs, label: call.operation });
    const core = lease.resource;
    try {
      await runAsync(core.drive(call, () => core.driver.ping(call)));
      return true;
    } finally {
      lease.release({ discard: !lease.resource.usable });
    }
  } catch {
    return false;
  }
}
