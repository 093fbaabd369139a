import { ConfigurationError } from "../errors/index.ts";

/** How many entries a cache may hold. */
export interface CacheSizeOptions {
  /** Entries that fit at first. Default 100. */
  readonly initialSize?: number;
  /** Never shrinks below this. Default 50, or `initialSize` if that is smaller. Ignored without `autoResize`. */
  readonly minSize?: number;
  /** Never grows above this. Default 500, or `initialSize` if that is larger. Ignored without `autoResize`. */
  readonly maxSize?: number;
  /** Whether the size follows the hit ratio. Default true; when false it stays at `initialSize`. */
  readonly autoResize?: boolean;
}

export interface CacheSize {
  readonly initialSize: number;
  readonly minSize: number;
  readonly maxSize: number;
}

/** Fills in defaults. Throws a `ConfigurationError` for sizes that are no whole numbers from 1, or out of order. */
export function parseCacheSize(options: CacheSizeOptions = {}): CacheSize {
  const { initialSize = 100, autoResize = true } = options;
  check("initialSize", initialSize);
  if (!autoResize) return { initialSize, minSize: initialSize, maxSize: initialSize };
  const { minSize = Math.min(50, initialSize), maxSize = Math.max(500, initialSize) } = options;
  check("minSize", minSize);
  check("maxSize", maxSize);
  if (minSize > initialSize || initialSize > maxSize) {
    throw new ConfigurationError(
      `expected minSize <= initialSize <= maxSize for the statement cache, got ${minSize}, ${initialSize}, ${maxSize}`,
    );
  }
  return { initialSize, minSize, maxSize };
}

function check(name: string, size: unknown): void {
  if (typeof size === "number" && Number.isSafeInteger(size) && size >= 1) return;
  throw new ConfigurationError(
    `expected ${name} of the statement cache to be a whole number from 1, got ${String(size)}`,
  );
}

/** What happened since the size was last looked at. */
export interface CacheWindow {
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

const tooFewHits = 0.9;
const plentyOfHits = 0.98;

/**
 * The size for what comes next. It grows by half while entries are evicted and too many look-ups miss. It shrinks
 * by a quarter when nearly all look-ups hit although much of the cache was replaced: what is used is smaller than
 * the cache, and the rest are statements that came once.
 */
export function nextCapacity(capacity: number, window: CacheWindow, size: CacheSize): number {
  const ratio = window.hits / (window.hits + window.misses);
  if (window.evictions > 0 && ratio < tooFewHits) return Math.min(size.maxSize, Math.ceil(capacity * 1.5));
  if (window.evictions >= capacity / 2 && ratio > plentyOfHits) {
    return Math.max(size.minSize, Math.floor(capacity * 0.75));
  }
  return capacity;
}
