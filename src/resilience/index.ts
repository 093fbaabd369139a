export {
  type Breaker,
  type BreakerCall,
  CircuitBreaker,
  type CircuitBreakerOptions,
  type CircuitChange,
  type CircuitState,
  noBreaker,
} from "./circuit-breaker.ts";
export { type Clock, systemClock, type Timer } from "./clock.ts";
export { verdictOf } from "./database-failure.ts";
export { Deadline } from "./deadline.ts";
export { defaultGraceMs, type LimitOptions, limited, type StopReason } from "./limited.ts";
export {
  isRetryable,
  nextDelay,
  type RetryDecision,
  type RetryOptions,
  type RetryPolicy,
  type RetryState,
  retryPolicy,
} from "./retry.ts";
export { RetryBudget, type RetryBudgetOptions } from "./retry-budget.ts";
export { type RetryEnvironment, retrying } from "./retrying.ts";
export { asyncSleep, blockingSleep, type Sleep } from "./sleep.ts";
export { type Limit, limitWheel, TimerWheel, type TimerWheelOptions } from "./timer-wheel.ts";
