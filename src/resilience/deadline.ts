import { ValidationError } from "../errors/index.ts";
import { type Clock, systemClock } from "./clock.ts";

/**
 * The moment by which something must have ended. One deadline travels through an operation, so that nested waits
 * share what is left of the time. It stands on a monotonic clock: setting the wall clock does not move it.
 */
export class Deadline {
  /** For what may take any time. */
  static readonly never = new Deadline(Number.POSITIVE_INFINITY, systemClock);

  readonly #endsAtMs: number;
  readonly #clock: Clock;

  private constructor(endsAtMs: number, clock: Clock) {
    this.#endsAtMs = endsAtMs;
    this.#clock = clock;
  }

  /** `ms` from now; 0 is expired at once, infinity never. Refuses what is negative or no number. */
  static after(ms: number, clock: Clock = systemClock): Deadline {
    if (!(ms >= 0)) throw new ValidationError(`expected a time of 0 ms or more, got ${ms}`);
    return new Deadline(clock.now() + ms, clock);
  }

  /** Milliseconds that are left, never negative; infinity when there is no end. */
  remainingMs(): number {
    return Math.max(0, this.#endsAtMs - this.#clock.now());
  }

  get expired(): boolean {
    return this.#endsAtMs <= this.#clock.now();
  }

  /** The one of both that ends first. */
  sooner(other: Deadline): Deadline {
    return other.remainingMs() < this.remainingMs() ? other : this;
  }
}
