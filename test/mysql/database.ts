import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inject } from "vitest";
import { defineBackend } from "../../src/backend/index.ts";
import { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import { DatabaseFactory, DatabaseManager, type DatabaseOptions } from "../../src/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";

export { storm } from "../postgres/database.ts";

const provided = inject("mysql");

/** Why the tests of a file are skipped, where there is no server. */
export const missing = "reason" in provided;

/** An empty database on the shared server, for one test file. */
export function emptyDatabase(): Promise<TestDatabase> {
  if ("reason" in provided) throw new Error(provided.reason);
  return createDatabase(provided);
}

/** Runs a program in a process of its own, and answers what it printed as JSON. `file` is relative to this folder. */
export async function runFixture(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL(file, import.meta.url)), ...args],
    { env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 },
  );
  const result: unknown = JSON.parse(stdout);
  return result;
}

const withoutBlocks = "mysql-without-blocks";
let registered = false;

/** As MySQL itself does it, which has no BEGIN NOT ATOMIC: by statements that are sent together, and then COMMIT. */
export function connectWithoutBlocks(url: string, options: Partial<DatabaseOptions> = {}) {
  if (!registered) {
    registered = true;
    DatabaseFactory.register(
      defineBackend({
        ...mysqlBackend,
        name: withoutBlocks,
        aliases: [],
        connect: async (target) => {
          const connection = await mysqlBackend.connect(target);
          if (connection instanceof MysqlConnection)
            Object.assign(connection.facts, { preparesBlocks: false });
          return connection;
        },
      }),
    );
  }
  const { hostname, port, username, password, pathname } = new URL(url);
  return DatabaseManager.connect(withoutBlocks, {
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: pathname.slice(1),
    ...options,
  });
}
