import type { Clock, Timer } from "../resilience/clock.ts";
import type { CloseReport } from "./events.ts";
import type { HeldLease } from "./holder.ts";
import { setPatientTimer } from "./timing.ts";

/** After force, connections have so long to end before `close` stops waiting for them. */
const forceMarginMs = 100;

/** The work of a close that goes on. */
export interface Closer {
  /** Who still has a connection. */
  held(): readonly HeldLease[];
  /** Ends what is left. May report endings by `check` at once. */
  force(): void;
  /** How many connections and connects have not ended. */
  unfinished(): number;
}

/** Waits for a pool to become empty, then uses force, then answers whatever has become of it. */
export class Closing {
  readonly report: Promise<CloseReport>;
  readonly #clock: Clock;
  readonly #closer: Closer;
  readonly #startedMs: number;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #timer: Timer | undefined;
  #forced: readonly HeldLease[] | undefined;
  #resolve: ((report: CloseReport) => void) | undefined;

  constructor(clock: Clock, closer: Closer) {
    this.#clock = clock;
    this.#closer = closer;
    this.#startedMs = clock.now();
    this.report = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Lets the force come after `timeoutMs`, or earlier where that was said before. */
  limit(timeoutMs: number): void {
    const deadlineMs = this.#clock.now() + timeoutMs;
    const over = this.#resolve === undefined || this.#forced !== undefined;
    if (over || deadlineMs >= this.#deadlineMs) return;
    this.#deadlineMs = deadlineMs;
    this.#timer?.clear();
    if (timeoutMs === 0) this.#force();
    else this.#timer = setPatientTimer(this.#clock, () => this.#force(), timeoutMs, { keepAlive: true });
  }

  /** To be called whenever something has ended. */
  check(): void {
    if (this.#closer.unfinished() === 0) this.#finish();
  }

  #force(): void {
    if (this.#resolve === undefined) return;
    this.#forced = this.#closer.held();
    this.#timer = this.#clock.setTimer(() => this.#finish(), forceMarginMs, { keepAlive: true });
    this.#closer.force();
    this.check();
  }

  #finish(): void {
    const resolve = this.#resolve;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    this.#timer?.clear();
    resolve({
      durationMs: this.#clock.now() - this.#startedMs,
      forced: this.#forced ?? [],
      unfinished: this.#closer.unfinished(),
    });
  }
}
