import type { Awaitable } from "../operation/index.ts";
import { type Clock, systemClock } from "./clock.ts";

/** Waits in the way of the face: with a promise, or by blocking the thread. */
export type Sleep = (ms: number) => Awaitable<void>;

/**
 * Sleeps for callers who await. The process is kept alive meanwhile, since the caller's work is not done. When
 * `signal` aborts, the sleep ends at once, without an error.
 */
export function asyncSleep(clock: Clock = systemClock, signal?: AbortSignal): Sleep {
  return (ms) =>
    new Promise((resolve) => {
      const timer = clock.setTimer(end, ms, { keepAlive: true });
      function end(): void {
        timer.clear();
        signal?.removeEventListener("abort", end);
        resolve();
      }
      if (signal?.aborted === true) end();
      else signal?.addEventListener("abort", end, { once: true });
    });
}

const never = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps for callers who block: nothing else runs on this thread meanwhile. */
export function blockingSleep(ms: number): void {
  if (ms > 0) Atomics.wait(never, 0, 0, ms);
}
