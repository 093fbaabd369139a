import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindValue } from "./bind.ts";

describe("bindValue", () => {
  it("sends text as it is, and NULL", () => {
    expect(bindValue("naïve 👍")).toBe("naïve 👍");
    expect(bindValue("")).toBe("");
    expect(bindValue(null)).toBeNull();
  });

  it("sends numbers so that they read back as the same number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(Number(bindValue(value))).toBe(value === 0 ? 0 : value);
      }),
    );
    expect(bindValue(-0)).toBe("0");
    expect(bindValue(12345678901234567890n)).toBe("12345678901234567890");
  });

  it("sends booleans, and moments in UTC", () => {
    expect(bindValue(true)).toBe("true");
    expect(bindValue(false)).toBe("false");
    expect(bindValue(new Date("2024-05-06T07:08:09.120+05:30"))).toBe("2024-05-06T01:38:09.120Z");
    expect(bindValue(new Date("0001-01-01T00:00:00.000Z"))).toBe("0001-01-01T00:00:00.000Z");
  });

  it("sends bytes as bytes, a view of a larger buffer too", () => {
    const view = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
    expect(bindValue(view)).toEqual(Buffer.from([1, 2]));
  });

  it("writes arrays so that no element is taken for another", () => {
    expect(bindValue([1, null, "NULL", 'a"b\\c', "x,y", "{", "", true])).toBe(
      '{1,NULL,"NULL","a\\"b\\\\c","x,y","{","","true"}',
    );
    expect(bindValue([[1, 2], [3]])).toBe("{{1,2},{3}}");
    expect(bindValue([new Uint8Array([255])])).toBe('{"\\\\xff"}');
    expect(bindValue([])).toBe("{}");
  });

  it.each([
    [undefined, /^got undefined: use null/],
    [Number.NaN, /^got NaN/],
    [Number.POSITIVE_INFINITY, /^got Infinity/],
    ["a\0b", /NUL/],
    ["\ud800", /lone surrogate/],
    [{ a: 1 }, /^got an object: turn it into JSON text/],
    [new Map(), /^got an object/],
    [new Uint16Array(1), /^got an object/],
    [() => 1, /^got a function/],
    [Symbol("s"), /^got a symbol/],
    [new Date(Number.NaN), /invalid Date/],
    [new Date("+010000-01-01T00:00:00Z"), /years 1 to 9999/],
    [new Date("0000-12-31T00:00:00Z"), /years 1 to 9999/],
    [[undefined], /^got undefined/],
    [new Array(1), /^got undefined/],
    [[["\0"]], /NUL/],
  ])("refuses %s", (value, message) => {
    expect(() => bindValue(value)).toThrow(TypeError);
    expect(() => bindValue(value)).toThrow(message);
  });
});
