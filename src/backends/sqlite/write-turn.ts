import { LockTimeoutError } from "../../errors/index.ts";
import type { Awaitable } from "../../operation/index.ts";
import type { Timer } from "../../resilience/clock.ts";
import type { Pauses } from "./waits.ts";

/**
 * Whose turn it is to write to one file, first come, first served. SQLite has one writer at a time and no queue:
 * without this, connections of one program would find the file locked, and wait by trying again and again.
 * Other processes are met with SQLite's own locks.
 */
class WriteTurn {
  readonly key: string | null;
  members = 0;
  #holder: WriteClaim | null = null;
  readonly #waiting = new Set<WriteClaim>();

  constructor(key: string | null) {
    this.key = key;
  }

  get holder(): WriteClaim | null {
    return this.#holder;
  }

  /** Gives the turn to `claim` when it is free; else puts the claim at the end of the queue when it will `wait`. */
  request(claim: WriteClaim, wait: boolean): boolean {
    if (this.#holder === null) this.#holder = claim;
    else if (wait) this.#waiting.add(claim);
    return this.#holder === claim;
  }

  withdraw(claim: WriteClaim): void {
    this.#waiting.delete(claim);
  }

  /** Ends the holder's turn, and answers whose turn it is now. */
  pass(): WriteClaim | null {
    const [next] = this.#waiting;
    if (next !== undefined) this.#waiting.delete(next);
    this.#holder = next ?? null;
    return this.#holder;
  }
}

/** The turns of all files that connections of this thread have open. */
const turns = new Map<string, WriteTurn>();

/**
 * One connection's part in the turn of its file.
 *
 * What must never happen: two claims of one file that both hold the turn; a claim that waits beside a free turn.
 */
export class WriteClaim {
  readonly #turn: WriteTurn;
  readonly #pauses: Pauses;
  #waiting: { readonly grant: () => void; readonly refuse: (error: Error) => void } | null = null;

  /** `key` is the same for all connections to one file, and null for a database that only this one sees. */
  constructor(key: string | null, pauses: Pauses) {
    this.#turn = (key === null ? undefined : turns.get(key)) ?? new WriteTurn(key);
    this.#turn.members++;
    this.#pauses = pauses;
    if (key !== null) turns.set(key, this.#turn);
  }

  get blocking(): boolean {
    return this.#pauses.blocking;
  }

  get held(): boolean {
    return this.#turn.holder === this;
  }

  get waiting(): boolean {
    return this.#waiting !== null;
  }

  /**
   * Takes the turn: at once when it is free, else when it comes. Throws `LockTimeoutError` when it does not come
   * by `endsAtMs`, and at once for a caller who blocks: then the holder, which runs on the same thread, could
   * never come to its end.
   */
  take(endsAtMs: number): Awaitable<void> {
    if (this.#turn.request(this, !this.blocking)) return;
    if (this.blocking) throw this.#neverComes();
    return new Promise((resolve, reject) => {
      const waitMs = endsAtMs - this.#pauses.clock.now();
      const timer = this.#timer(() => this.interrupt(timedOut(waitMs)), waitMs);
      const settle = (act: () => void) => {
        timer?.clear();
        this.#waiting = null;
        act();
      };
      this.#waiting = {
        grant: () => settle(resolve),
        refuse: (error) => settle(() => reject(error)),
      };
    });
  }

  /** Passes the turn on; nothing when it is not held. */
  release(): void {
    if (!this.held) return;
    const next = this.#turn.pass();
    if (next !== null) next.#waiting?.grant();
  }

  /** Ends the waiting for the turn with `error`; nothing when there is none. */
  interrupt(error: Error): void {
    this.#turn.withdraw(this);
    this.#waiting?.refuse(error);
  }

  /** Passes the turn on and takes no part any more. Call it once, when the connection has ended. */
  leave(): void {
    this.release();
    if (--this.#turn.members === 0 && this.#turn.key !== null) turns.delete(this.#turn.key);
  }

  #timer(fn: () => void, delayMs: number): Timer | undefined {
    // Node counts timers in 31 bits; a longer wait is as good as one without end.
    if (delayMs >= 2 ** 31) return undefined;
    return this.#pauses.clock.setTimer(fn, delayMs, { keepAlive: true });
  }

  #neverComes(): LockTimeoutError {
    const holder = this.#turn.holder?.blocking === true ? "a synchronous" : "an asynchronous";
    return new LockTimeoutError(
      `${holder} transaction of this thread is writing to the database, and cannot end while a synchronous call waits for it: end it first, or use its own handle`,
      { backend: "sqlite", outcome: "not_sent", driverCode: "SQLITE_BUSY" },
    );
  }
}

function timedOut(waitedMs: number): LockTimeoutError {
  return new LockTimeoutError(
    `another connection of this process was writing to the database, and did not end within ${Math.round(waitedMs)} ms: keep transactions short, and use the transaction's own handle inside it`,
    { backend: "sqlite", outcome: "not_sent", driverCode: "SQLITE_BUSY" },
  );
}

/** How many files have a turn now. For tests: none may be left behind. */
export function openTurns(): number {
  return turns.size;
}
