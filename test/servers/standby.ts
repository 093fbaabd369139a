import { execFile } from "node:child_process";
import { appendFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { queryPostgres } from "./clients.ts";
import { freePort, makeFolder, serverAccount } from "./folders.ts";
import { postgresProcess } from "./postgres.ts";
import { systemBinaries } from "./postgres-binaries.ts";
import type { PrivateServer } from "./types.ts";

/** Why no standby can be made here; undefined when one can. */
export function standbyMissing(): string | undefined {
  const binaries = systemBinaries(serverAccount(["postgres"]));
  if (binaries === null) return "no PostgreSQL is installed on the system";
  return existsSync(join(dirname(binaries.postgres), "pg_basebackup"))
    ? undefined
    : "pg_basebackup is missing";
}

/** A copy of a PostgreSQL server that follows it, until it is promoted. */
export interface Standby {
  readonly port: number;
  /** The same user, password and database as those of the primary. */
  urlOf(primaryUrl: string): string;
  /** Makes it a primary. Answers when it takes writes. */
  promote(): Promise<void>;
  close(): Promise<void>;
}

/** Makes a standby of a server that was started with the system's binaries, and waits until it streams. */
export async function startStandby(primary: PrivateServer): Promise<Standby> {
  const account = serverAccount(["postgres"]);
  const binaries = systemBinaries(account);
  if (binaries === null) throw new Error("no PostgreSQL is installed on the system");
  const folder = makeFolder("postgres", account);
  const dataDir = join(folder, "data");
  const from = `host=127.0.0.1 port=${primary.port} user=${primary.user} application_name=standby`;
  await promisify(execFile)(
    join(dirname(binaries.postgres), "pg_basebackup"),
    ["-D", dataDir, "-d", from, "-R", "-X", "stream", "-c", "fast"],
    { ...account, cwd: folder, env: { ...process.env, PGPASSWORD: primary.password } },
  );
  const port = await freePort();
  appendFileSync(
    join(dataDir, "postgresql.auto.conf"),
    `port = '${port}'\nunix_socket_directories = '${folder}'\n`,
  );
  const urlOf = (primaryUrl: string) => {
    const url = new URL(primaryUrl);
    url.port = String(port);
    return url.href;
  };
  const url = urlOf(primary.url);
  const server = postgresProcess(binaries, { account, folder, dataDir, url });
  await server.start();
  await until(async () => {
    const [row] = await queryPostgres(
      primary.url,
      "select count(*) from pg_stat_replication where state = 'streaming'",
    );
    return Number(row?.[0]) === 1;
  });
  return {
    port,
    urlOf,
    promote: async () => {
      await queryPostgres(url, "select pg_promote()");
      await until(async () => (await queryPostgres(url, "select pg_is_in_recovery()"))[0]?.[0] === false);
    },
    close: () => server.close(),
  };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + 20_000;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > limit) throw new Error("the standby was waited for in vain");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
