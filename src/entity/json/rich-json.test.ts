import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { decode, encode, Money, roundTrip, withMoney } from "./rich-json.samples.ts";

describe("rich JSON", () => {
  const key = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom("$type", "value", "__proto__", "constructor", "a b"),
  );
  const anything = fc.anything({
    key,
    withBigInt: true,
    withDate: true,
    withTypedArray: true,
    withSet: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
    withBoxedValues: true,
    withUnicodeString: true,
  });

  it("comes back as it was, or is refused with a ValidationError", () => {
    let kept = 0;
    fc.assert(
      fc.property(anything, (value) => {
        let text: string;
        try {
          text = encode(value, withMoney);
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError);
          return;
        }
        kept++;
        expect(decode(text, withMoney)).toEqual(withoutNegativeZero(value));
        // A string is always taken for text; what a field holds is an array or an object.
        if (typeof value === "string") return;
        expect(decode(JSON.parse(text), withMoney)).toEqual(withoutNegativeZero(value));
      }),
      { numRuns: 3000 },
    );
    expect(kept).toBeGreaterThan(300);
  });

  it("keeps every storable value", () => {
    const rich = fc.letrec((tie) => ({
      leaf: fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
        fc.bigInt(),
        fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\0")),
        fc.date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true }),
        fc.uint8Array(),
        fc.boolean(),
        fc.constant(null),
        fc.nat().map((cents) => new Money(cents)),
      ),
      node: fc.oneof(
        { maxDepth: 5 },
        tie("leaf"),
        fc.array(tie("node"), { maxLength: 4 }),
        fc.array(tie("node"), { maxLength: 4 }).map((items) => new Set(items)),
        fc.array(fc.tuple(tie("node"), tie("node")), { maxLength: 4 }).map((pairs) => new Map(pairs)),
        fc.dictionary(fc.constantFrom("$type", "value", "a", "constructor"), tie("node")),
      ),
    })).node;
    fc.assert(
      fc.property(rich, (value) => {
        expect(roundTrip(value, withMoney)).toEqual(value);
      }),
      { numRuns: 2000 },
    );
  });
});

/** As `toEqual` tells -0 from 0, and no database does. */
function withoutNegativeZero(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (value instanceof Set) return new Set([...value].map(withoutNegativeZero));
  if (value instanceof Map) {
    return new Map([...value].map(([key, entry]) => [withoutNegativeZero(key), withoutNegativeZero(entry)]));
  }
  if (typeof value === "object" && value !== null) {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      return Object.fromEntries(
        Object.entries(value).map(([key, entry]) => [key, withoutNegativeZero(entry)]),
      );
    }
  }
  return value;
}
