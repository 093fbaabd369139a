import { type CacheSize, type CacheSizeOptions, nextCapacity, parseCacheSize } from "./cache-capacity.ts";

export interface StatementCacheOptions<V> extends CacheSizeOptions {
  /**
   * Called once for each value that leaves the cache: evicted, replaced by another one, deleted or cleared. The
   * cache no longer holds it then.
   */
  readonly onEvict?: (value: V, key: string) => void;
}

/** A snapshot of a cache. */
export interface StatementCacheStats {
  /** Entries held, and entries that fit at present. */
  readonly size: number;
  readonly capacity: number;
  readonly hits: number;
  readonly misses: number;
  /** Entries dropped for want of room. */
  readonly evictions: number;
  /** Hits among all look-ups, from 0 to 1; 0 before the first. */
  readonly hitRatio: number;
}

interface Entry<V> {
  value: V;
  /** Whether it was asked for since it last stood first in line. */
  used: boolean;
}

/**
 * A cache by text that keeps what is used, and finds its own size between a minimum and a maximum.
 *
 * It evicts the oldest entry that was not used since it was last considered (the "second chance" form of least
 * recently used). A hit then only sets a mark: some 10 ns in `bench/sql.ts`, against 40 ns for true LRU, which takes
 * the key out of the map and puts it in again at each hit. The price is paid by evictions, which are rare.
 */
export class StatementCache<V> {
  readonly #entries = new Map<string, Entry<V>>();
  readonly #limits: CacheSize;
  readonly #onEvict: ((value: V, key: string) => void) | undefined;
  #capacity: number;
  #hits = 0;
  #misses = 0;
  #evictions = 0;
  /** The counts when the size was last looked at. */
  #windowHits = 0;
  #windowMisses = 0;
  #windowEvictions = 0;

  constructor(options: StatementCacheOptions<V> = {}) {
    this.#limits = parseCacheSize(options);
    this.#capacity = this.#limits.initialSize;
    this.#onEvict = options.onEvict;
  }

  /** The value, or undefined. Counts as a hit or a miss. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#misses++;
      return undefined;
    }
    this.#hits++;
    entry.used = true;
    return entry.value;
  }

  /** Stores a value, and makes room for it if there is none. */
  put(key: string, value: V): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      const old = entry.value;
      entry.value = value;
      if (old !== value) this.#onEvict?.(old, key);
      return;
    }
    this.#adapt();
    // Before the new entry stands in line: when all others were used, it would be the one to go.
    this.#shrinkTo(this.#capacity - 1);
    this.#entries.set(key, { value, used: false });
  }

  /** Answers whether there was such an entry. */
  delete(key: string): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#onEvict?.(entry.value, key);
    return true;
  }

  /** Drops all entries. The counts stay. */
  clear(): void {
    for (const key of [...this.#entries.keys()]) this.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries that fit at present. */
  get capacity(): number {
    return this.#capacity;
  }

  get hits(): number {
    return this.#hits;
  }

  get misses(): number {
    return this.#misses;
  }

  /** Entries dropped for want of room. */
  get evictions(): number {
    return this.#evictions;
  }

  /** Hits among all look-ups, from 0 to 1; 0 before the first. */
  get hitRatio(): number {
    const lookups = this.#hits + this.#misses;
    return lookups === 0 ? 0 : this.#hits / lookups;
  }

  stats(): StatementCacheStats {
    return {
      size: this.size,
      capacity: this.capacity,
      hits: this.hits,
      misses: this.misses,
      evictions: this.evictions,
      hitRatio: this.hitRatio,
    };
  }

  /** Looks at the size each time that as many look-ups have missed as there are places. */
  #adapt(): void {
    const misses = this.#misses - this.#windowMisses;
    if (misses < this.#capacity) return;
    const hits = this.#hits - this.#windowHits;
    const evictions = this.#evictions - this.#windowEvictions;
    this.#capacity = nextCapacity(this.#capacity, { hits, misses, evictions }, this.#limits);
    this.#windowHits = this.#hits;
    this.#windowMisses = this.#misses;
    this.#windowEvictions = this.#evictions;
  }

  /** A map keeps the order in which keys came, so its first key is the oldest. */
  #shrinkTo(capacity: number): void {
    while (this.#entries.size > capacity) {
      for (const [key, entry] of this.#entries) {
        this.#entries.delete(key);
        if (entry.used) {
          entry.used = false;
          this.#entries.set(key, entry);
          continue;
        }
        this.#evictions++;
        this.#onEvict?.(entry.value, key);
        break;
      }
    }
  }
}
