export interface BackoffSettings {
  readonly connectBackoffMs: number;
  readonly maxConnectBackoffMs: number;
}

/**
 * When the next connect may start. Pauses double from `connectBackoffMs` to `maxConnectBackoffMs`; half of each
 * is random, so that many processes do not come back in step.
 */
export class ConnectBackoff {
  readonly #settings: BackoffSettings;
  readonly #random: () => number;
  #failures = 0;
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

  /** Whether the last failure is one that repeats until someone changes something. */
  get permanent(): boolean {
    return this.#permanent;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#notBeforeMs = Number.NEGATIVE_INFINITY;
    this.#permanent = false;
  }

  failed(attempt: { readonly startedAtMs: number }, nowMs: number, permanent: boolean): void {
    // Begun before the pause that an earlier failure asked for: the same outage, met a second time.
    const sameOutage = attempt.startedAtMs < this.#notBeforeMs;
    if (sameOutage && this.#permanent === permanent) return;
    this.#permanent = permanent;
    this.#failures += 1;
    const { connectBackoffMs, maxConnectBackoffMs } = this.#settings;
    const pauseMs = permanent
      ? maxConnectBackoffMs
      : Math.min(maxConnectBackoffMs, connectBackoffMs * 2 ** (this.#failures - 1));
    this.#notBeforeMs = nowMs + pauseMs * (0.5 + this.#random() / 2);
  }
}
