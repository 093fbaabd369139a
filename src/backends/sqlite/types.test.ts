import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindValue, readRow } from "./types.ts";

describe("bindValue", () => {
  it.each([
    ["text", "text"],
    ["", ""],
    [null, null],
    [0, 0n],
    [-0, 0n],
    [30, 30n],
    [-7, -7n],
    [2 ** 53, 2n ** 53n],
    [-(2 ** 63), -(2n ** 63n)],
    [2 ** 63, 2 ** 63],
    [1e300, 1e300],
    [0.5, 0.5],
    [5e-324, 5e-324],
    [true, 1n],
    [false, 0n],
    [2n ** 63n - 1n, 2n ** 63n - 1n],
    [new Date(0), "1970-01-01T00:00:00.000Z"],
    [new Date("0001-01-01T00:00:00Z"), "0001-01-01T00:00:00.000Z"],
    [new Date("9999-12-31T23:59:59.999Z"), "9999-12-31T23:59:59.999Z"],
  ])("binds %o as %o", (value, bound) => {
    expect(bindValue(value)).toBe(bound);
  });

  it("binds bytes, of a Buffer too", () => {
    expect(bindValue(new Uint8Array([1, 2]))).toEqual(new Uint8Array([1, 2]));
    expect(bindValue(Buffer.from([3]))).toEqual(Buffer.from([3]));
  });

  it.each([
    [undefined, "got undefined: use null"],
    [Number.NaN, "got NaN"],
    [Number.POSITIVE_INFINITY, "got Infinity"],
    [2n ** 63n, "got a bigint beyond 64 bits"],
    [-(2n ** 63n) - 1n, "got a bigint beyond 64 bits"],
    [new Date(Number.NaN), "got an invalid Date"],
    [new Date("-000001-01-01T00:00:00Z"), "years 1 to 9999"],
    [new Date("+010000-01-01T00:00:00Z"), "years 1 to 9999"],
    ["secret\ud800", "lone surrogate"],
    ["secret\0", "NUL"],
    [{}, "got an object"],
    [[1], "got an array"],
    [new Float64Array(1), "got an object"],
    [() => 1, "got a function"],
    [Symbol("secret"), "got a symbol"],
  ])("refuses %o", (value, message) => {
    expect(() => bindValue(value)).toThrow(TypeError);
    expect(() => bindValue(value)).toThrow(message);
    expect(() => bindValue(value)).not.toThrow("secret");
  });

  it("either binds or refuses with a TypeError, whatever comes", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }), (value) => {
        try {
          const bound = bindValue(value);
          return bound === null || ["string", "number", "bigint", "object"].includes(typeof bound);
        } catch (error) {
          return error instanceof TypeError && error.message.startsWith("got ");
        }
      }),
    );
  });
});

describe("readRow", () => {
  it("makes a number of what a number holds exactly, and leaves the rest a bigint", () => {
    const max = BigInt(Number.MAX_SAFE_INTEGER);
    expect(readRow([1n, max, -max, max + 1n, -max - 1n, 1.5, "x", null])).toEqual([
      1,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      max + 1n,
      -max - 1n,
      1.5,
      "x",
      null,
    ]);
  });

  it("makes a plain Uint8Array of a Buffer", () => {
    const [bytes] = readRow([Buffer.from([1, 2])]);
    expect(bytes).toEqual(new Uint8Array([1, 2]));
    expect(Buffer.isBuffer(bytes)).toBe(false);
  });
});
