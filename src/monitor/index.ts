export {
  ConnectionHealthMonitor,
  type HealthTarget,
  type PoolHealthFigures,
} from "./connection-health-monitor.ts";
export {
  checkDatabaseHealth,
  checkDatabaseHealthSync,
  type DatabaseHealth,
  type DatabaseHealthOptions,
} from "./database-health.ts";
export {
  type ConnectionFigures,
  type DatabaseInfo,
  getDatabaseInfo,
  getDatabaseInfoSync,
  type InfoOptions,
  type InfoTarget,
  type PoolInfoFigures,
  type SyncInfoTarget,
} from "./database-info.ts";
export {
  type CheckAllOptions,
  type CheckAnswer,
  type CheckResult,
  type HealthCheck,
  HealthCheckRegistry,
  type HealthReport,
} from "./health-check-registry.ts";
export type { HealthOptions } from "./health-policy.ts";
export type { HealthLevel, HealthMetrics, HealthStatus } from "./health-status.ts";
export type { PingTarget } from "./probe.ts";
export { onSlowQuery, type QuerySource, type SlowQueryOptions } from "./slow-queries.ts";
