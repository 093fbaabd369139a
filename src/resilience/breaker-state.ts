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
  | {
      readonly name: "closed";
      readonly window: CallWindow;
      /** Failures of the database as a whole since it last gave a sign of life, however long ago that was. */
      readonly run: number;
      /** Calls in a row that lost their connection, each begun after the one before had lost its own. */
      readonly losses: number;
      readonly lostAtMs: number;
    }
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

const noRun = { run: 0, losses: 0, lostAtMs: Number.NEGATIVE_INFINITY };

export function closed(policy: BreakerPolicy): BreakerState {
  return { name: "closed", window: new CallWindow(policy.windowMs), ...noRun };
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

/**
 * How a call ended, seen from the database.
 * - `failure` speaks against the database as a whole: it cannot be reached, or gives no answer.
 * - `loss` speaks against one connection, which may have been ended alone: an administrator, a proxy, a limit.
 * - `none` says nothing of its health.
 */
export type Verdict = "success" | "failure" | "loss" | "none";

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
    const next = counted(state, verdict, startedMs, nowMs);
    return verdict !== "success" && isTooMuch(next, policy, nowMs) ? open(policy, nowMs) : next;
  }
  if (verdict === "failure" || verdict === "loss") return open(policy, nowMs);
  const place = state.probes.indexOf(startedMs);
  const probes = state.probes.filter((_, index) => index !== place);
  const successes = state.successes + (verdict === "success" ? 1 : 0);
  return successes >= policy.halfOpenMaxCalls ? closed(policy) : { ...state, successes, probes };
}

/** The database has shown that it is there: what comes after is no run of failures with what was before. */
export function afterSignOfLife(state: BreakerState): BreakerState {
  return state.name === "closed" && state.run > 0 ? { ...state, run: 0 } : state;
}

type Closed = Extract<BreakerState, { name: "closed" }>;

function counted(state: Closed, verdict: Exclude<Verdict, "none">, startedMs: number, nowMs: number): Closed {
  if (verdict === "loss") {
    // Connections that were in use when all of them were ended were lost together, which says no more than one does.
    const isAnother = startedMs >= state.lostAtMs;
    return isAnother ? { ...state, losses: state.losses + 1, lostAtMs: nowMs } : state;
  }
  state.window.record(nowMs, verdict === "failure");
  if (verdict === "failure") return { ...state, run: state.run + 1 };
  return state.run === 0 && state.losses === 0 ? state : { ...state, ...noRun };
}

/** For the share of failures to say anything there must be so many calls for each failure of the threshold. */
const callsPerFailure = 2;
/** So many times the threshold lost one after the other, and none that succeeded, count as a failure of the whole. */
const lossesPerFailure = 4;

/**
 * A run of failures of the database as a whole is enough by itself, however many successes there were before it.
 * Otherwise it takes enough failures, and a share of them among enough calls: a busy database has a few failures in
 * any minute. Lost connections are no failures: whether others can be made will show. But where calls go on losing
 * theirs, as behind a proxy whose database is gone, it does not help that connecting works.
 */
function isTooMuch(
  { window, run, losses }: Closed,
  { failureThreshold, minFailureRate }: BreakerPolicy,
  nowMs: number,
): boolean {
  if (run >= failureThreshold || losses >= failureThreshold * lossesPerFailure) return true;
  const { calls, failures } = window.counts(nowMs);
  if (failures < failureThreshold) return false;
  if (minFailureRate === 0) return true;
  return calls >= failureThreshold * callsPerFailure && failures >= calls * minFailureRate;
}
