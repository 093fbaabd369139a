import { OptionReader } from "./option-reader.ts";

export interface RetryBudgetOptions {
  /** Retries that may be made in a row, and what the budget starts with. Default 10. */
  readonly capacity?: number | undefined;
  /** What a success gives back. Default 0.1: in the long run at most one retry for ten successes. */
  readonly perSuccess?: number | undefined;
}

/** Tokens are counted in millionths: ten times 0.1 has to make one. */
const unit = 1_000_000;

/**
 * A token bucket that all the retries of one database share. When much fails, retries would multiply the load
 * that the database cannot bear already; then the bucket is empty and each error goes to its caller at once.
 */
export class RetryBudget {
  readonly #capacity: number;
  readonly #perSuccess: number;
  #tokens: number;

  constructor(options: RetryBudgetOptions = {}) {
    const read = new OptionReader("retry budget", options);
    this.#capacity = Math.round(read.number("capacity", 10, { min: 1, max: 1_000_000 }) * unit);
    this.#perSuccess = Math.round(read.number("perSuccess", 0.1, { min: 0, max: 1000 }) * unit);
    read.done();
    this.#tokens = this.#capacity;
  }

  /** Retries that may be made now; a fraction is on its way to the next. */
  get tokens(): number {
    return this.#tokens / unit;
  }

  succeeded(): void {
    this.#tokens = Math.min(this.#capacity, this.#tokens + this.#perSuccess);
  }

  /** Takes a token for a retry, or answers false when there is none. */
  spend(): boolean {
    if (this.#tokens < unit) return false;
    this.#tokens -= unit;
    return true;
  }
}
