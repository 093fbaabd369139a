export type {
  AuditedBatch,
  AuditedSave,
  AuditedSteps,
  BeginOptions,
  CallLimits,
  Capabilities,
  ColumnDefinition,
  Command,
  Dialect,
  DialectDefinition,
  DriverConnection,
  DriverCursor,
  DriverResult,
  ErrorRule,
  IndexDefinition,
  IsolationLevel,
  NativeStatement,
  PortableStatement,
  RowBatches,
  SqlValue,
  StorageType,
  TableDefinition,
  ValueForms,
  VersionDetails,
} from "./backend/index.ts";
export {
  type Backend,
  type BackendDefinition,
  batchCursor,
  type ConnectTarget,
  defineBackend,
  describeColumn,
  errorClassifier,
  quoteName,
  StandardConnection,
  standardDialect,
  unbindable,
  valueBinder,
} from "./backend/index.ts";
export { configFromEnv, DatabaseConfig, type DatabaseOptions } from "./config/index.ts";
export {
  type AmbientContext,
  type CallOptions,
  type QueryResult,
  type Row,
  withContext,
} from "./connection/index.ts";
export { AsyncConnection } from "./database/async-connection.ts";
export { Database } from "./database/database.ts";
export type { ConnectionHooks, SyncConnectionHooks } from "./database/hooks.ts";
export { SyncConnection } from "./database/sync-connection.ts";
export { SyncDatabase } from "./database/sync-database.ts";
export * from "./decorators/index.ts";
export type {
  DeleteOptions,
  EntityDescription,
  EntityIndex,
  FieldDifference,
  FilterOptions,
  FindOptions,
  GetOptions,
  HistoryOperation,
  IndexOptions,
  OrderBy,
  PruneOptions,
  SaveOptions,
  SchemaMode,
} from "./entity/index.ts";
export * from "./errors/index.ts";
export {
  type AnySchema,
  EntityHandle,
  type RecordInput,
  type Stored,
  type StoredText,
  type StreamOptions,
  type SystemFields,
  TransactionHandle,
  type TransactionOptions,
  type Version,
} from "./face/index.ts";
export { DatabaseFactory, DatabaseManager } from "./manager.ts";
export * from "./monitor/index.ts";
export type { DatabaseEvents, QueryEvent } from "./observe/events.ts";
export type { Awaitable } from "./operation/index.ts";
export type { CloseReport, HeldLease, Leak, PoolEvents, PoolStats } from "./pool/index.ts";
export { type SizingFacts, type SizingOptions, type SuggestedSize, suggestPoolSize } from "./pool/index.ts";
export { PoolManager, type PoolStatus } from "./pool-manager.ts";
export { CircuitBreaker, type CircuitBreakerOptions, type RetryOptions } from "./resilience/index.ts";
export { mysqlSyntax, postgresSyntax, type SqlSyntax, sqliteSyntax } from "./sql/index.ts";
