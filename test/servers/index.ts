export { createDatabase, type TestDatabase } from "./databases.ts";
export type { ProvidedServer } from "./global-setup.ts";
export { privateMariadb, startMariadb, startPrivateMariadb } from "./mariadb.ts";
export { findPgbouncer, startPgbouncer } from "./pgbouncer.ts";
export {
  type PostgresStartOptions,
  privatePostgres,
  startPostgres,
  startPrivatePostgres,
} from "./postgres.ts";
export { type Standby, standbyMissing, startStandby } from "./standby.ts";
export {
  isMissing,
  type MissingServer,
  type PrivateServer,
  type StartOptions,
  type TestServer,
} from "./types.ts";
