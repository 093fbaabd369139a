import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { type CacheSizeOptions, nextCapacity, parseCacheSize } from "./cache-capacity.ts";

describe("parseCacheSize", () => {
  it("fills in defaults that fit what is given", () => {
    expect(parseCacheSize()).toEqual({ initialSize: 100, minSize: 50, maxSize: 500 });
    expect(parseCacheSize({ initialSize: 10 })).toEqual({ initialSize: 10, minSize: 10, maxSize: 500 });
    expect(parseCacheSize({ initialSize: 1000 })).toEqual({ initialSize: 1000, minSize: 50, maxSize: 1000 });
    expect(parseCacheSize({ initialSize: 70, autoResize: false })).toEqual({
      initialSize: 70,
      minSize: 70,
      maxSize: 70,
    });
  });

  it.each<[CacheSizeOptions, RegExp]>([
    [{ initialSize: 0 }, /initialSize .* whole number from 1, got 0/],
    [{ initialSize: 1.5 }, /got 1.5/],
    [{ minSize: Number.NaN }, /minSize .* got NaN/],
    [{ maxSize: -1 }, /maxSize/],
    [{ minSize: 200 }, /minSize <= initialSize <= maxSize .* got 200, 100, 500/],
    [{ maxSize: 60 }, /got 50, 100, 60/],
  ])("refuses %o", (options, message) => {
    expect(() => parseCacheSize(options)).toThrow(ConfigurationError);
    expect(() => parseCacheSize(options)).toThrow(message);
  });
});

describe("nextCapacity", () => {
  const size = { initialSize: 100, minSize: 50, maxSize: 500 };

  it.each([
    ["grows while look-ups miss what was evicted", 100, { hits: 100, misses: 100, evictions: 100 }, 150],
    [
      "grows without any hit, as when statements come in turn",
      100,
      { hits: 0, misses: 100, evictions: 100 },
      150,
    ],
    ["never grows above its maximum", 400, { hits: 0, misses: 400, evictions: 400 }, 500],
    ["does not grow when nothing was evicted", 100, { hits: 0, misses: 100, evictions: 0 }, 100],
    ["stays when it fits well enough", 100, { hits: 1900, misses: 100, evictions: 100 }, 100],
    ["shrinks when nearly all look-ups hit", 200, { hits: 99_000, misses: 200, evictions: 200 }, 150],
    ["never shrinks below its minimum", 60, { hits: 99_000, misses: 60, evictions: 60 }, 50],
    ["does not shrink while it was only filling", 100, { hits: 99_000, misses: 100, evictions: 0 }, 100],
  ])("%s", (_, capacity, window, expected) => {
    expect(nextCapacity(capacity, window, size)).toBe(expected);
  });

  it("stays within its limits", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 50, max: 500 }),
        fc.nat(),
        fc.nat(),
        fc.nat(),
        (capacity, hits, misses, evictions) => {
          const next = nextCapacity(capacity, { hits, misses, evictions }, size);
          expect(next).toBeGreaterThanOrEqual(50);
          expect(next).toBeLessThanOrEqual(500);
          expect(Number.isInteger(next)).toBe(true);
        },
      ),
    );
  });
});
