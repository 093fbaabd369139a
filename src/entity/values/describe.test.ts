import { expect, it, describe as suite } from "vitest";
import { describe, formatPath, printable } from "./describe.ts";

class Money {
  readonly cents = 1234;
}

suite("describe", () => {
  it.each([
    [null, "null"],
    [undefined, "undefined"],
    ["secret", "a string"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "Infinity"],
    [3, "a whole number"],
    [3.5, "a number"],
    [3n, "a bigint"],
    [true, "a boolean"],
    [() => "secret", "a function"],
    [Symbol("secret"), "a symbol"],
    [[1], "an array"],
    [{ secret: 1 }, "an object"],
    [Object.create(null), "an object"],
    [new Date(Number.NaN), "an invalid Date"],
    [new Money(), "an instance of Money"],
    [Object.create({ constructor: undefined }), "an object with a prototype of its own"],
  ])("names the sort and hides the value: %#", (value, expected) => {
    expect(describe(value)).toBe(expected);
  });

  it("survives an object whose constructor cannot be read", () => {
    const hostile = Object.create({
      get constructor() {
        throw new Error("no");
      },
    });
    expect(describe(hostile)).toBe("an object with a prototype of its own");
  });
});

suite("printable", () => {
  it("cuts long names and escapes what cannot be seen", () => {
    expect(printable("x".repeat(200))).toBe(`"${"x".repeat(80)}…"`);
    expect(printable("a\u0000b\u202e\ud800é")).toBe('"a\\u0000b\\u202e\\ud800\\u00e9"');
    expect(printable(7)).toBe("a whole number");
  });
});

suite("formatPath", () => {
  it("writes keys, indexes and odd keys", () => {
    expect(formatPath("preferences", ["items", 3, "a b", "c"])).toBe('preferences.items[3]["a b"].c');
    expect(formatPath("field", [])).toBe("field");
  });
});
