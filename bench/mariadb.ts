/** The `mariadb` package as an application uses it, with the options that this library sets. */

import type { MariadbConnection, MariadbModule, MariadbStatement } from "../src/backends/mysql/mariadb.ts";
import type { Database } from "../src/index.ts";

export type { MariadbConnection, MariadbStatement };

const name = "mariadb";
const driver: MariadbModule = await import(name);

export async function connectDirect(url: string): Promise<MariadbConnection> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const connection = await driver.createConnection({
    host: hostname,
    port: Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    pipelining: true,
    prepareCacheLength: 0,
    rowsAsArray: true,
    metaAsArray: true,
    dateStrings: true,
    foundRows: true,
    logParam: false,
    collation: "UTF8MB4_BIN",
  });
  connection.on("error", () => {});
  await connection.query(
    "SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin, time_zone = '+00:00', tx_isolation = 'READ-COMMITTED'",
  );
  return connection;
}

/** The driver's connection of a database whose pool has only this one, so that both take turns on one session. */
export async function sessionOf(database: Database): Promise<MariadbConnection> {
  await using connection = await database.connection();
  const { raw } = connection;
  if (isMariadb(raw)) return raw;
  throw new Error("expected a connection of the mariadb package");
}

function isMariadb(raw: unknown): raw is MariadbConnection {
  return typeof raw === "object" && raw !== null && "prepare" in raw;
}
