import type { Backend } from "../backend/index.ts";
import type { DatabaseConfig } from "../config/index.ts";
import type { ConnectionCore, ConnectionEnvironment } from "../connection/index.ts";
import type { CloseReport, ConnectionPool } from "../pool/index.ts";
import { makePool } from "./connection-pool.ts";
import { Guard } from "./guard.ts";
import { SharedDatabase } from "./shared-database.ts";

/** The databases of this process that have a pool. */
const open = new Set<PooledDatabase>();

/** A pool of connections and the handles that share it. It closes with the last of them. */
export class PooledDatabase {
  readonly shared: SharedDatabase;
  readonly environment: ConnectionEnvironment;
  readonly pool: ConnectionPool<ConnectionCore>;
  readonly guard: Guard;
  #handles = 0;

  constructor(shared: SharedDatabase) {
    this.shared = shared;
    this.environment = shared.environment(false);
    this.pool = makePool(shared, this.environment);
    this.guard = new Guard(this.environment, shared.config.resilience, shared.events);
  }

  enter(): void {
    this.#handles += 1;
  }

  async leave(timeoutMs: number): Promise<void> {
    this.#handles -= 1;
    if (this.#handles === 0) await this.close(timeoutMs);
  }

  close(timeoutMs: number): Promise<CloseReport> {
    open.delete(this);
    return this.pool.close({ timeoutMs });
  }
}

/** Equal configurations share connections, but only among those who know the same password. */
export function pooledDatabase(backend: Backend, config: DatabaseConfig): PooledDatabase {
  for (const pooled of openDatabases(config.hash)) {
    const { shared } = pooled;
    if (shared.backend === backend && shared.config.hasSamePassword(config)) return pooled;
  }
  const pooled = new PooledDatabase(new SharedDatabase(backend, config));
  open.add(pooled);
  return pooled;
}

/** The open databases; only those whose configuration has this hash, when it is given. */
export function openDatabases(hash?: string): PooledDatabase[] {
  return [...open].filter(({ shared }) => hash === undefined || shared.config.hash === hash);
}
