/** Refusals in one turn of the event loop: about a millisecond of work. */
const perTurn = 50;

/**
 * Tells those whose time is over, a few in each turn of the event loop. After a rush thousands can be late at one
 * moment; if all were told at once, nobody would read the answers of the server meanwhile, and those who have a
 * connection would be late too.
 */
export class Expiries<W> {
  readonly #tell: (waiter: W, isOneOfMany: boolean) => void;
  readonly #nextTurn: (fn: () => void) => void;
  #told = 0;
  #isTurnComing = false;
  #late: W[] = [];
  /** Those of `#late` before this place have been told. */
  #place = 0;

  /** `isOneOfMany` tells that others are told in the same turn, so that one look at the pool may do for them. */
  constructor(
    tell: (waiter: W, isOneOfMany: boolean) => void,
    nextTurn: (fn: () => void) => void = setImmediate,
  ) {
    this.#tell = tell;
    this.#nextTurn = nextTurn;
  }

  /** Tells a waiter, now or in one of the next turns. */
  add(waiter: W): void {
    if (this.#told < perTurn && this.#late.length === 0) {
      this.#told += 1;
      this.#tell(waiter, false);
    } else this.#late.push(waiter);
    this.#comeBack();
  }

  #comeBack(): void {
    if (this.#isTurnComing) return;
    this.#isTurnComing = true;
    this.#nextTurn(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnComing = false;
    const end = Math.min(this.#late.length, this.#place + perTurn);
    this.#told = end - this.#place;
    for (const waiter of this.#late.slice(this.#place, end)) this.#tell(waiter, true);
    this.#place = end;
    if (this.#place < this.#late.length) this.#comeBack();
    else {
      this.#late = [];
      this.#place = 0;
    }
  }
}
