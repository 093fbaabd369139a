import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Serializers } from "../values/serializers.ts";
import { formatFieldType, parseFieldType } from "./field-type.ts";
import { fitsField } from "./fits.ts";
import { typeOf } from "./kind-of.ts";
import { widen } from "./widen.ts";

const serializers = new Serializers();
serializers.register("URL", {
  class: URL,
  serialize: (url) => url.href,
  deserialize: (text) => new URL(text),
});

const types = [
  "undecided",
  "integer",
  "bigint",
  "bigint/numeric",
  "number",
  "text",
  "boolean",
  "date",
  "json",
  "bytes",
  "set",
  "map",
  "custom:URL",
  "custom:Other",
].map(parseFieldType);

const value = fc.oneof(
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.constantFrom(2n ** 63n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 63n) - 1n, 2 ** 53, 2 ** 53 - 1),
  fc.string(),
  fc.boolean(),
  fc.date({ min: new Date(0), max: new Date(1e12), noInvalidDate: true }),
  fc.array(fc.nat()),
  fc.dictionary(fc.constantFrom("a", "b"), fc.nat()),
  fc.uint8Array(),
  fc.constantFrom(new Set([1]), new Map([[1, 2]]), new URL("http://localhost")),
);

describe("fitsField", () => {
  it("says yes exactly where widening changes nothing, but for what text turns into text", () => {
    fc.assert(
      fc.property(fc.constantFrom(...types), value, (type, value) => {
        const incoming = typeOf(value, serializers);
        const sameKind = type.kind !== "text" || incoming.kind === "text" || incoming.kind === "undecided";
        const expected = widen(type, incoming).change === "none" && sameKind;
        expect([formatFieldType(type), fitsField(type, value, serializers)]).toEqual([
          formatFieldType(type),
          expected,
        ]);
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ["number", Number.NaN],
    ["integer", 0.5],
    ["text", undefined],
    ["json", /x/],
    ["json", new Date()],
    ["date", {}],
    ["bytes", new Uint16Array(1)],
  ])("a field of type %s does not take %#", (type, value) => {
    expect(fitsField(parseFieldType(type), value, serializers)).toBe(false);
  });
});
