import type { Clock, Timer } from "../resilience/clock.ts";

interface FakeTimer {
  readonly fn: () => void;
  readonly dueMs: number;
  readonly keepAlive: boolean;
}

/**
 * A clock that moves only when told to, for tests of whatever waits.
 *
 * @example
 * const clock = new FakeClock();
 * clock.setTimer(() => console.log("late"), 500);
 * await clock.advance(500); // prints "late"
 */
export class FakeClock implements Clock {
  readonly #timers = new Set<FakeTimer>();
  #nowMs: number;

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  setTimer(fn: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer {
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const timer: FakeTimer = { fn, dueMs, keepAlive: options?.keepAlive === true };
    this.#timers.add(timer);
    return { clear: () => this.#timers.delete(timer) };
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.size;
  }

  /** How many of them would keep a process alive. */
  get keepAliveTimers(): number {
    return [...this.#timers].filter((timer) => timer.keepAlive).length;
  }

  /** Moves the time on by `ms`, calls each timer at its moment, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    await settled();
    await this.#runUntil(this.#nowMs + ms);
  }

  /**
   * Moves the time on by `ms` at once, as when the event loop was blocked or the process stopped: the timers
   * that were due meanwhile are called afterwards, late.
   */
  async stall(ms: number): Promise<void> {
    await settled();
    this.#nowMs += ms;
    await this.#runUntil(this.#nowMs);
  }

  async #runUntil(targetMs: number): Promise<void> {
    for (;;) {
      const timer = this.#next(targetMs);
      if (timer === undefined) break;
      this.#timers.delete(timer);
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.fn();
      await settled();
    }
    this.#nowMs = Math.max(this.#nowMs, targetMs);
  }

  /** The earliest timer that is due; of several, the one set first. */
  #next(targetMs: number): FakeTimer | undefined {
    let earliest: FakeTimer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs > targetMs) continue;
      if (earliest === undefined || timer.dueMs < earliest.dueMs) earliest = timer;
    }
    return earliest;
  }
}

/** Answers when every promise that can settle without I/O or time has settled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
