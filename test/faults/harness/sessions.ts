import { setTimeout as sleep } from "node:timers/promises";
import type { FaultDatabase } from "./targets.ts";

/** What the server still holds for a database, beside the checker's own session. */
export interface ServerRest {
  readonly sessions: number;
  readonly inTransaction: number;
  readonly advisoryLocks: number;
}

const postgresRest = `SELECT count(*), count(*) FILTER (WHERE state LIKE 'idle in transaction%' OR xact_start IS NOT NULL),
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
  FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`;

const mysqlRest = `SELECT count(*),
  coalesce(sum((SELECT count(*) FROM information_schema.innodb_trx t WHERE t.trx_mysql_thread_id = p.id)), 0),
  coalesce(sum(p.state LIKE '%user lock%'), 0)
  FROM information_schema.processlist p WHERE p.db = database() AND p.id <> connection_id()`;

export async function serverRest({ backend, query }: FaultDatabase): Promise<ServerRest> {
  if (backend === "sqlite") return { sessions: 0, inTransaction: 0, advisoryLocks: 0 };
  const [row] = await query(backend === "postgres" ? postgresRest : mysqlRest);
  return {
    sessions: Number(row?.[0]),
    inTransaction: Number(row?.[1]),
    advisoryLocks: Number(row?.[2]),
  };
}

/**
 * P: within five seconds after healing the server holds no transaction, no lock, and no more sessions of ours than
 * the pools may have. Answers what is wrong, and the milliseconds that it took.
 */
export async function checkRest(
  database: FaultDatabase,
  mostSessions: number,
  limitMs = 5_000,
): Promise<{ broken: string[]; ms: number }> {
  const begin = performance.now();
  for (;;) {
    const rest = await serverRest(database);
    const atRest = rest.sessions <= mostSessions && rest.inTransaction === 0 && rest.advisoryLocks === 0;
    const ms = performance.now() - begin;
    if (atRest) return { broken: [], ms };
    if (ms > limitMs) {
      return {
        broken: [`P: the server still holds ${JSON.stringify(rest)}, at most ${mostSessions} sessions`],
        ms,
      };
    }
    await sleep(50);
  }
}
