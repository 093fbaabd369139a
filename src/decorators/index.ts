export { autoTransaction, type TransactionTarget } from "./auto-transaction.ts";
export { circuitBreaker, type GuardOptions } from "./circuit-breaker.ts";
export { type RetryNotice, type RetryWrapperOptions, retryWithBackoff } from "./retry-with-backoff.ts";
export { type SlowCall, type TrackSlowOptions, trackSlow } from "./track-slow.ts";
export { type TimeLimitOptions, timeLimit, withTimeout } from "./with-timeout.ts";
export type { AnyFunction, Wrapper } from "./wrapper.ts";
