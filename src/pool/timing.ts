import type { Clock, Timer } from "../resilience/clock.ts";

/** A timer that comes later than this has met a blocked event loop. */
const stallMs = 20;

/**
 * Calls `fn` once after `delayMs`, like `Clock.setTimer`. When the event loop was blocked meanwhile, the answer
 * may already lie in a socket that nobody had the time to read: then the loop gets one more turn first.
 */
export function setPatientTimer(
  clock: Clock,
  fn: () => void,
  delayMs: number,
  options?: { readonly keepAlive?: boolean },
): Timer {
  const dueMs = clock.now() + delayMs;
  let timer = clock.setTimer(fire, delayMs, options);
  function fire(): void {
    if (clock.now() - dueMs <= stallMs) fn();
    else timer = clock.setTimer(fn, 0, options);
  }
  return { clear: () => timer.clear() };
}

/** Settles as `answer` does, or fails with `expired()` when it takes longer than `limitMs`. */
export function settleWithin<T>(
  clock: Clock,
  limitMs: number,
  answer: PromiseLike<T>,
  expired: () => Error,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setPatientTimer(clock, () => reject(expired()), limitMs);
    answer.then(
      (value) => {
        timer.clear();
        resolve(value);
      },
      (error) => {
        timer.clear();
        reject(error);
      },
    );
  });
}

/** Wall and monotonic clock may drift apart by this much before it counts as a jump. */
const driftMs = 1_000;

/**
 * Tells when the process was suspended, or the machine slept: the wall clock has then moved without the
 * monotonic one. What was learned of connections before such a jump is no longer sure.
 */
export class JumpDetector {
  #offsetMs: number;

  constructor(nowMs: number, wallMs: number) {
    this.#offsetMs = wallMs - nowMs;
  }

  /** Answers true once for each jump. */
  jumped(nowMs: number, wallMs: number): boolean {
    const offsetMs = wallMs - nowMs;
    if (Math.abs(offsetMs - this.#offsetMs) < driftMs) return false;
    this.#offsetMs = offsetMs;
    return true;
  }
}
