import { CircuitOpenError, ConfigurationError } from "../errors/index.ts";
import { Emitter } from "../observe/emitter.ts";
import {
  type Admission,
  admit,
  afterCall,
  afterSignOfLife,
  afterTime,
  type BreakerPolicy,
  type BreakerState,
  closed,
  type Verdict,
} from "./breaker-state.ts";
import { type Clock, systemClock } from "./clock.ts";
import { verdictOf } from "./database-failure.ts";
import { OptionReader } from "./option-reader.ts";

/** When a circuit breaker opens and closes. Times in seconds. */
export interface CircuitBreakerOptions {
  /**
   * Failures of the database as a whole (no connect, no answer in time) that open the circuit: so many in a row, or so
   * many within `windowSize` where they are also `minFailureRate` of the calls. So do four times as many calls in a row
   * that lose their connection, and none that succeeds. Default 5.
   */
  readonly failureThreshold?: number | undefined;
  /**
   * Part of the window's calls, from 0 to 1, that must have failed besides, of twice the threshold's calls at least.
   * Default 0.5; 0 lets the threshold decide alone.
   */
  readonly minFailureRate?: number | undefined;
  /** How far back failures count. Default 60. */
  readonly windowSize?: number | undefined;
  /** How long an open circuit refuses every call before it lets trial calls through. Default 30. */
  readonly recoveryTimeout?: number | undefined;
  /** Trial calls that may be under way at once, and that must succeed to close the circuit. Default 3. */
  readonly halfOpenMaxCalls?: number | undefined;
  /** A trial call without an end for so long counts as a failure. Default 30. */
  readonly probeTimeout?: number | undefined;
}

export type CircuitState = BreakerState["name"];

export interface CircuitChange {
  readonly name: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
}

/** A call that was let through. Exactly one of its methods says how it ended; further ones do nothing. */
export interface BreakerCall {
  success(): void;
  /** The database failed as a whole. */
  failure(): void;
  /** A connection was lost, while others may go on. */
  loss(): void;
  /** The call ended in a way that says nothing of the database, such as an abort. */
  cancel(): void;
  /** Decides by the error that the call ended with; undefined for none. */
  settle(error?: unknown): void;
}

/** What stands before the calls of a database. `noBreaker` is the one that is switched off. */
export interface Breaker {
  readonly state: CircuitState;
  /** Lets a call through, or throws `CircuitOpenError`. */
  begin(): BreakerCall;
  /** The database has shown that it is there, as by accepting a connection: a run of failures has ended. */
  signOfLife(): void;
}

const registry = new Map<string, CircuitBreaker>();

/**
 * Refuses calls to a database that has failed too often, so that callers are answered at once and the database has
 * time to recover. Closed, it counts; open, it refuses; half-open, it lets a few trial calls through, whose success
 * closes it and whose first failure opens it again.
 *
 * The end of a call that began before the present state is ignored. Time is monotonic.
 */
export class CircuitBreaker implements Breaker {
  readonly name: string;
  /** Emits `change` at each change of state. */
  readonly events = new Emitter<{ change: CircuitChange }>();
  readonly #policy: BreakerPolicy;
  readonly #clock: Clock;
  #state: BreakerState;
  #generation = 0;

  /** A wrong or unknown option is a `ConfigurationError`. */
  constructor(name: string, options: CircuitBreakerOptions = {}, clock: Clock = systemClock) {
    this.name = name;
    this.#policy = parseBreakerOptions(options);
    this.#clock = clock;
    this.#state = closed(this.#policy);
  }

