export { type AmbientTransaction, ambientTransaction, outsideTransaction } from "./ambient-transaction.ts";
export { Call, type CallOptions, type Tags } from "./call.ts";
export { ConnectionCore, type Params } from "./connection-core.ts";
export { type AmbientContext, ambientContext, withContext } from "./context.ts";
export type { ConnectionEnvironment } from "./environment.ts";
export { type QueryResult, type Row, type RowObject, toRowObjects } from "./result.ts";
export type { TransactionScope } from "./transaction-scope.ts";
