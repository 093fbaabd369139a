import type { Clock, Timer } from "../resilience/clock.ts";
import { JumpDetector } from "./timing.ts";

/** A timer that comes later than this has met a blocked loop or a stopped process. */
const stallMs = 1_000;

export interface Upkeep {
  /** When there is something to do; infinite when nothing changes with time. */
  dueMs(nowMs: number): number;
  run(nowMs: number): void;
  /** Time has passed unseen: what is known of the connections is no longer sure. */
  suspect(): void;
}

/** One timer, and only while there is something to maintain. It keeps no process alive. */
export class Maintenance {
  readonly #clock: Clock;
  readonly #wallNow: () => number;
  readonly #upkeep: Upkeep;
  readonly #jumps: JumpDetector;
  /** Nothing that happens now is due sooner than this from now, except what `arm` is called for. */
  readonly #shortestMs: number;
  #timer: Timer | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, wallNow: () => number, shortestMs: number, upkeep: Upkeep) {
    this.#clock = clock;
    this.#wallNow = wallNow;
    this.#shortestMs = shortestMs;
    this.#upkeep = upkeep;
    this.#jumps = new JumpDetector(clock.now(), wallNow());
  }

  /** Reads the clock, and notices when time has passed unseen. */
  now(): number {
    const nowMs = this.#clock.now();
    const stalled = nowMs > this.#timerDueMs + stallMs;
    if (this.#jumps.jumped(nowMs, this.#wallNow()) || stalled) {
      // The overdue timer is about to run; until then one stall is not to be noticed twice.
      if (stalled) this.#timerDueMs = nowMs;
      this.#upkeep.suspect();
    }
    return nowMs;
  }

  /** `arm`, but only where a connection that has become idle or leased now may be due before the timer. */
  armIfSooner(nowMs: number): void {
    if (nowMs + this.#shortestMs < this.#timerDueMs) this.arm(nowMs);
  }

  /** Sets the timer to the next thing that is due. A timer that comes too early sets itself anew. */
  arm(nowMs: number): void {
    const dueMs = Math.max(nowMs, this.#upkeep.dueMs(nowMs));
    if (dueMs >= this.#timerDueMs) return;
    this.#timer?.clear();
    this.#timerDueMs = dueMs;
    // A fraction of a millisecond early would find nothing to do yet.
    this.#timer = this.#clock.setTimer(() => this.#run(), Math.max(1, Math.ceil(dueMs - nowMs)));
  }

  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
  }

  #run(): void {
    const nowMs = this.now();
    this.stop();
    this.#upkeep.run(nowMs);
    this.arm(nowMs);
  }
}
