import { defineBackend } from "../../backend/index.ts";
import { connectBlocking, siblingModule, workerTarget } from "../blocking/index.ts";
import { connect } from "./connect.ts";
import { mysqlDialect } from "./dialect.ts";
import { toDatabaseError } from "./errors.ts";
import { parseMysqlOptions } from "./options.ts";

export { isAlreadyThere } from "./errors.ts";
export type { MysqlOptions } from "./options.ts";
export type { ServerFacts } from "./server-facts.ts";

/** MySQL 8 and MariaDB, through the `mariadb` connector. */
export const mysqlBackend = defineBackend({
  name: "mysql",
  aliases: ["mariadb"],
  defaultPort: 3306,
  dialect: mysqlDialect,
  capabilities: {
    transactionalDdl: false,
    isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
    // The protocol counts them in 16 bits.
    maxParameters: 65_535,
    // InnoDB's limit.
    maxColumns: 1017,
  },
  parseOptions: parseMysqlOptions,
  connect: (target) => connect(target),
  connectSync(target) {
    const module = siblingModule(import.meta.url, "connect");
    return connectBlocking(
      { module, exportName: "connect", target: workerTarget(target) },
      { toDatabaseError },
    );
  },
  toDatabaseError,
});
