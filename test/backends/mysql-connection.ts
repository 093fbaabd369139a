import { connect } from "../../src/backends/mysql/connect.ts";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import { connectionTools } from "./connection-tools.ts";

export { limits, targetOf, until } from "./connection-tools.ts";

export const { provided, missing, sharedServer, open, statement, bound, rows, value, failure } =
  connectionTools({
    name: "mysql",
    backend: mysqlBackend,
    connect,
    isReadOnly: (text) => /^\s*select/i.test(text),
  });
