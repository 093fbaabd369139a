import { type BackoffSettings, ConnectBackoff } from "./backoff.ts";
import type { Attempt } from "./slot.ts";

export interface ConnectSettings extends BackoffSettings {
  readonly maxConnecting: number;
}

/** A caller needs an attempt by this part of its time, so that the rest is left for the connect itself. */
const shareBeforeAttempt = 0.5;

/** The connects under way, and when the next one may start. */
export class Connects {
  /** Those that are still wanted. */
  readonly attempts = new Set<Attempt>();
  readonly backoff: ConnectBackoff;
  readonly #settings: ConnectSettings;
  #lastId = 0;
  /** By when someone who waits must have seen an attempt start; infinite when all of them have. */
  #neededByMs = Number.POSITIVE_INFINITY;

  constructor(settings: ConnectSettings, random: () => number) {
    this.#settings = settings;
    this.backoff = new ConnectBackoff(settings, random);
  }

  /** Connects that a waiter may count on. */
  get expectedCount(): number {
    if (this.attempts.size === 0) return 0;
    let count = 0;
    for (const attempt of this.attempts) if (attempt.expected) count += 1;
    return count;
  }

  /** The one under way for longest of those that are expected. */
  get firstExpected(): Attempt | undefined {
    for (const attempt of this.attempts) if (attempt.expected) return attempt;
    return undefined;
  }

  /** The earliest moment for the next connect, as far as failures decide. */
  get startAtMs(): number {
    return this.backoff.startAtMs(this.#neededByMs);
  }

  /** Someone begins to wait. No pause between connects may take up the whole of its time. */
  needed(nowMs: number, timeoutMs: number): void {
    this.#neededByMs = Math.min(this.#neededByMs, nowMs + timeoutMs * shareBeforeAttempt);
  }

  /** Whether one more may start now. After a failure there is one at a time, unless it is known to be slow. */
  mayStart(nowMs: number): boolean {
    if (nowMs < this.startAtMs || this.attempts.size >= this.#settings.maxConnecting) return false;
    return this.backoff.failures === 0 || this.firstExpected === undefined;
  }

  start(nowMs: number): Attempt {
    const attempt: Attempt = { id: ++this.#lastId, startedAtMs: nowMs, expected: true };
    this.attempts.add(attempt);
    this.#neededByMs = Number.POSITIVE_INFINITY;
    return attempt;
  }

  /** Answers false when the attempt was given up before. Follow it with `lendable` once the connection can be lent. */
  made(attempt: Attempt): boolean {
    return this.attempts.delete(attempt);
  }

  /** A connection was made, and has proved fit to be lent. */
  lendable(): void {
    if (this.backoff.failures > 0) this.backoff.succeeded();
  }

  /** A connection was made but could not be lent: as good as none, and the next must not follow on its heels. */
  unlendable(madeAtMs: number, nowMs: number): void {
    this.backoff.failed({ startedAtMs: madeAtMs }, nowMs, false);
  }

  /** Answers false when the attempt was given up before. */
  failed(attempt: Attempt, nowMs: number, permanent: boolean): boolean {
    if (!this.attempts.delete(attempt)) return false;
    this.backoff.failed(attempt, nowMs, permanent);
    return true;
  }

  /** Gives up all of them, and answers which. */
  abandonAll(): Attempt[] {
    const abandoned = [...this.attempts];
    this.attempts.clear();
    return abandoned;
  }
}
