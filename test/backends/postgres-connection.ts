import { connect } from "../../src/backends/postgres/connect.ts";
import { postgresBackend } from "../../src/backends/postgres/index.ts";
import { connectionTools } from "./connection-tools.ts";

export { limits, targetOf, until } from "./connection-tools.ts";

export const { provided, missing, sharedServer, open, statement, rows, value, failure } = connectionTools({
  name: "postgres",
  backend: postgresBackend,
  connect,
  isReadOnly: () => false,
});
