import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, inject } from "vitest";
import { type Database, DatabaseManager, type DatabaseOptions } from "../../src/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";

export type ServerBackend = "postgres" | "mysql";

/** Whether the tests of a backend are skipped, for there is no server. */
export function isMissing(backend: ServerBackend): boolean {
  return "reason" in inject(backend);
}

/** An empty database on the shared server, for one test file. */
export function emptyDatabase(backend: ServerBackend): Promise<TestDatabase> {
  const server = inject(backend);
  if ("reason" in server) throw new Error(server.reason);
  return createDatabase(server);
}

/** What cases are played on. */
export interface Place {
  readonly backend: ServerBackend;
  /** Made before the first case and dropped after the last. */
  readonly database: TestDatabase;
  open(options?: Partial<DatabaseOptions>): Database;
}

/** Describes cases on one server, in an empty database of their own. They are skipped where there is no server. */
export function describeOnServer(name: string, backend: ServerBackend, cases: (place: Place) => void): void {
  describe.skipIf(isMissing(backend))(name, { meta: { backend: `${backend}/async` } }, () => {
    let made: TestDatabase | undefined;
    beforeAll(async () => {
      made = await emptyDatabase(backend);
    });
    afterAll(() => made?.drop());
    const place: Place = {
      backend,
      get database() {
        if (made === undefined) throw new Error("the database is made when the cases begin");
        return made;
      },
      open: (options = {}) => DatabaseManager.connect(place.database.url, options),
    };
    cases(place);
  });
}

/** Describes the same cases on PostgreSQL, and on MySQL or MariaDB. */
export function describeOnServers(name: string, cases: (place: Place) => void): void {
  describeOnServer(`${name}, on PostgreSQL`, "postgres", cases);
  describeOnServer(`${name}, on MySQL or MariaDB`, "mysql", cases);
}

/** Runs a program in a process of its own, and answers what it printed as JSON. */
export async function runFixture(
  program: URL,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(program), ...args], {
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  const result: unknown = JSON.parse(stdout);
  return result;
}

/** Calls `work` again and again, in each of `count` loops at once, until `seconds` have passed. */
export async function storm(
  count: number,
  seconds: number,
  work: (loop: number, round: number) => Promise<unknown>,
): Promise<void> {
  const endsAt = performance.now() + seconds * 1000;
  const loop = async (_: unknown, index: number) => {
    for (let round = 0; performance.now() < endsAt; round++) await work(index, round);
  };
  await Promise.all(Array.from({ length: count }, loop));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
