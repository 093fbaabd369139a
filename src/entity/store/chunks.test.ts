import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chunks, slices } from "./chunks.ts";

const mebibyte = 1024 * 1024;

describe("chunks", () => {
  it("parts a list into pieces of a size", () => {
    expect([...chunks(["a", "b", "c"], 2)]).toEqual([["a", "b"], ["c"]]);
    expect([...chunks([])]).toEqual([]);
  });
});

describe("slices", () => {
  const of = (...sizes: readonly number[]) => [...slices(sizes.map((size) => ["x".repeat(size)]))];

  it("keeps whole what one statement can carry", () => {
    expect(of(1, 2, 3)).toEqual([[0, 3]]);
    expect(of()).toEqual([]);
  });

  it("cuts where a slice would hold too many rows", () => {
    const rows = Array.from({ length: 25_000 }, (_, n) => [n]);
    expect([...slices(rows)]).toEqual([
      [0, 10_000],
      [10_000, 20_000],
      [20_000, 25_000],
    ]);
  });

  it("cuts where a slice would become too large, and lets one row be as large as it is", () => {
    expect(of(10 * mebibyte, 5 * mebibyte, 2 * mebibyte)).toEqual([
      [0, 2],
      [2, 3],
    ]);
    expect(of(20 * mebibyte, 1, 20 * mebibyte)).toHaveLength(3);
    const bytes = new Uint8Array(9 * mebibyte);
    expect([...slices([[bytes], [bytes]])]).toHaveLength(2);
  });

  it("leaves out nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3 * mebibyte }), { maxLength: 20 }), (sizes) => {
        const parts = [...slices(sizes.map((size) => [new Uint8Array(size)]))];
        const places = parts.flatMap(([start, end]) => sizes.map((_, i) => i).slice(start, end));
        expect(places).toEqual(sizes.map((_, i) => i));
      }),
      { numRuns: 30 },
    );
  });
});
