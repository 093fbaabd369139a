import { describe, expect, it } from "vitest";
import { SchemaConflictError } from "../../errors/index.ts";
import { bigintType, fieldType, formatFieldType, parseFieldType, sameType, storageOf } from "./field-type.ts";

const table = [
  ["undecided", "text", "undecided"],
  ["integer", "integer", "integer"],
  ["bigint", "integer", "bigint"],
  ["bigint", "numeric", "bigint/numeric"],
  ["number", "double", "number"],
  ["text", "text", "text"],
  ["boolean", "boolean", "boolean"],
  ["date", "timestamp", "date"],
  ["json", "json", "json"],
  ["bytes", "bytes", "bytes"],
  ["set", "json", "set"],
  ["map", "json", "map"],
  ["custom:Money", "text", "custom:Money"],
  ["custom:__proto__", "text", "custom:__proto__"],
] as const;

describe("a field's type", () => {
  it.each(table)("%s stored as %s is written %s, and read again", (kind, storage, text) => {
    expect(formatFieldType({ kind, storage })).toBe(text);
    expect(parseFieldType(text)).toEqual({ kind, storage });
  });

  it.each(["", "toString", "Integer", "bigint/double", "integer/numeric", "custom:", "text\n"])(
    "refuses %j in the meta table",
    (text) => {
      expect(() => parseFieldType(text)).toThrow(SchemaConflictError);
    },
  );

  it("compares by what it is", () => {
    expect(sameType({ kind: "bigint", storage: "integer" }, fieldType("bigint"))).toBe(true);
    expect(sameType(fieldType("bigint"), bigintType(2n ** 63n))).toBe(false);
    expect(sameType(fieldType("set"), fieldType("map"))).toBe(false);
  });
});

describe("storageOf", () => {
  it.each([
    [0n, "integer"],
    [2n ** 63n - 1n, "integer"],
    [-(2n ** 63n), "integer"],
    [2n ** 63n, "numeric"],
    [-(2n ** 63n) - 1n, "numeric"],
  ])("stores the bigint %s as %s", (value, storage) => {
    expect(storageOf("bigint", value)).toBe(storage);
  });

  it("stores a custom type as text, and a bigint without a value in 64 bits", () => {
    expect(storageOf("custom:Money")).toBe("text");
    expect(storageOf("bigint")).toBe("integer");
  });
});
