import { describe, expect, it } from "vitest";
import { SchemaConflictError } from "../../errors/index.ts";
import { parseFieldType } from "../kinds/field-type.ts";
import { Serializers } from "../values/serializers.ts";
import { makeDecoder } from "./decoders.ts";

const serializers = new Serializers();
serializers.register("URL", {
  class: URL,
  serialize: (url) => url.href,
  deserialize: (text) => new URL(text),
});
const decoder = (type: string) => makeDecoder(parseFieldType(type), "field", serializers);

describe("makeDecoder", () => {
  it.each([
    ["integer", 30, 30],
    ["integer", 30n, 30],
    ["integer", "30", 30],
    ["integer", "-30.0", -30],
    ["bigint", 30n, 30n],
    ["bigint", 30, 30n],
    ["bigint", "9007199254740993", 9007199254740993n],
    ["bigint/numeric", "-9223372036854775809", -9223372036854775809n],
    ["bigint/numeric", "12.000", 12n],
    ["number", 0.5, 0.5],
    ["number", 3n, 3],
    ["number", "1e+21", 1e21],
    ["number", "5e-324", 5e-324],
    ["boolean", true, true],
    ["boolean", 1, true],
    ["boolean", 1n, true],
    ["boolean", "t", true],
    ["boolean", false, false],
    ["boolean", 0, false],
    ["boolean", 0n, false],
    ["boolean", "false", false],
    ["date", new Date(5), new Date(5)],
    ["date", "1970-01-01T00:00:00.005Z", new Date(5)],
    ["date", "1970-01-01 00:00:00.005000", new Date(5)],
    ["date", "1970-01-01 02:00:00.005+02", new Date(5)],
    ["json", '{"a":[1]}', { a: [1] }],
    ["json", { a: [1] }, { a: [1] }],
    ["json", "null", null],
    ["set", '{"$type":"set","value":[1]}', new Set([1])],
    ["map", { $type: "map", value: [[1, 2]] }, new Map([[1, 2]])],
    ["bytes", Buffer.from([1, 2]), new Uint8Array([1, 2])],
    ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ["bytes", "\\x0102", new Uint8Array([1, 2])],
    ["bytes", "AQI=", new Uint8Array([1, 2])],
    ["text", "30", "30"],
    ["text", 30, "30"],
    ["text", 30n, "30"],
    ["text", true, "true"],
    ["text", new Date(5), "1970-01-01T00:00:00.005Z"],
    ["text", { a: 1 }, '{"a":1}'],
    ["undecided", "x", "x"],
    ["custom:URL", "http://localhost/", new URL("http://localhost/")],
  ])("%s: %#", (type, raw, value) => {
    expect(decoder(type)(raw)).toStrictEqual(value);
    expect(decoder(type)(null)).toBeNull();
    expect(decoder(type)(undefined)).toBeNull();
  });

  it("answers no Buffer", () => {
    expect(Buffer.isBuffer(decoder("bytes")(Buffer.from("abc")))).toBe(false);
  });

  it.each([
    ["integer", 2 ** 53],
    ["integer", 2n ** 53n],
    ["integer", "9007199254740993"],
    ["integer", "abc"],
    ["integer", ""],
    ["integer", {}],
    ["bigint", 2 ** 53],
    ["bigint", 0.5],
    ["bigint", "0.5"],
    ["bigint", ""],
    ["number", ""],
    ["number", " "],
    ["number", "abc"],
    ["boolean", 2],
    ["boolean", "yes"],
    ["date", "yesterday"],
    ["date", 5],
    ["date", new Date(Number.NaN)],
    ["json", "{"],
    ["bytes", "not base64"],
    ["bytes", 7],
  ])("a field of type %s refuses what it cannot have stored, without showing it: %#", (type, raw) => {
    expect(() => decoder(type)(raw)).toThrow(SchemaConflictError);
    expect(() => decoder(type)(raw)).toThrow(/^field: expected the stored value to be /);
    expect(() => decoder(type)(raw)).not.toThrow(/abc|yes|9007|not base64/);
  });
});
