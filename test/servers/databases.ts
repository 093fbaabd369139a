import { randomBytes } from "node:crypto";
import { queryMysql, queryPostgres } from "./clients.ts";
import type { TestServer } from "./types.ts";

export interface TestDatabase {
  /** Connects to the database. Holds the password. */
  readonly url: string;
  readonly name: string;
  /** Sends one statement by a connection of its own, with the driver itself, and answers rows as arrays. */
  query(sql: string): Promise<readonly (readonly unknown[])[]>;
  /** Ends whoever is still connected, and removes the database. */
  drop(): Promise<void>;
}

/** Makes an empty database for one test file. Call `drop` when the file is done. */
export async function createDatabase(server: Pick<TestServer, "backend" | "url">): Promise<TestDatabase> {
  const name = `strata_${randomBytes(6).toString("hex")}`;
  const target = new URL(server.url);
  target.pathname = `/${name}`;
  const url = target.href;
  if (server.backend === "postgres") {
    await queryPostgres(server.url, `CREATE DATABASE ${name}`);
    return {
      url,
      name,
      query: (sql) => queryPostgres(url, sql),
      drop: async () => {
        await queryPostgres(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      },
    };
  }
  await queryMysql(server.url, `CREATE DATABASE ${name}`);
  return {
    url,
    name,
    query: (sql) => queryMysql(url, sql),
    drop: async () => {
      const sessions = await queryMysql(
        server.url,
        `SELECT id FROM information_schema.processlist WHERE db = '${name}'`,
      );
      for (const [id] of sessions) await queryMysql(server.url, `KILL ${Number(id)}`).catch(() => {});
      await queryMysql(server.url, `DROP DATABASE IF EXISTS ${name}`);
    },
  };
}
