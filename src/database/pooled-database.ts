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
  /** Its own among the pools that are open: the configuration's hash, and a number where others have the same. */
  readonly key: string;
  readonly shared: SharedDatabase;
  readonly environment: ConnectionEnvironment;
  readonly pool: ConnectionPool<ConnectionCore>;
  readonly guard: Guard;
  #handles = 0;

  constructor(shared: SharedDatabase, key: string = shared.config.hash) {
    this.key = key;
    this.shared = shared;
    this.environment = shared.environment(false);
    this.pool = makePool(shared, this.environment);
    shared.onFailover = () => this.pool.evict();
    this.guard = new Guard(this.environment, shared.config.resilience, shared.events);
    this.pool.events.on("created", () => this.guard.breaker.signOfLife());
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
  const alike = openDatabases(config.hash);
  for (const pooled of alike) {
    const { shared } = pooled;
    if (shared.backend === backend && shared.config.hasSamePassword(config)) return pooled;
  }
  const pooled = new PooledDatabase(new SharedDatabase(backend, config), freeKey(config.hash, alike));
  open.add(pooled);
  return pooled;
}

function freeKey(hash: string, taken: readonly PooledDatabase[]): string {
  let key = hash;
  for (let number = 2; taken.some((pooled) => pooled.key === key); number++) key = `${hash}#${number}`;
  return key;
}

/** The open databases; when a name is given, only the one with that key, or all whose configuration has that hash. */
export function openDatabases(name?: string): PooledDatabase[] {
  return [...open].filter(
    ({ key, shared }) => name === undefined || key === name || shared.config.hash === name,
  );
}
