import type { TestProject } from "vitest/node";
import { startMariadb } from "./mariadb.ts";
import { startPostgres } from "./postgres.ts";
import { isMissing, type MissingServer, type TestServer } from "./types.ts";

/** What test files are told of a server: they run in other processes, so it is data only. */
export type ProvidedServer = Pick<TestServer, "backend" | "url" | "version" | "origin"> | MissingServer;

declare module "vitest" {
  export interface ProvidedContext {
    readonly postgres: ProvidedServer;
    readonly mysql: ProvidedServer;
  }
}

/** Starts the servers that one run of the tests shares. A test file asks for them with `inject("postgres")`. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const started = await Promise.all([startPostgres(), startMariadb()]);
  const [postgres, mysql] = started;
  project.provide("postgres", provided("PostgreSQL", postgres));
  project.provide("mysql", provided("MySQL/MariaDB", mysql));
  return async () => {
    await Promise.all(started.map((server) => (isMissing(server) ? undefined : server.close())));
  };
}

/** With STRATA_TEST_REQUIRE_SERVERS=1, as in CI, nothing may be skipped for want of a server. */
function provided(name: string, server: TestServer | MissingServer): ProvidedServer {
  if (isMissing(server)) {
    const words = `${name}: no server, its tests are skipped: ${server.reason}`;
    if (process.env.STRATA_TEST_REQUIRE_SERVERS === "1") throw new Error(words);
    console.warn(words);
    return server;
  }
  const { backend, url, version, origin } = server;
  console.info(`${name}: ${version} (${origin})`);
  return { backend, url, version, origin };
}
