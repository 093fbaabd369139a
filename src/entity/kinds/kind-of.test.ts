import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { Serializers } from "../values/serializers.ts";
import { formatFieldType } from "./field-type.ts";
import { kindOf, typeOf } from "./kind-of.ts";

class Money {
  readonly cents = 5;
}
const none = new Serializers();
const withMoney = new Serializers();
withMoney.register(
  "Money",
  (value: Money) => String(value.cents),
  () => new Money(),
);
const safe = Number.MAX_SAFE_INTEGER;

describe("typeOf", () => {
  it.each([
    [null, "undecided"],
    [0, "integer"],
    [-0, "integer"],
    [30, "integer"],
    [safe, "integer"],
    [-safe, "integer"],
    [safe + 1, "number"],
    [1e21, "number"],
    [0.5, "number"],
    [5e-324, "number"],
    [Number("1e-324"), "integer"],
    [Number.MAX_VALUE, "number"],
    [5n, "bigint"],
    [2n ** 63n - 1n, "bigint"],
    [-(2n ** 63n), "bigint"],
    [2n ** 63n, "bigint/numeric"],
    [10n ** 65n - 1n, "bigint/numeric"],
    ["", "text"],
    ["30", "text"],
    ["e\u0301", "text"],
    ["x".repeat(1_000_000), "text"],
    [false, "boolean"],
    [new Date("0001-01-01T00:00:00.000Z"), "date"],
    [new Date("9999-12-31T23:59:59.999Z"), "date"],
    [{}, "json"],
    [Object.create(null), "json"],
    [[], "json"],
    [[null], "json"],
    [new Set(), "set"],
    [new Map(), "map"],
    [new Uint8Array(2), "bytes"],
    [Buffer.from("a"), "bytes"],
    [new Money(), "custom:Money"],
  ])("%#: %s", (value, type) => {
    expect(formatFieldType(typeOf(value, withMoney))).toBe(type);
    expect(kindOf(value, withMoney)).toBe(type.replace("/numeric", ""));
  });

  it.each([
    [undefined, "age: expected a value, or null for none, came undefined"],
    [Number.NaN, "age: expected a finite number, came NaN"],
    [Number.POSITIVE_INFINITY, "age: expected a finite number, came Infinity"],
    [new Date(Number.NaN), "age: expected a Date in the years 1 to 9999 (UTC), came an invalid Date"],
    [new Date(8.64e15), "age: expected a Date in the years 1 to 9999"],
    [() => 1, "age: expected data, came a function"],
    [Symbol("x"), "age: expected data, came a symbol"],
    ["\ud800", "age: expected text that every database can keep"],
    ["a\0", "age: expected text that every database can keep"],
    [10n ** 65n, "age: expected a bigint of at most 65 digits"],
    [-(10n ** 65n), "age: expected a bigint of at most 65 digits"],
    [
      new Money(),
      "age: expected plain data, or a type that registerSerializer has added, came an instance of Money",
    ],
    [new Int16Array(1), "came an instance of Int16Array"],
    [{ items: [1, 2, { deep: Number.NaN }] }, "age.items[2].deep: expected a finite number, came NaN"],
  ])("refuses %#: %s", (value, message) => {
    expect(() => typeOf(value, none, "age")).toThrow(ValidationError);
    expect(() => typeOf(value, none, "age")).toThrow(message);
  });
});
