import { ValidationError } from "../errors/index.ts";
import { type Clock, systemClock, type Timer } from "./clock.ts";

/** A limit that was added to a wheel. */
export interface Limit {
  /** Takes the limit back, so that it is not called; safe at any time, and more than once. */
  clear(): void;
}

export interface TimerWheelOptions {
  readonly clock?: Clock;
  /** Limits are called together in steps of so many milliseconds. Default 10: up to 10 ms late, never early. */
  readonly resolutionMs?: number;
  /** Calls `fn` once the event loop has looked for input. Default `setImmediate`. */
  readonly afterInput?: (fn: () => void) => void;
}

/** An empty wheel's timer is not cleared but runs out, since the next limit comes with the next query. */
const longestSleepMs = 250;

/**
 * One timer for many limits, nearly all of which are taken back before they are due.
 *
 * - A limit is never called early, and by at most one resolution late while the event loop is free.
 * - Before it is called, the loop looks for input once more. If the loop was blocked, the answer that the limit
 *   guards against may have been in the socket all along; whoever gets it clears the limit in time.
 * - The limit is told how late it is, so that a blocked loop can be told from a silent server.
 * - The timer keeps no process alive, and ends within `longestSleepMs` once the wheel is empty.
 */
export class TimerWheel {
  readonly #clock: Clock;
  readonly #resolutionMs: number;
  readonly #afterInput: (fn: () => void) => void;
  // Looked through at each waking, and not sorted: that is cheaper than order for limits that are rarely reached.
  readonly #entries = new Set<Entry>();
  #timer: { readonly handle: Timer; readonly wakeAtMs: number } | undefined;

  constructor(options: TimerWheelOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#resolutionMs = options.resolutionMs ?? 10;
    this.#afterInput = options.afterInput ?? setImmediate;
    if (!(this.#resolutionMs > 0)) {
      throw new ValidationError(`expected a resolution above 0 ms, got ${this.#resolutionMs}`);
    }
  }

  /** How many limits are waiting. */
  get size(): number {
    return this.#entries.size;
  }

  /** Calls `fn` after `delayMs` unless it is cleared before; after an infinite delay never. */
  add(fn: (lateMs: number) => void, delayMs: number): Limit {
    if (Number.isNaN(delayMs)) throw new ValidationError("expected a delay in milliseconds, got NaN");
    if (delayMs === Number.POSITIVE_INFINITY) return unlimited;
    const nowMs = this.#clock.now();
    const entry = new Entry(this.#entries, fn, nowMs + Math.max(0, delayMs));
    this.#entries.add(entry);
    this.#wakeBy(entry.dueMs, nowMs);
    return entry;
  }

  /** Sees to it that the timer fires at the first step from `dueMs` on, or before: a long sleep is cut in parts. */
  #wakeBy(dueMs: number, nowMs: number): void {
    const wakeAtMs = this.#stepFrom(Math.min(dueMs, nowMs + longestSleepMs));
    if (this.#timer !== undefined) {
      if (this.#timer.wakeAtMs <= wakeAtMs) return;
      this.#timer.handle.clear();
    }
    const delayMs = Math.max(1, Math.ceil(wakeAtMs - nowMs));
    this.#timer = { handle: this.#clock.setTimer(() => this.#wake(), delayMs), wakeAtMs };
  }

  #stepFrom(timeMs: number): number {
    return Math.ceil(timeMs / this.#resolutionMs) * this.#resolutionMs;
  }

  #wake(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    const due: Entry[] = [];
    let nextMs = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries) {
      if (entry.dueMs <= nowMs) due.push(entry);
      else if (entry.dueMs < nextMs) nextMs = entry.dueMs;
    }
    if (due.length > 0) this.#afterInput(() => this.#call(due));
    if (nextMs !== Number.POSITIVE_INFINITY) this.#wakeBy(nextMs, nowMs);
  }

  #call(due: readonly Entry[]): void {
    for (const entry of due) entry.call(this.#clock.now());
  }
}

class Entry implements Limit {
  readonly dueMs: number;
  readonly #entries: Set<Entry>;
  readonly #fn: (lateMs: number) => void;

  constructor(entries: Set<Entry>, fn: (lateMs: number) => void, dueMs: number) {
    this.#entries = entries;
    this.#fn = fn;
    this.dueMs = dueMs;
  }

  clear(): void {
    this.#entries.delete(this);
  }

  call(nowMs: number): void {
    if (!this.#entries.delete(this)) return;
    try {
      this.#fn(nowMs - this.dueMs);
    } catch (error) {
      // One limit that fails must not keep back the others; its error surfaces as that of a timer would.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

const unlimited: Limit = { clear() {} };

/** The wheel that the whole process shares. */
export const limitWheel = new TimerWheel();
