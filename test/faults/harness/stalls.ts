/**
 * Notes when this process's timers were late, so that a slow machine is not taken for a broken promise: the time
 * by which a call was late is judged without the time in which nothing of the process could run.
 */
export class Stalls {
  readonly #late: { readonly at: number; readonly ms: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #due: number;

  constructor(everyMs = 20) {
    this.#due = performance.now() + everyMs;
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#due > 5) this.#late.push({ at: now, ms: now - this.#due });
      this.#due = now + everyMs;
    }, everyMs);
    this.#timer.unref();
  }

  /** Milliseconds for which the process stood still since `from`, of `performance.now()`. */
  since(from: number): number {
    // An answer can be read before the timer that is late has had its turn.
    let sum = Math.max(0, performance.now() - this.#due);
    for (let i = this.#late.length - 1; i >= 0; i--) {
      const stall = this.#late[i];
      if (stall === undefined || stall.at < from) break;
      sum += stall.ms;
    }
    return sum;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
