export { maxSeconds, secondsToMs } from "./check.ts";
export { DatabaseConfig } from "./database-config.ts";
export { judgeNode, type NodeIdentity, readIdentity } from "./node-identity.ts";
export type {
  DatabaseOptions,
  HistoryMode,
  PasswordSource,
  PoolPreset,
  ResilienceSettings,
  TimeLimits,
  UnchangedSaves,
} from "./options.ts";
export { type PoolConfig, poolPresets } from "./pool.ts";
export { type ConfigFromEnv, configFromEnv, type Environment } from "./settings.ts";
export { type ParsedUrl, parseDatabaseUrl } from "./url.ts";
