import type { CallLimits } from "../../backend/index.ts";
import { type Awaitable, type Operation, wait } from "../../operation/index.ts";
import { type Clock, systemClock, type Timer } from "../../resilience/clock.ts";
import { blockingSleep } from "../../resilience/sleep.ts";
import { isBusy, SqliteFailure } from "./failure.ts";

/** How a connection pauses while it waits for a lock: without holding up the event loop, or by blocking. */
export interface Pauses {
  readonly blocking: boolean;
  readonly clock: Clock;
  pause(ms: number): Awaitable<void>;
  /** Ends a pause that is under way with `error`. */
  interrupt(error: Error): void;
}

/** Pauses for callers who await. */
export class TimerPauses implements Pauses {
  readonly blocking = false;
  readonly clock: Clock;
  #stop: ((error: Error) => void) | undefined;

  constructor(clock: Clock = systemClock) {
    this.clock = clock;
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer: Timer = this.clock.setTimer(resolve, ms, { keepAlive: true });
      this.#stop = (error) => {
        timer.clear();
        reject(error);
      };
    });
  }

  interrupt(error: Error): void {
    this.#stop?.(error);
  }
}

/** Pauses for callers who block: the thread sleeps. */
export const blockingPauses: Pauses = {
  blocking: true,
  clock: systemClock,
  pause: blockingSleep,
  interrupt() {},
};

/**
 * When waiting for a lock must end. A little before the call's own limit, so that the caller learns that it was a
 * lock, and not only that it took too long.
 */
export function lockWaitEndsAt(limits: CallLimits, clock: Clock): number {
  return clock.now() + limits.timeoutMs - Math.min(20, limits.timeoutMs / 10);
}

export interface Patience {
  readonly pauses: Pauses;
  /** On the clock of `pauses`. */
  readonly endsAtMs: number;
  /** Whether a busy database may be asked again: only when the attempt had no effect. */
  mayRepeat(): boolean;
  /** What is known of the work when its time runs out. */
  readonly outcome: "not_sent" | "rejected";
}

/** Repeats `work` while another process holds the lock that it needs. */
export function* patiently<T>(work: () => T, patience: Patience): Operation<T> {
  const { pauses, endsAtMs } = patience;
  const startedAtMs = pauses.clock.now();
  for (let attempt = 0; ; attempt++) {
    let leftMs: number;
    try {
      return work();
    } catch (error) {
      if (!isBusy(error) || !patience.mayRepeat()) throw error;
      const nowMs = pauses.clock.now();
      leftMs = endsAtMs - nowMs;
      if (leftMs <= 0) throw stillBusy(error, nowMs - startedAtMs, patience.outcome);
    }
    yield* wait(pauses.pause(Math.min(pauseMs(attempt, Math.random()), leftMs)));
  }
}

const longestPauseMs = 25;

/**
 * How long to pause before the next attempt: from 1 ms, growing by half to 25 ms. `jitter` from 0 to 1 takes away
 * up to half of it, so that processes that wait for one lock do not all ask at once.
 */
export function pauseMs(attempt: number, jitter: number): number {
  return Math.min(longestPauseMs, 1.5 ** attempt) * (1 - jitter / 2);
}

function stillBusy(cause: unknown, waitedMs: number, outcome: "not_sent" | "rejected"): SqliteFailure {
  const message = `another connection or process kept the database locked for ${Math.round(waitedMs)} ms`;
  return new SqliteFailure(message, "SQLITE_BUSY", outcome, cause);
}
