import type { Backend } from "./backend/index.ts";
import { DatabaseConfig, type DatabaseOptions, parseDatabaseUrl } from "./config/index.ts";
import { Database } from "./database/database.ts";
import { pooledDatabase } from "./database/pooled-database.ts";
import { SharedDatabase } from "./database/shared-database.ts";
import { SyncDatabase } from "./database/sync-database.ts";
import { ConfigurationError } from "./errors/index.ts";
import type { AnySchema } from "./face/index.ts";
import type { PoolStats } from "./pool/index.ts";
import { PoolManager } from "./pool-manager.ts";
import { findBackend, registerBackend } from "./registry.ts";

/** Options of a connection whose records are typed by default. */
type TypedByDefault = DatabaseOptions & { readonly deserialize: true };

function configure(
  backendOrUrl: string,
  options: Partial<DatabaseOptions> | undefined,
): { backend: Backend; config: DatabaseConfig } {
  if (typeof backendOrUrl === "string" && backendOrUrl.includes(":")) {
    const parsed = parseDatabaseUrl(backendOrUrl);
    const config = new DatabaseConfig({ ...parsed.options, ...options, backend: parsed.backend });
    return { backend: findBackend(parsed.backend), config };
  }
  const backend = findBackend(backendOrUrl);
  if (options === undefined) {
    throw new ConfigurationError(
      `expected options with the name of a database for "${backend.name}", got none`,
    );
  }
  return { backend, config: new DatabaseConfig({ ...options, backend: backend.name }) };
}

/** The front door: databases by their configuration. */
export const DatabaseManager = {
  /**
   * A handle on a database: `connect("postgres", { database, host, user, password })`, or a URL. Nothing is opened
   * before the first call. Handles with equal configurations share one pool, which closes with the last of them.
   *
   * Throws `ConfigurationError`.
   */
  connect: connectDatabase,

  /** As `connect`, for callers who block. Each handle has a connection of its own. */
  connectSync: connectSyncDatabase,

  /** As `connect`, from a configuration that is already made. */
  fromConfig<S extends object = AnySchema>(backend: string, config: DatabaseConfig): Database<S> {
    return new Database<S>(pooledDatabase(findBackend(backend), config));
  },

  /** As `connectSync`, from a configuration that is already made. */
  fromConfigSync<S extends object = AnySchema>(backend: string, config: DatabaseConfig): SyncDatabase<S> {
    return new SyncDatabase<S>(new SharedDatabase(findBackend(backend), config));
  },

  /** Sizes, waits and totals of the open pools by the hash of their configuration; of one, when it is given. */
  getPoolMetrics(hash?: string): Record<string, PoolStats> {
    return PoolManager.getPoolMetrics(hash);
  },

  /** Closes the pool with this hash, whoever uses it, waiting up to `timeout` seconds (default 30). */
  async closePool(hash: string, options?: { readonly timeout?: number }): Promise<void> {
    await PoolManager.closePool({ hash, timeout: options?.timeout ?? 30 });
  },

  /** Closes every pool, waiting up to `timeout` seconds (default 60): for the end of a program. */
  async closeAll(options?: { readonly timeout?: number }): Promise<void> {
    await PoolManager.closePool({ timeout: options?.timeout ?? 60 });
  },
};

/** Databases from configurations, and the backends that they can be of. */
export const DatabaseFactory = {
  /** Adds a backend, so that `connect` knows its name. */
  register(backend: Backend): void {
    registerBackend(backend);
  },

  /** The same as `DatabaseManager.fromConfig`. */
  createDatabase<S extends object = AnySchema>(backend: string, config: DatabaseConfig): Database<S> {
    return DatabaseManager.fromConfig<S>(backend, config);
  },
};

function connectDatabase<S extends object = AnySchema>(
  backend: string,
  options: TypedByDefault,
): Database<S, true>;
function connectDatabase<S extends object = AnySchema>(
  backendOrUrl: string,
  options?: Partial<DatabaseOptions>,
): Database<S>;
function connectDatabase(backendOrUrl: string, options?: Partial<DatabaseOptions>): Database {
  const { backend, config } = configure(backendOrUrl, options);
  return new Database(pooledDatabase(backend, config));
}

function connectSyncDatabase<S extends object = AnySchema>(
  backend: string,
  options: TypedByDefault,
): SyncDatabase<S, true>;
function connectSyncDatabase<S extends object = AnySchema>(
  backendOrUrl: string,
  options?: Partial<DatabaseOptions>,
): SyncDatabase<S>;
function connectSyncDatabase(backendOrUrl: string, options?: Partial<DatabaseOptions>): SyncDatabase {
  const { backend, config } = configure(backendOrUrl, options);
  return new SyncDatabase(new SharedDatabase(backend, config));
}
