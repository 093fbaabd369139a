export { type Backend, type BackendDefinition, type ConnectTarget, defineBackend } from "./backend.ts";
export { batchCursor } from "./batch-cursor.ts";
export type { Capabilities } from "./capabilities.ts";
export { anError, type CodeRule, type MakeError } from "./code-rules.ts";
export type * from "./dialect.ts";
export type * from "./driver.ts";
export { type ErrorRule, errorClassifier } from "./error-rules.ts";
export { type RowBatches, StandardConnection } from "./standard-connection.ts";
export {
  createTable,
  type DialectDefinition,
  describeColumn,
  quoteName,
  standardDialect,
} from "./standard-dialect.ts";
export { unbindable, type ValueForms, valueBinder } from "./value-binder.ts";
export type { SqlValue, StorageType } from "./values.ts";
