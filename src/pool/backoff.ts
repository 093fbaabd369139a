export interface BackoffSettings {
  readonly connectBackoffMs: number;
  readonly maxConnectBackoffMs: number;
}

/** Callers in a hurry shorten no pause below this, so that an outage is met with ten connects a second at most. */
const shortestForHurryMs = 100;

/** What may pass by itself, as a restart does, is asked after once a second: nobody should wait for long once it has. */
const longestForPassingMs = 1_000;

/**
 * When the next connect may start. Pauses double from `connectBackoffMs` to a second; half of each is random, so that
 * many processes do not come back in step. A caller who cannot wait for the whole pause shortens it. Not so after a
 * permanent failure, a refused login say: each pause is `maxConnectBackoffMs` then.
 */
export class ConnectBackoff {
  readonly #settings: BackoffSettings;
  readonly #random: () => number;
  #failures = 0;
  #failedAtMs = Number.NEGATIVE_INFINITY;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #permanent = false;

  constructor(settings: BackoffSettings, random: () => number) {
    this.#settings = settings;
    this.#random = random;
  }

  /** Failures in a row. Connects that were under way together count as one. */
  get failures(): number {
    return this.#failures;
  }

  get notBeforeMs(): number {
    return this.#notBeforeMs;
  }

  /** When the next connect may start for a caller who needs one by `neededByMs`. */
  startAtMs(neededByMs: number): number {
    if (this.#permanent) return this.#notBeforeMs;
    return Math.min(this.#notBeforeMs, Math.max(neededByMs, this.#failedAtMs + shortestForHurryMs));
  }

  /** Whether the last failure is one that repeats until someone changes something. */
  get permanent(): boolean {
    return this.#permanent;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#failedAtMs = Number.NEGATIVE_INFINITY;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.#permanent = false;
  }

  failed(attempt: { readonly startedAtMs: number }, nowMs: number, permanent: boolean): void {
    // Begun before an earlier failure was known: the same outage, met a second time.
    const sameOutage = attempt.startedAtMs <= this.#failedAtMs;
    if (sameOutage && this.#permanent === permanent) return;
    this.#failedAtMs = nowMs;
    this.#permanent = permanent;
    this.#failures += 1;
    const { connectBackoffMs, maxConnectBackoffMs } = this.#settings;
    const pauseMs = permanent
      ? maxConnectBackoffMs
      : Math.min(
          maxConnectBackoffMs,
          Math.max(connectBackoffMs, longestForPassingMs),
          connectBackoffMs * 2 ** (this.#failures - 1),
        );
    this.#notBeforeMs = nowMs + pauseMs * (0.5 + this.#random() / 2);
  }
}
