import type { VersionDetails } from "../backend/index.ts";

/** Those of a pool's figures that `getDatabaseInfo` tells. */
export interface PoolInfoFigures {
  readonly inUse: number;
  readonly idle: number;
  readonly waiting: number;
  readonly connecting: number;
  readonly softLimit: number;
  readonly hardLimit: number;
}

export interface InfoOptions {
  /** Seconds for the question to the server. Default: the configuration's `queryExecutionTimeout`. */
  readonly timeout?: number;
}

/** What can be asked for its description: a database of the asynchronous face. */
export interface InfoTarget {
  /** Name of the backend. */
  readonly backend: string;
  getVersionDetails(options?: InfoOptions): PromiseLike<VersionDetails>;
  getPoolMetrics?(): PoolInfoFigures;
}

/** As `InfoTarget`, of the synchronous face. */
export interface SyncInfoTarget {
  readonly backend: string;
  getVersionDetails(options?: InfoOptions): VersionDetails;
}

export interface DatabaseInfo {
  /** Name of the backend: `postgres`. */
  readonly backend: string;
  /** Of the server: `PostgreSQL 18.1`, `MariaDB 10.11.19`, `SQLite 3.53.2`. */
  readonly version: string;
  /** `pg 8.23.1` */
  readonly driver: string;
  /** Connections of the pool, now; null for a handle without a pool. */
  readonly connections: ConnectionFigures | null;
  /** `maxSize` of the pool; null for a handle without a pool. */
  readonly poolSize: number | null;
}

export interface ConnectionFigures {
  /** Lent to callers. */
  readonly active: number;
  readonly idle: number;
  readonly connecting: number;
  /** Callers who wait for one. */
  readonly waiting: number;
  /** How many there may be: `maxSize + maxOverflow`. */
  readonly limit: number;
}

/** Describes a database: its server, its driver, its connections. Throws what `getVersionDetails` throws. */
export async function getDatabaseInfo(db: InfoTarget, options?: InfoOptions): Promise<DatabaseInfo> {
  const versions = await db.getVersionDetails(options);
  return describe(db.backend, versions, db.getPoolMetrics?.());
}

/** As `getDatabaseInfo`, for callers who block. */
export function getDatabaseInfoSync(db: SyncInfoTarget, options?: InfoOptions): DatabaseInfo {
  return describe(db.backend, db.getVersionDetails(options), undefined);
}

function describe(
  backend: string,
  { serverVersion, driver }: VersionDetails,
  pool: PoolInfoFigures | undefined,
): DatabaseInfo {
  const info = { backend, version: serverVersion, driver };
  if (pool === undefined) return { ...info, connections: null, poolSize: null };
  const { inUse: active, idle, connecting, waiting, hardLimit: limit, softLimit: poolSize } = pool;
  return { ...info, connections: { active, idle, connecting, waiting, limit }, poolSize };
}
