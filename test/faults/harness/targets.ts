import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { createDatabase } from "../../servers/index.ts";

/** Sends one statement by a connection of its own, with the driver itself, and answers rows as arrays. */
export type Query = (sql: string) => Promise<readonly (readonly unknown[])[]>;

/** An empty database for one row, and how the checker looks into it. */
export interface FaultDatabase {
  readonly backend: "postgres" | "mysql" | "sqlite";
  /** A URL, or the path of an SQLite file. */
  readonly url: string;
  readonly query: Query;
  drop(): Promise<void>;
}

export type ServerBackend = "postgres" | "mysql";
export const serverBackends: readonly ServerBackend[] = ["postgres", "mysql"];

/** Why a backend cannot be tested on this machine; undefined when it can. */
export function missing(backend: ServerBackend): string | undefined {
  const found = inject(backend);
  return "reason" in found ? found.reason : undefined;
}

/** A database on the server that the rows share. It must not be harmed. */
export async function sharedDatabase(backend: ServerBackend): Promise<FaultDatabase> {
  const found = inject(backend);
  if ("reason" in found) throw new Error(found.reason);
  return await databaseOn(found);
}

export async function databaseOn(server: {
  readonly backend: ServerBackend;
  readonly url: string;
}): Promise<FaultDatabase> {
  const { url, query, drop } = await createDatabase(server);
  return { backend: server.backend, url, query, drop };
}

export function sqliteDatabase(): FaultDatabase {
  const folder = mkdtempSync(join(tmpdir(), "strata-faults-sqlite-"));
  const file = join(folder, "test.db");
  return {
    backend: "sqlite",
    url: file,
    query: async (sql) => querySqlite(file, sql),
    drop: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The URL, with another port: to go through a proxy. */
export function through(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}

interface SqliteModule {
  new (
    file: string,
  ): {
    prepare(sql: string): { reader: boolean; raw(): { all(): unknown[][] }; run(): unknown };
    close(): void;
  };
}

function querySqlite(file: string, sql: string): unknown[][] {
  const Sqlite: SqliteModule = createRequire(import.meta.url)("better-sqlite3");
  const database = new Sqlite(file);
  try {
    const statement = database.prepare(sql);
    if (statement.reader) return statement.raw().all();
    statement.run();
    return [];
  } finally {
    database.close();
  }
}
