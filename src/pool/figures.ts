/** A summary of times in milliseconds, since the pool was made. */
export interface Figures {
  readonly count: number;
  readonly totalMs: number;
  readonly maxMs: number;
  /** 95 of 100 were no longer than this, within a fifth. 0 when there are none. */
  readonly p95Ms: number;
}

const bucketsPerDoubling = 4;
/** Times below this share the first bucket. */
const finestMs = 1 / 16;
/** Up to about 18 hours; longer times share the last bucket. */
const bucketCount = 122;

/** Gathers times in a small histogram whose buckets grow by a fifth: constant memory, no sorting. */
export class FigureRecorder {
  readonly #buckets = new Float64Array(bucketCount);
  #count = 0;
  #totalMs = 0;
  #maxMs = 0;

  record(ms: number): void {
    this.#count += 1;
    this.#totalMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
    const index = ms <= finestMs ? 0 : 1 + Math.floor(bucketsPerDoubling * Math.log2(ms / finestMs));
    const bounded = Math.min(index, bucketCount - 1);
    this.#buckets[bounded] = (this.#buckets[bounded] ?? 0) + 1;
  }

  /** What `snapshot` says of count and total; it costs nothing. */
  get sums(): Pick<Figures, "count" | "totalMs"> {
    return { count: this.#count, totalMs: this.#totalMs };
  }

  snapshot(): Figures {
    return { count: this.#count, totalMs: this.#totalMs, maxMs: this.#maxMs, p95Ms: this.#quantile(0.95) };
  }

  #quantile(share: number): number {
    let below = 0;
    for (const [index, count] of this.#buckets.entries()) {
      below += count;
      if (below > 0 && below >= share * this.#count) {
        return Math.min(this.#maxMs, finestMs * 2 ** (index / bucketsPerDoubling));
      }
    }
    return 0;
  }
}
