export type { CloseReport, FailedStep, Leak, PoolEvents } from "./events.ts";
export type { Figures } from "./figures.ts";
export { type HeldLease, type Place, placeOf, recordNoPlaces, recordPlaces } from "./holder.ts";
export type { Lease, ReleaseOptions } from "./lease.ts";
export { type PoolOptions, type PoolSettings, parsePoolOptions } from "./options.ts";
export { ConnectionPool, type PoolEnvironment } from "./pool.ts";
export type { Lifecycle } from "./pool-state.ts";
export type { PoolHooks, PoolResource, ResourceLimits } from "./resource.ts";
export {
  type SizingFacts,
  type SizingOptions,
  type SuggestedSize,
  suggestPoolSize,
} from "./sizing.ts";
export type { DestroyReason } from "./slot.ts";
export type { PoolStats } from "./stats.ts";
export type { AcquireOptions } from "./waiter.ts";
