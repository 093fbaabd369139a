import { type BackoffSettings, ConnectBackoff } from "./backoff.ts";
import type { Attempt } from "./slot.ts";

export interface ConnectSettings extends BackoffSettings {
  readonly maxConnecting: number;
}

/** A caller needs an attempt by this part of its time, so that the rest is left for the connect itself. */
const shareBeforeAttempt = 0.5;

/**
 * A connect that takes longer than this may hang: what was sent is lost, or nobody answers. Then others are tried
 * beside it, each given twice the time of the last until one ends, so that a server that is only slow is not stormed.
 * TCP repeats itself in the same way (RFC 6298), but to no avail where the server has fallen silent after the network had
 * let the connect through. Far servers and those that have to wake up may well take a second.
 */
const shortestPatienceMs = 2_000;

/** A connect that takes so many times as long as the last one that was made is no longer only slow. */
const slowness = 3;

/** The connects under way, and when the next one may start. */
export class Connects {
  /** Those that are still wanted. */
  readonly attempts = new Set<Attempt>();
  readonly backoff: ConnectBackoff;
  readonly #settings: ConnectSettings;
  #lastId = 0;
  /** What a connect is given before it is taken for stuck, as long as none beside it is. */
  #usualPatienceMs = shortestPatienceMs;
  /** What the next one is given: more with each that starts beside one that is stuck. */
  #patienceMs = shortestPatienceMs;
  /** By when someone who waits must have seen an attempt start; infinite when all of them have. */
  #neededByMs = Number.POSITIVE_INFINITY;

  constructor(settings: ConnectSettings, random: () => number) {
    this.#settings = settings;
    this.backoff = new ConnectBackoff(settings, random);
  }

  /** Connects that a waiter may count on. */
  expectedCount(nowMs: number): number {
    if (this.attempts.size === 0) return 0;
    let count = 0;
    for (const attempt of this.attempts) if (nowMs < attempt.expectedUntilMs) count += 1;
    return count;
  }

  /** The one under way for longest of those that are expected. */
  firstExpected(nowMs: number): Attempt | undefined {
    for (const attempt of this.attempts) if (nowMs < attempt.expectedUntilMs) return attempt;
    return undefined;
  }

  /** Connects that take so long that they may never answer. */
  stuckCount(nowMs: number): number {
    if (this.attempts.size === 0) return 0;
    let count = 0;
    for (const attempt of this.attempts) if (nowMs >= attempt.stuckAtMs) count += 1;
    return count;
  }

  /** The last one to have become so, or undefined. The elder may be further on. */
  lastStuck(nowMs: number): Attempt | undefined {
    let last: Attempt | undefined;
    if (this.attempts.size === 0) return last;
    for (const attempt of this.attempts) if (nowMs >= attempt.stuckAtMs) last = attempt;
    return last;
  }

  /** When the next one is taken for stuck; infinite when there is none. */
  nextStuckMs(nowMs: number): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { stuckAtMs } of this.attempts) if (nowMs < stuckAtMs) dueMs = Math.min(dueMs, stuckAtMs);
    return dueMs;
  }

  /** The earliest moment for the next connect, as far as failures decide. */
  get startAtMs(): number {
    return this.backoff.startAtMs(this.#neededByMs);
  }

  /** Someone begins to wait. No pause between connects may take up the whole of its time. */
  needed(nowMs: number, timeoutMs: number): void {
    this.#neededByMs = Math.min(this.#neededByMs, nowMs + timeoutMs * shareBeforeAttempt);
  }

  /**
   * Whether one more may start now. After a failure, and beside one that is stuck, there is one at a time, unless it is
   * known to be slow. Those that are stuck take no place of the others.
   */
  mayStart(nowMs: number): boolean {
    if (nowMs < this.startAtMs) return false;
    const stuck = this.stuckCount(nowMs);
    if (this.attempts.size - stuck >= this.#settings.maxConnecting) return false;
    return (this.backoff.failures === 0 && stuck === 0) || this.firstExpected(nowMs) === undefined;
  }

  /** Starts one, in the place of `replaced` if that is given: then that one is given up. */
  start(nowMs: number, replaced?: Attempt): Attempt {
    if (this.stuckCount(nowMs) > 0) this.#patienceMs *= 2;
    if (replaced !== undefined) this.attempts.delete(replaced);
    const stuckAtMs = nowMs + this.#patienceMs;
    const id = ++this.#lastId;
    const attempt: Attempt = { id, startedAtMs: nowMs, stuckAtMs, expectedUntilMs: stuckAtMs };
    this.attempts.add(attempt);
    this.#neededByMs = Number.POSITIVE_INFINITY;
    return attempt;
  }

  /** Answers false when the attempt was given up before. Follow it with `lendable` once the connection can be lent. */
  made(attempt: Attempt, nowMs: number): boolean {
    if (!this.attempts.delete(attempt)) return false;
    this.#usualPatienceMs = Math.max(shortestPatienceMs, slowness * (nowMs - attempt.startedAtMs));
    this.#patienceMs = this.#usualPatienceMs;
    return true;
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
    this.#patienceMs = this.#usualPatienceMs;
    this.backoff.failed(attempt, nowMs, permanent);
    return true;
  }

  /** Gives up those that are stuck and have taken many times as long as `made`, and answers which. */
  abandonOvertaken(made: Attempt, nowMs: number): Attempt[] {
    const longestMs = slowness * (nowMs - made.startedAtMs);
    const overtaken = [...this.attempts].filter(
      ({ startedAtMs, stuckAtMs }) => nowMs >= stuckAtMs && nowMs - startedAtMs > longestMs,
    );
    for (const attempt of overtaken) this.attempts.delete(attempt);
    return overtaken;
  }

  /** Gives up all of them, and answers which. */
  abandonAll(): Attempt[] {
    const abandoned = [...this.attempts];
    this.attempts.clear();
    this.#patienceMs = this.#usualPatienceMs;
    return abandoned;
  }
}
