import { describe, expect, it } from "vitest";
import { SchemaConflictError } from "../../errors/index.ts";
import { parseFieldType } from "../kinds/field-type.ts";
import { Serializers } from "../values/serializers.ts";
import { makeTextForm } from "./text-forms.ts";

const textForm = (type: string) => makeTextForm(parseFieldType(type), "field", new Serializers());

describe("makeTextForm", () => {
  it.each([
    ["integer", 30, "30"],
    ["integer", 30n, "30"],
    ["bigint", 30n, "30"],
    ["bigint/numeric", "12.0", "12"],
    ["number", 30, "30"],
    ["number", 1e21, "1e+21"],
    ["number", -0, "0"],
    ["number", Number.POSITIVE_INFINITY, "Infinity"],
    ["boolean", 1n, "true"],
    ["boolean", false, "false"],
    ["date", new Date(5), "1970-01-01T00:00:00.005Z"],
    ["date", "1970-01-01 00:00:00.005000", "1970-01-01T00:00:00.005Z"],
    ["date", "1970-01-01T00:00:00.005Z", "1970-01-01T00:00:00.005Z"],
    ["bytes", Buffer.from([1, 2]), "AQI="],
    ["bytes", "\\x0102", "AQI="],
    ["json", '{"a":[1,2]}', '{"a":[1,2]}'],
    ["json", '{"a": [1, 2], "b": "x: y"}', '{"a":[1,2],"b":"x: y"}'],
    ["json", "[\n1\n]", "[1]"],
    ["json", '{"a": ', '{"a": '],
    ["json", { a: [1] }, '{"a":[1]}'],
    ["set", '{"$type": "set", "value": [1]}', '{"$type":"set","value":[1]}'],
    ["text", "x", "x"],
    ["text", 30, "30"],
    ["undecided", null, null],
    ["custom:Unregistered", "its text", "its text"],
  ])("%s: %#", (type, raw, text) => {
    expect(textForm(type)(raw)).toBe(text);
    expect(textForm(type)(null)).toBeNull();
    expect(textForm(type)(undefined)).toBeNull();
  });

  it("refuses what the field cannot have stored", () => {
    expect(() => textForm("boolean")("maybe")).toThrow(SchemaConflictError);
  });
});
