import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { StatementCache } from "./statement-cache.ts";

const fixed = (size: number, onEvict?: (value: number, key: string) => void) =>
  new StatementCache<number>({ initialSize: size, autoResize: false, ...(onEvict && { onEvict }) });

describe("StatementCache", () => {
  it("answers what was put, and counts", () => {
    const cache = fixed(2);
    expect(cache.hitRatio).toBe(0);
    cache.put("a", 1);
    expect(cache.get("a")).toBe(1);
    expect(cache.get("b")).toBeUndefined();
    expect(cache.stats()).toEqual({ size: 1, capacity: 2, hits: 1, misses: 1, evictions: 0, hitRatio: 0.5 });
  });

  it("evicts what was not used", () => {
    const cache = fixed(3);
    for (const [value, key] of ["a", "b", "c"].entries()) cache.put(key, value);
    cache.get("a");
    cache.get("b");
    cache.put("d", 3);
    expect(cache.get("c")).toBeUndefined();
    expect([cache.get("a"), cache.get("b"), cache.get("d")]).toEqual([0, 1, 3]);
    expect(cache.evictions).toBe(1);
  });

  it("keeps a new entry even when all others are in use", () => {
    const cache = fixed(2);
    cache.put("a", 1);
    cache.put("b", 2);
    cache.get("a");
    cache.get("b");
    cache.put("c", 3);
    expect(cache.get("c")).toBe(3);
    expect(cache.size).toBe(2);
  });

  it("evicts an entry that was used long ago", () => {
    const cache = fixed(2);
    cache.put("a", 1);
    cache.get("a");
    for (const key of ["b", "c", "d"]) cache.put(key, 0);
    expect(cache.get("a")).toBeUndefined();
  });

  it("tells of each value that leaves, once it has left", () => {
    const left: [value: number, key: string, size: number][] = [];
    const cache: StatementCache<number> = fixed(2, (value, key) => left.push([value, key, cache.size]));
    cache.put("a", 1);
    cache.put("a", 1);
    cache.put("a", 2);
    cache.put("b", 3);
    cache.put("c", 4);
    expect(cache.delete("b")).toBe(true);
    expect(cache.delete("b")).toBe(false);
    cache.clear();
    expect(left).toEqual([
      [1, "a", 1],
      [2, "a", 1],
      [3, "b", 1],
      [4, "c", 0],
    ]);
    expect(cache.size).toBe(0);
  });

  it("grows for a working set that is larger, and shrinks for one that is smaller", () => {
    const cache = new StatementCache<number>({ initialSize: 10, minSize: 5, maxSize: 40 });
    const use = (key: string) => cache.get(key) ?? cache.put(key, 0);
    for (let round = 0; round < 50; round++) for (let key = 0; key < 30; key++) use(`${key}`);
    expect(cache.capacity).toBe(35);
    expect(cache.size).toBe(30);
    for (let round = 0; round < 200; round++) {
      use(`once ${round}`);
      for (let again = 0; again < 100; again++) use(`${again % 3}`);
    }
    expect(cache.capacity).toBeLessThan(15);
    expect(cache.size).toBeLessThanOrEqual(cache.capacity);
  });

  it("keeps its size when told so", () => {
    const cache = fixed(10);
    for (let key = 0; key < 1000; key++) cache.get(`${key}`) ?? cache.put(`${key}`, key);
    expect(cache.stats()).toMatchObject({ capacity: 10, size: 10, evictions: 990 });
  });

  it("refuses sizes out of order", () => {
    expect(() => new StatementCache({ initialSize: 10, minSize: 20 })).toThrow(ConfigurationError);
  });

  it("never holds more than fits, never loses count, and never answers a wrong value", () => {
    const step = fc.record({ act: fc.constantFrom("get", "put", "delete"), key: fc.nat({ max: 30 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
        let left = 0;
        let entered = 0;
        const cache = new StatementCache<number>({
          initialSize: 8,
          minSize: 2,
          maxSize: 16,
          onEvict: () => left++,
        });
        for (const { act, key } of steps) {
          if (act === "put") {
            const before = cache.size + left;
            cache.put(`${key}`, key);
            entered += cache.size + left - before;
          } else if (act === "delete") cache.delete(`${key}`);
          else expect([key, undefined]).toContain(cache.get(`${key}`));
          expect(cache.size).toBeLessThanOrEqual(cache.capacity);
          expect(cache.size + left).toBe(entered);
        }
      }),
    );
  });
});
