import { CallWindow } from "./call-window.ts";

/** When a breaker opens and closes. Times in milliseconds. */
export interface BreakerPolicy {
  readonly failureThreshold: number;
  readonly minFailureRate: number;
  readonly windowMs: number;
  readonly recoveryTimeoutMs: number;
  readonly halfOpenMaxCalls: number;
  readonly probeTimeoutMs: number;
}

export type BreakerState =
  | { readonly name: "closed"; readonly window: CallWindow }
  | { readonly name: "open"; readonly untilMs: number }
  | {
      readonly name: "half_open";
      /** Trial calls that have succeeded since the state began. */
      readonly successes: number;
      /** When each trial call under way began, in that order. */
      readonly probes: readonly number[];
    };

export type Admission =
  | { readonly admitted: true; readonly state: BreakerState }
  | { readonly admitted: false; readonly retryAfterMs: number };

/** What a caller who met only trial calls under way should wait before the next look. */
const trialRetryMs = 100;

export function closed(policy: BreakerPolicy): BreakerState {
  return { name: "closed", window: new CallWindow(policy.windowMs) };
}

function open(policy: BreakerPolicy, nowMs: number): BreakerState {
  return { name: "open", untilMs: nowMs + policy.recoveryTimeoutMs };
}

/** The next state that the passing of time alone brings; the same state when there is none. */
export function afterTime(state: BreakerState, policy: BreakerPolicy, nowMs: number): BreakerState {
  if (state.name === "open" && nowMs >= state.untilMs) return { name: "half_open", successes: 0, probes: [] };
  if (state.name === "half_open") {
    const [oldest] = state.probes;
    // A trial call that never ends would keep everybody out for ever: it has failed when its time was up, which
    // may be long ago if nobody has looked since.
    const failedAtMs = (oldest ?? nowMs) + policy.probeTimeoutMs;
    if (failedAtMs <= nowMs) return open(policy, failedAtMs);
  }
  return state;
}

/** Whether a call may go on. In the half-open state it takes the place of a trial call. */
export function admit(state: BreakerState, policy: BreakerPolicy, nowMs: number): Admission {
  switch (state.name) {
    case "closed":
      return { admitted: true, state };
    case "open":
      return { admitted: false, retryAfterMs: state.untilMs - nowMs };
    case "half_open":
      if (state.probes.length >= policy.halfOpenMaxCalls)
        return { admitted: false, retryAfterMs: trialRetryMs };
      return { admitted: true, state: { ...state, probes: [...state.probes, nowMs] } };
  }
}

/** How a call ended, seen from the database: `none` says nothing of its health. */
export type Verdict = "success" | "failure" | "none";

/**
 * What the end of a call makes of a state. `startedMs` finds the trial call's place; a call that was admitted
 * before the state began must not come here.
 */
export function afterCall(
  state: BreakerState,
  policy: BreakerPolicy,
  verdict: Verdict,
  startedMs: number,
  nowMs: number,
): BreakerState {
  if (state.name === "open") return state;
  if (state.name === "closed") {
    if (verdict === "none") return state;
    state.window.record(nowMs, verdict === "failure");
    return verdict === "failure" && tooManyFailures(state.window, policy, nowMs)
      ? open(policy, nowMs)
      : state;
  }
  if (verdict === "failure") return open(policy, nowMs);
  const place = state.probes.indexOf(startedMs);
  const probes = state.probes.filter((_, index) => index !== place);
  const successes = state.successes + (verdict === "success" ? 1 : 0);
  return successes >= policy.halfOpenMaxCalls ? closed(policy) : { ...state, successes, probes };
}

/**
 * Enough failures in the window, and among enough calls: a busy database has a few failures in any minute. A run
 * of nothing but failures is enough by itself, however many successes there were before it.
 */
function tooManyFailures(window: CallWindow, policy: BreakerPolicy, nowMs: number): boolean {
  const { calls, failures } = window.counts(nowMs);
  if (failures < policy.failureThreshold) return false;
  return window.failuresInARow >= policy.failureThreshold || failures >= calls * policy.minFailureRate;
}
