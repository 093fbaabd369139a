export type { Answer, CallbackAnswer, Face, Stream } from "./answer.ts";
export { Connection } from "./connection.ts";
export { EntityHandle } from "./entity-handle.ts";
export { TransactionHandle, transactionOn } from "./handle.ts";
export {
  Queries,
  type Repeatable,
  type ShapeOption,
  type StreamOptions,
  type TransactionOptions,
} from "./queries.ts";
export type * from "./records.ts";
export { asyncRunner, type Runner, syncRunner } from "./runner.ts";
export { openStream } from "./stream.ts";
export { beginOptions, retryingTransaction } from "./transaction-options.ts";
export { vouchRows } from "./vouch.ts";
