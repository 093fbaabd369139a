import type { Timer } from "../resilience/clock.ts";

interface WarmUp {
  readonly target: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  timer: Timer | undefined;
}

/** Those who wait until a number of connections are open. */
export class WarmUps {
  readonly #pending = new Set<WarmUp>();
  #target = 0;

  /** Connections that must be open for all of them. */
  get target(): number {
    return this.#target;
  }

  /** `startTimer` is given what to call when the time is over. */
  add(target: number, startTimer: (fail: (error: unknown) => void) => Timer): Promise<void> {
    return new Promise((resolve, reject) => {
      const warmUp: WarmUp = { target, resolve, reject, timer: undefined };
      this.#pending.add(warmUp);
      this.#target = Math.max(this.#target, target);
      warmUp.timer = startTimer((error) => this.#remove(warmUp, () => reject(error)));
    });
  }

  /** Answers those whose number is reached. */
  check(openCount: number): void {
    if (this.#target === 0) return;
    for (const warmUp of this.#pending) {
      if (openCount >= warmUp.target) this.#remove(warmUp, warmUp.resolve);
    }
  }

  failAll(error: unknown): void {
    for (const warmUp of this.#pending) this.#remove(warmUp, () => warmUp.reject(error));
  }

  #remove(warmUp: WarmUp, settle: () => void): void {
    if (!this.#pending.delete(warmUp)) return;
    this.#target = Math.max(0, ...Array.from(this.#pending, ({ target }) => target));
    warmUp.timer?.clear();
    settle();
  }
}
