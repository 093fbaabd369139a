/** Where time comes from. Policies are handed a clock and never read one themselves, so tests can drive them. */
export interface Clock {
  /** Milliseconds on a monotonic scale: the wall clock may be set back, this never is. */
  now(): number;
  /** Calls `fn` once after `delayMs`. The timer does not keep the process alive unless `keepAlive` is set. */
  setTimer(fn: () => void, delayMs: number, options?: { readonly keepAlive?: boolean }): Timer;
}

export interface Timer {
  clear(): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  setTimer(fn, delayMs, options) {
    const handle = setTimeout(fn, delayMs);
    if (options?.keepAlive !== true) handle.unref();
    return { clear: () => clearTimeout(handle) };
  },
};
