import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindValue } from "./bind.ts";

describe("binding", () => {
  it.each([
    ["text", "text"],
    ["", ""],
    [null, null],
    [0, 0],
    [-0, 0],
    [5, 5],
    [-2147483648, -2147483648],
    [2147483648, 2147483648n],
    [Number.MAX_SAFE_INTEGER, 9007199254740991n],
    [-(2 ** 63), -(2n ** 63n)],
    [2 ** 63, 2 ** 63],
    [1.5, 1.5],
    [true, 1],
    [false, 0],
    [2n ** 64n, 2n ** 64n],
    [-(2n ** 63n), -(2n ** 63n)],
    [-(2n ** 63n) - 1n, "-9223372036854775809"],
    [10n ** 65n - 1n, 10n ** 65n - 1n],
    [new Date("2024-03-10T02:30:00.120Z"), "2024-03-10 02:30:00.120"],
    [new Date("0001-01-01T00:00:00.000Z"), "0001-01-01 00:00:00.000"],
  ])("of %s", (value, bound) => {
    expect(Object.is(bindValue(value), bound) || typeof bound === "object").toBe(true);
    expect(bindValue(value)).toStrictEqual(bound);
  });

  it("of bytes shows the same memory, whatever the kind of view", () => {
    const memory = new Uint8Array([1, 2, 3, 4]);
    const bound = bindValue(memory.subarray(1, 3));
    expect(Buffer.isBuffer(bound)).toBe(true);
    expect(bound).toEqual(Buffer.from([2, 3]));
    expect(bindValue(Buffer.from("a"))).toEqual(Buffer.from("a"));
  });

  it.each([
    ["undefined", undefined],
    ["an object", {}],
    ["an object", { toSqlString: () => "now()" }],
    ["an object", { type: "Point", coordinates: [1, 2] }],
    ["an object", new Map()],
    ["an object", /x/],
    ["an array", [1]],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["NaN", Number.NaN],
    ["Infinity", Number.POSITIVE_INFINITY],
    ["an invalid Date", new Date(Number.NaN)],
    ["a Date outside", new Date(Date.UTC(10_000, 0))],
    ["a Date outside", new Date("0000-06-01T00:00:00Z")],
    ["a lone surrogate", "a\ud800"],
    ["a string with a NUL", "a\0b"],
    ["a bigint of more than 65 digits", 10n ** 65n],
  ])("refuses %s, case %#", (words, value) => {
    expect(() => bindValue(value)).toThrow(TypeError);
    expect(() => bindValue(value)).toThrow(words);
  });

  it("lets nothing through that the driver could take for SQL, JSON or a geometry", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withTypedArray: true, withMap: true }),
        (value) => {
          let bound: unknown;
          try {
            bound = bindValue(value);
          } catch (error) {
            expect(error).toBeInstanceOf(TypeError);
            return;
          }
          const kind = bound === null ? "null" : Buffer.isBuffer(bound) ? "buffer" : typeof bound;
          expect(["null", "buffer", "string", "number", "bigint"]).toContain(kind);
        },
      ),
    );
  });
});
