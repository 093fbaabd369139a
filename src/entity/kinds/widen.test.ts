import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FieldType, formatFieldType, parseFieldType } from "./field-type.ts";
import { widen } from "./widen.ts";

const names = [
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
  "custom:Money",
  "custom:Point",
];
const anyType = fc.constantFrom(...names.map(parseFieldType));
const join = (a: FieldType, b: FieldType) => formatFieldType(widen(a, b).result);
const joined = (a: FieldType, b: FieldType) => widen(a, b).result;

describe("widen", () => {
  it.each([
    ["undecided", "integer", "integer", "storage"],
    ["undecided", "text", "text", "kind"],
    ["undecided", "custom:Money", "custom:Money", "kind"],
    ["integer", "undecided", "integer", "none"],
    ["integer", "integer", "integer", "none"],
    ["integer", "bigint", "bigint", "kind"],
    ["integer", "bigint/numeric", "bigint/numeric", "storage"],
    ["integer", "number", "number", "storage"],
    ["bigint", "integer", "bigint", "none"],
    ["bigint", "bigint/numeric", "bigint/numeric", "storage"],
    ["bigint/numeric", "bigint", "bigint/numeric", "none"],
    ["bigint/numeric", "integer", "bigint/numeric", "none"],
    ["bigint", "number", "text", "storage"],
    ["number", "integer", "number", "none"],
    ["number", "bigint", "text", "storage"],
    ["text", "integer", "text", "none"],
    ["boolean", "integer", "text", "storage"],
    ["date", "text", "text", "storage"],
    ["set", "map", "json", "kind"],
    ["set", "json", "json", "kind"],
    ["json", "map", "json", "none"],
    ["json", "date", "text", "storage"],
    ["custom:Money", "custom:Point", "text", "kind"],
    ["custom:Money", "json", "text", "kind"],
  ])("%s with %s is %s, changing %s", (current, incoming, result, change) => {
    const widening = widen(parseFieldType(current), parseFieldType(incoming));
    expect(formatFieldType(widening.result)).toBe(result);
    expect(widening.change).toBe(change);
  });

  it("joins: it is idempotent, commutative and associative, and undecided changes nothing", () => {
    fc.assert(
      fc.property(anyType, anyType, anyType, (a, b, c) => {
        expect(widen(a, a)).toEqual({ result: a, change: "none" });
        expect(join(a, b)).toBe(join(b, a));
        expect(join(joined(a, b), c)).toBe(join(a, joined(b, c)));
        expect(join(a, parseFieldType("undecided"))).toBe(formatFieldType(a));
        expect(join(a, parseFieldType("text"))).toBe("text");
      }),
      { numRuns: 3000 },
    );
  });

  it("only widens: what a field has held, its new type holds without a further change", () => {
    fc.assert(
      fc.property(anyType, anyType, (a, b) => {
        const { result } = widen(a, b);
        expect(widen(result, a).change).toBe("none");
        expect(widen(result, b).change).toBe("none");
      }),
      { numRuns: 1000 },
    );
  });

  it("is monotone: a wider field stays the wider one", () => {
    const below = (a: FieldType, b: FieldType) => join(a, b) === formatFieldType(b);
    fc.assert(
      fc.property(anyType, anyType, anyType, (a, b, c) => {
        fc.pre(below(a, b));
        expect(below(joined(a, c), joined(b, c))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });
});
