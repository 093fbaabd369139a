import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { Serializers } from "../values/serializers.ts";
import { canonicalText } from "./canonical-text.ts";

const serializers = new Serializers();
serializers.register("URL", {
  class: URL,
  serialize: (url) => url.href,
  deserialize: (text) => new URL(text),
});

describe("canonicalText", () => {
  it.each([
    ["as it is", "as it is"],
    [30, "30"],
    [-0, "0"],
    [0.1, "0.1"],
    [1e21, "1e+21"],
    [-(2n ** 70n), "-1180591620717411303424"],
    [true, "true"],
    [new Date("2024-05-01T10:00:00.1Z"), "2024-05-01T10:00:00.100Z"],
    [new Uint8Array([255, 254]), "//4="],
    [{ a: [1, 2n] }, '{"a":[1,{"$type":"bigint","value":"2"}]}'],
    [new Set(["a"]), '{"$type":"set","value":["a"]}'],
    [new URL("http://localhost/x"), "http://localhost/x"],
  ])("%#: %s", (value, text) => {
    expect(canonicalText(value, "note", serializers)).toBe(text);
  });

  it.each([undefined, Number.NaN, "\0", [Symbol("x")], /x/])("refuses what cannot be stored: %#", (value) => {
    expect(() => canonicalText(value, "note", serializers)).toThrow(ValidationError);
  });
});
