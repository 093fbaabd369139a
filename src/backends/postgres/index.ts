import { defineBackend } from "../../backend/index.ts";
import { connectBlocking, siblingModule, workerTarget } from "../blocking/index.ts";
import { maxParameters } from "./bind.ts";
import { connect } from "./connect.ts";
import { postgresDialect } from "./dialect.ts";
import { toDatabaseError } from "./errors.ts";
import { parsePostgresOptions } from "./options.ts";

/**
 * PostgreSQL 11 and newer by node-postgres (`npm install pg@8`), and what speaks its protocol. Blocking connections
 * run the same driver in a worker thread. See `PostgresOptions` for its options.
 */
export const postgresBackend = defineBackend({
  name: "postgres",
  aliases: ["postgresql", "pg"],
  defaultPort: 5432,
  dialect: postgresDialect,
  capabilities: {
    transactionalDdl: true,
    // PostgreSQL takes "read uncommitted" for "read committed", which the standard allows.
    isolationLevels: ["read uncommitted", "read committed", "repeatable read", "serializable"],
    maxParameters,
    maxColumns: 1600,
  },
  parseOptions: (options) => ({ ...parsePostgresOptions(options) }),
  connect: (target) => connect(target),
  connectSync: (target) =>
    connectBlocking(
      {
        module: siblingModule(import.meta.url, "connect"),
        exportName: "connect",
        target: workerTarget(target),
      },
      { toDatabaseError },
    ),
  toDatabaseError,
});

export type { PostgresOptions } from "./options.ts";
