import { defineBackend } from "../../src/backend/index.ts";
import { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import { DatabaseFactory, DatabaseManager, type DatabaseOptions } from "../../src/index.ts";

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
