import { describe, expect, it } from "vitest";
import type { SqlValue } from "../../backend/values.ts";
import { SchemaConflictError, ValidationError } from "../../errors/index.ts";
import { parseFieldType } from "../kinds/field-type.ts";
import { Serializers } from "../values/serializers.ts";
import { makeEncoder } from "./encoders.ts";

const serializers = new Serializers();
serializers.register("URL", {
  class: URL,
  serialize: (url) => url.href,
  deserialize: (text) => new URL(text),
});
const encoder = (type: string) => makeEncoder(parseFieldType(type), "field", serializers);

const at = new Date(5);
const bytes = new Uint8Array([1]);
const big = 2n ** 63n;
const url = new URL("http://localhost/");

describe("makeEncoder", () => {
  it.each<[string, unknown, SqlValue]>([
    ["integer", 30, 30],
    ["integer", -0, 0],
    ["integer", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["number", 0.5, 0.5],
    ["number", -0, 0],
    ["number", 30, 30],
    ["bigint", 5n, 5n],
    ["bigint", 5, 5n],
    ["bigint", big - 1n, big - 1n],
    ["bigint/numeric", big, "9223372036854775808"],
    ["bigint/numeric", 5, "5"],
    ["text", "a", "a"],
    ["text", 30, "30"],
    ["text", true, "true"],
    ["text", at, "1970-01-01T00:00:00.005Z"],
    ["text", [1], "[1]"],
    ["boolean", false, false],
    ["date", at, at],
    ["bytes", bytes, bytes],
    ["json", { a: [1] }, '{"a":[1]}'],
    ["json", new Set([1]), '{"$type":"set","value":[1]}'],
    ["set", new Set([1]), '{"$type":"set","value":[1]}'],
    ["map", new Map([[1, 2]]), '{"$type":"map","value":[[1,2]]}'],
    ["custom:URL", url, "http://localhost/"],
  ])("%s: %#", (type, value, bound) => {
    // toBe tells 0 from -0.
    expect(encoder(type)(value)).toBe(bound);
    expect(encoder(type)(null)).toBeNull();
  });

  it.each([
    ["undecided", 1],
    ["integer", 0.5],
    ["integer", "1"],
    ["number", 1n],
    ["bigint", 0.5],
    ["bigint", big],
    ["boolean", 1],
    ["date", "2024-05-01"],
    ["bytes", "AQ=="],
    ["json", at],
    ["json", "{}"],
    ["json", url],
    ["set", [1]],
    ["set", new Map()],
    ["custom:Other", url],
    ["custom:URL", "http://localhost/"],
  ])("a field of type %s refuses what it was not widened for: %#", (type, value) => {
    expect(() => encoder(type)(value)).toThrow(SchemaConflictError);
    expect(() => encoder(type)(value)).toThrow(/^field: expected a value that a field of type /);
  });

  it.each([
    ["number", Number.NaN],
    ["integer", undefined],
    ["text", "\ud800"],
    ["text", "a\0"],
    ["text", undefined],
    ["date", new Date(Number.NaN)],
    ["bigint/numeric", 10n ** 65n],
    ["json", { deep: [Number.NaN] }],
    ["json", () => 1],
  ])("a field of type %s refuses what cannot be stored at all: %#", (type, value) => {
    expect(() => encoder(type)(value)).toThrow(ValidationError);
  });
});
