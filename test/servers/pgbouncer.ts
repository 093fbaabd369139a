import { chownSync, existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { queryPostgres } from "./clients.ts";
import { freePort, makeFolder, serverAccount, sweepDeadRuns } from "./folders.ts";
import { ServerProcess } from "./server-process.ts";
import type { MissingServer, TestServer } from "./types.ts";

const places = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"];

/** Where PgBouncer is installed. */
export function findPgbouncer(): string | MissingServer {
  const command = places.find((file) => existsSync(file));
  return command ?? { reason: "no pgbouncer was found; install it (Debian: apt-get install pgbouncer)" };
}

/**
 * A PgBouncer in transaction mode before a PostgreSQL server, with few connections behind it, so that two clients
 * do share one. It knows the databases of the server by the same names.
 */
export async function startPgbouncer(behind: Pick<TestServer, "url">): Promise<TestServer | MissingServer> {
  sweepDeadRuns();
  const command = findPgbouncer();
  if (typeof command !== "string") return command;
  const account = serverAccount(["postgres"]);
  const folder = makeFolder("pgbouncer", account);
  const port = await freePort();
  const target = new URL(behind.url);
  const user = decodeURIComponent(target.username);
  const password = decodeURIComponent(target.password);
  const settings = [
    "[databases]",
    `* = host=${target.hostname} port=${target.port}`,
    "[pgbouncer]",
    "listen_addr = 127.0.0.1",
    `listen_port = ${port}`,
    "unix_socket_dir =",
    "auth_type = scram-sha-256",
    `auth_file = ${join(folder, "users.txt")}`,
    "pool_mode = transaction",
    "default_pool_size = 2",
    "max_client_conn = 200",
  ];
  const files = { "pgbouncer.ini": settings.join("\n"), "users.txt": `"${user}" "${password}"\n` };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    if (account !== undefined) chownSync(join(folder, name), account.uid, account.gid);
  }
  const through = new URL(behind.url);
  through.hostname = "127.0.0.1";
  through.port = String(port);
  const bouncer = new ServerProcess({
    command,
    args: [join(folder, "pgbouncer.ini")],
    account,
    folder,
    stopSignal: "SIGINT",
    ping: () => queryPostgres(through.href, "select 1"),
  });
  await bouncer.start();
  return {
    backend: "postgres",
    url: through.href,
    version: "PgBouncer",
    origin: command,
    close: () => bouncer.close(),
  };
}
