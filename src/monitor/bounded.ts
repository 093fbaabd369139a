import { QueryTimeoutError } from "../errors/index.ts";
import type { Awaitable } from "../operation/index.ts";
import { limited, systemClock } from "../resilience/index.ts";

/**
 * Answers as `work` does, or, when `limitMs` is over, throws a `QueryTimeoutError` that says so of `what`, whatever
 * the work does. Its signal aborts at that moment. What the work answers or throws later is dropped.
 */
export async function bounded<T>(
  what: string,
  limitMs: number,
  work: (signal: AbortSignal) => Awaitable<T>,
): Promise<T> {
  const controller = new AbortController();
  // The limit's own timer keeps no process alive; but the answer is still owed.
  const alive = systemClock.setTimer(() => {}, limitMs + 1000, { keepAlive: true });
  const begin = async () => await work(controller.signal);
  try {
    return await limited(begin(), {
      timeoutMs: limitMs,
      graceMs: 0,
      onStop: () => controller.abort(),
      onAbandon: () => {},
      failure: () =>
        new QueryTimeoutError(`${what} gave no answer within ${limitMs / 1000} s`, { outcome: "unknown" }),
    });
  } finally {
    alive.clear();
  }
}
