import { execFile, execFileSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { queryMysql } from "./clients.ts";
import { type Account, freePort, makeFolder, serverAccount, sweepDeadRuns } from "./folders.ts";
import { privateServer, ServerProcess } from "./server-process.ts";
import {
  isMissing,
  type MissingServer,
  type PrivateServer,
  type StartOptions,
  type TestServer,
} from "./types.ts";

interface MysqlBinaries {
  readonly server: string;
  readonly flavour: "MariaDB" | "MySQL";
  /** `10.11.19` */
  readonly version: string;
}

const user = "strata";
const installHint =
  "install MariaDB (Debian: apt-get install mariadb-server) or MySQL 8, " +
  "or set STRATA_TEST_MYSQL_URL to a server on which tests may create databases";

/** The MySQL or MariaDB server of a test run: the one that STRATA_TEST_MYSQL_URL names, or a private one. */
export async function startMariadb(options: StartOptions = {}): Promise<TestServer | MissingServer> {
  const url = process.env.STRATA_TEST_MYSQL_URL;
  if (url === undefined || url === "") return startPrivateMariadb(options);
  const [row] = await queryMysql(url, "select version()");
  const version = String(row?.[0]);
  return {
    backend: "mysql",
    url,
    version: `${/mariadb/i.test(version) ? "MariaDB" : "MySQL"} ${version.split("-")[0]}`,
    origin: "STRATA_TEST_MYSQL_URL",
    close: async () => {},
  };
}

/** A server of the test's own, for tests that stop, kill or configure it. */
export async function startPrivateMariadb(
  options: StartOptions = {},
): Promise<PrivateServer | MissingServer> {
  sweepDeadRuns();
  const binaries = findBinaries();
  if (binaries === null) return { reason: `no mariadbd or mysqld was found; ${installHint}` };
  const account = serverAccount(["mysql"]);
  const folder = makeFolder("mysql", account);
  const dataDir = join(folder, "data");
  const password = `pw ${crypto.randomUUID()}`;
  await initialise(binaries, folder, dataDir, account);

  // Run at each start, so it says nothing that a second run could not repeat.
  const setup = join(folder, "setup.sql");
  writeFileSync(
    setup,
    `CREATE USER IF NOT EXISTS '${user}'@'%' IDENTIFIED BY '${password}';\n` +
      `GRANT ALL PRIVILEGES ON *.* TO '${user}'@'%' WITH GRANT OPTION;\n`,
  );
  if (account !== undefined) chownSync(setup, account.uid, account.gid);

  const port = await freePort();
  const url = `mysql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/mysql`;
  const server = new ServerProcess({
    command: binaries.server,
    args: serverArguments(folder, dataDir, port, options),
    account,
    folder,
    stopSignal: "SIGTERM",
    ping: () => queryMysql(url, "select 1"),
  });
  await server.start();
  return privateServer(server, {
    backend: "mysql",
    url,
    version: `${binaries.flavour} ${binaries.version}`,
    origin: binaries.server,
    host: "127.0.0.1",
    port,
    user,
    password,
    dataDir,
  });
}

/** A private server, or an error that says what is missing: for tests that cannot do without. */
export async function privateMariadb(options: StartOptions = {}): Promise<PrivateServer> {
  const server = await startPrivateMariadb(options);
  if (isMissing(server)) throw new Error(server.reason);
  return server;
}

function findBinaries(): MysqlBinaries | null {
  const folders = [
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/usr/bin",
  ];
  for (const name of ["mariadbd", "mysqld"]) {
    for (const folder of folders) {
      const server = join(folder, name);
      if (!existsSync(server)) continue;
      const words = execFileSync(server, ["--no-defaults", "--version"], { encoding: "utf8" });
      const version = /Ver (\d+\.\d+\.\d+)/.exec(words)?.[1];
      if (version === undefined) continue;
      return { server, version, flavour: /mariadb/i.test(words) ? "MariaDB" : "MySQL" };
    }
  }
  return null;
}

async function initialise(
  binaries: MysqlBinaries,
  folder: string,
  dataDir: string,
  account: Account,
): Promise<void> {
  const run = promisify(execFile);
  const options = { ...account, cwd: folder };
  if (binaries.flavour === "MySQL") {
    await run(binaries.server, ["--no-defaults", "--initialize-insecure", `--datadir=${dataDir}`], options);
    return;
  }
  mkdirSync(dataDir);
  if (account !== undefined) chownSync(dataDir, account.uid, account.gid);
  const installers = ["mariadb-install-db", "mysql_install_db"].flatMap((name) =>
    ["/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"].map((bin) => join(bin, name)),
  );
  const installer = installers.find((file) => existsSync(file));
  if (installer === undefined) throw new Error("mariadb-install-db is missing beside mariadbd");
  await run(
    installer,
    ["--no-defaults", `--datadir=${dataDir}`, "--auth-root-authentication-method=normal", "--skip-test-db"],
    options,
  );
}

// No defaults of the system are read: its character set (latin1) and sort order are then those that the library
// must not leave to chance. The server's time zone is no whole hour from UTC for the same reason.
function serverArguments(folder: string, dataDir: string, port: number, options: StartOptions): string[] {
  const settings: Record<string, string> = {
    datadir: dataDir,
    tmpdir: folder,
    socket: join(folder, "server.sock"),
    "pid-file": join(folder, "mysqld.pid"),
    "init-file": join(folder, "setup.sql"),
    port: String(port),
    "bind-address": "127.0.0.1",
    "max-connections": "200",
    "innodb-buffer-pool-size": "64M",
    "default-time-zone": "-03:30",
    ...(options.durable === true ? {} : { "innodb-flush-log-at-trx-commit": "0", "innodb-doublewrite": "0" }),
    ...options.settings,
  };
  return [
    "--no-defaults",
    "--skip-name-resolve",
    ...Object.entries(settings).map(([name, value]) => `--${name}=${value}`),
  ];
}