  /** The process's breaker of that name, made with `options` when there is none. Other options are refused. */
  static getOrCreate(name: string, options?: CircuitBreakerOptions): CircuitBreaker {
    const present = registry.get(name);
    if (present === undefined) {
      const breaker = new CircuitBreaker(name, options);
      registry.set(name, breaker);
      return breaker;
    }
    if (options !== undefined && !samePolicy(parseBreakerOptions(options), present.#policy)) {
      throw new ConfigurationError(`circuit breaker "${name}" is already there with other options`);
    }
    return present;
  }

  /** Takes a breaker out of `getOrCreate`'s memory. */
  static forget(name: string): void {
    registry.delete(name);
  }

  get state(): CircuitState {
    this.#passTime(this.#clock.now());
    return this.#state.name;
  }

  begin(): BreakerCall {
    const nowMs = this.#clock.now();
    const admission = this.#admit(nowMs);
    if (!admission.admitted) throw this.#refusal(admission.retryAfterMs);
    return new AdmittedCall(this.#end, this.#generation, nowMs);
  }

  signOfLife(): void {
    this.#state = afterSignOfLife(this.#state);
  }

  /** Whether a call may go on now. Each true must be followed by one `recordSuccess` or `recordFailure`. */
  allowRequest(): boolean {
    return this.#admit(this.#clock.now()).admitted;
  }

  /** A call that `allowRequest` let through has succeeded. Prefer `begin`, which tells calls apart. */
  recordSuccess(): void {
    this.#recordOldest("success");
  }

  /** A call that `allowRequest` let through has failed. Prefer `begin`, which tells calls apart. */
  recordFailure(): void {
    this.#recordOldest("failure");
  }

  #recordOldest(verdict: Verdict): void {
    const nowMs = this.#clock.now();
    this.#passTime(nowMs);
    const startedMs = this.#state.name === "half_open" ? this.#state.probes[0] : nowMs;
    if (startedMs !== undefined) this.#end(this.#generation, startedMs, verdict);
  }

  #admit(nowMs: number): Admission {
    this.#passTime(nowMs);
    const admission = admit(this.#state, this.#policy, nowMs);
    if (admission.admitted) this.#state = admission.state;
    return admission;
  }

  readonly #end: EndOfCall = (generation, startedMs, verdict) => {
    const nowMs = this.#clock.now();
    this.#passTime(nowMs);
    if (generation !== this.#generation) return;
    this.#become(afterCall(this.#state, this.#policy, verdict, startedMs, nowMs));
  };

  #passTime(nowMs: number): void {
    for (;;) {
      const next = afterTime(this.#state, this.#policy, nowMs);
      if (next === this.#state) return;
      this.#become(next);
    }
  }

  #become(state: BreakerState): void {
    const from = this.#state.name;
    this.#state = state;
    if (from === state.name) return;
    this.#generation += 1;
    this.events.emit("change", { name: this.name, from, to: state.name });
  }

  #refusal(retryAfterMs: number): CircuitOpenError {
    const why =
      this.#state.name === "open"
        ? "it failed too often, and has time to recover"
        : "it failed too often, and trial calls show now whether it has recovered";
    const seconds = (retryAfterMs / 1000).toFixed(1);
    return new CircuitOpenError(
      `no call was made to "${this.name}": ${why}; try again in ${seconds} s`,
      retryAfterMs,
    );
  }
}

/** Lets everything through and counts nothing: the breaker that is switched off. */
export const noBreaker: Breaker = {
  state: "closed",
  begin: () => uncounted,
  signOfLife() {},
};

const uncounted: BreakerCall = { success() {}, failure() {}, loss() {}, cancel() {}, settle() {} };

type EndOfCall = (generation: number, startedMs: number, verdict: Verdict) => void;

class AdmittedCall implements BreakerCall {
  #end: EndOfCall | undefined;
  readonly #generation: number;
  readonly #startedMs: number;

  constructor(end: EndOfCall, generation: number, startedMs: number) {
    this.#end = end;
    this.#generation = generation;
    this.#startedMs = startedMs;
  }

  success(): void {
    this.#finish("success");
  }

  failure(): void {
    this.#finish("failure");
  }

  loss(): void {
    this.#finish("loss");
  }

  cancel(): void {
    this.#finish("none");
  }

  settle(error?: unknown): void {
    this.#finish(verdictOf(error));
  }

  #finish(verdict: Verdict): void {
    const end = this.#end;
    this.#end = undefined;
    end?.(this.#generation, this.#startedMs, verdict);
  }
}

function parseBreakerOptions(options: CircuitBreakerOptions): BreakerPolicy {
  const read = new OptionReader("circuit breaker options", options);
  const time = { min: 0.001, max: 86_400 };
  const policy: BreakerPolicy = {
    failureThreshold: read.number("failureThreshold", 5, { min: 1, max: 1_000_000, whole: true }),
    minFailureRate: read.number("minFailureRate", 0.5, { min: 0, max: 1 }),
    windowMs: read.number("windowSize", 60, time) * 1000,
    recoveryTimeoutMs: read.number("recoveryTimeout", 30, time) * 1000,
    halfOpenMaxCalls: read.number("halfOpenMaxCalls", 3, { min: 1, max: 1000, whole: true }),
    probeTimeoutMs: read.number("probeTimeout", 30, time) * 1000,
  };
  read.done();
  return policy;
}

function samePolicy(left: BreakerPolicy, right: BreakerPolicy): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
