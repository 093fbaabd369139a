import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compactValues, reviveValues, splitRows } from "./compact.ts";

describe("values that cross", () => {
  it("leave the caller's list as it is", () => {
    const view = Buffer.alloc(100).subarray(0, 3);
    const values = [1, view];
    const crossing = compactValues(values);
    expect(values[1]).toBe(view);
    expect(crossing[1]).toEqual(new Uint8Array(3));
    expect(crossing[1]).toHaveProperty("buffer.byteLength", 3);
  });

  it("come back to drivers as Buffers", () => {
    const [text, bytes] = reviveValues(["a", new Uint8Array([1, 2])]);
    expect(text).toBe("a");
    expect(Buffer.isBuffer(bytes)).toBe(true);
    expect(bytes).toEqual(Buffer.from([1, 2]));
  });
});

describe("rows cut into parts", () => {
  it("are all there, in order, whatever their number", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9000 }), (count) => {
        const rows = Array.from({ length: count }, (_, n) => [n]);
        const { parts, last } = splitRows(rows);
        expect([...parts.flat(), ...last]).toEqual(rows);
        expect([...parts, last].every((part) => part.length <= 2000)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it("stay below the size of a message when rows are large", () => {
    const rows = Array.from({ length: 20 }, () => ["x".repeat(3_000_000)]);
    expect(splitRows(rows).parts.length).toBeGreaterThan(5);
  });
});
