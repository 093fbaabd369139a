import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SqlValue } from "../../backend/values.ts";
import { ValidationError } from "../../errors/index.ts";
import { type FieldType, parseFieldType, typeOf } from "../kinds/index.ts";
import { Serializers } from "../values/serializers.ts";
import { Codec, equalValues } from "./codec.ts";

class Money {
  readonly cents: number;
  constructor(cents: number) {
    this.cents = cents;
  }
}
const serializers = new Serializers();
serializers.register("Money", {
  class: Money,
  serialize: (money) => String(money.cents),
  deserialize: (text) => new Money(Number(text)),
});
const codec = new Codec(serializers);

/** How each database and driver answers what was bound, as measured or as their manuals say. */
const answers: Readonly<Record<string, (bound: SqlValue, type: FieldType) => unknown>> = {
  "as it was bound": (bound) => bound,
  "SQLite: integers as bigint, booleans as 0 and 1, dates as ISO text": (bound) => {
    if (typeof bound === "number" && Number.isSafeInteger(bound)) return BigInt(bound);
    if (typeof bound === "boolean") return bound ? 1n : 0n;
    if (bound instanceof Date) return bound.toISOString();
    return bound instanceof Uint8Array ? Buffer.from(bound) : bound;
  },
  "PostgreSQL: numbers as text, JSON parsed": (bound, type) => {
    if (typeof bound === "number" || typeof bound === "bigint") return String(bound);
    if (bound instanceof Date) return bound.toISOString().replace("T", " ").replace("Z", "+00");
    if (bound instanceof Uint8Array) return `\\x${Buffer.from(bound).toString("hex")}`;
    return typeof bound === "string" && type.storage === "json" ? JSON.parse(bound) : bound;
  },
  "MySQL: booleans as 0 and 1, dates as text with microseconds": (bound, type) => {
    if (typeof bound === "boolean") return bound ? 1 : 0;
    if (bound instanceof Date) return bound.toISOString().replace("T", " ").replace("Z", "000");
    if (bound instanceof Uint8Array) return Buffer.from(bound);
    return typeof bound === "string" && type.storage === "json" ? bound.replace(/^\{"/, '{ "') : bound;
  },
};

const handMade: readonly unknown[] = [
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 53),
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  10n ** 65n - 1n,
  Number("1e-324"),
  5e-324,
  1.7976931348623157e308,
  1e21,
  0.1 + 0.2,
  "",
  "é",
  "e\u0301",
  "30",
  "null",
  "x".repeat(1_000_000),
  new Date("0001-01-01T00:00:00.000Z"),
  new Date("9999-12-31T23:59:59.999Z"),
  new Date("2024-03-10T07:30:00.000Z"),
  { constructor: 1, $type: "date", value: "x" },
  { n: 2n ** 80n, f: 5e-324, big: 2 ** 60 },
  [null],
  new Money(7),
  { price: new Money(7) },
];

describe.each(Object.entries(answers))("Codec, %s", (_name, answer) => {
  const through = (value: unknown, type: FieldType) =>
    codec.decode(answer(codec.encode(value, type), type), type);

  it.each(handMade.map((value, i) => [i, value] as const))("keeps hand-made value %i", (_i, value) => {
    expect(through(value, typeOf(value, serializers))).toEqual(value);
  });

  it("keeps every value that it accepts, and says the same text as before", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withUnicodeString: true,
      maxDepth: 2,
    });
    let kept = 0;
    fc.assert(
      fc.property(anything, (value) => {
        let type: FieldType;
        try {
          type = typeOf(value, serializers);
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError);
          return;
        }
        kept++;
        const raw = answer(codec.encode(value, type), type);
        const read = codec.decode(raw, type);
        expect(equalValues(read, value)).toBe(true);
        expect(equalValues(codec.storedForm(value, type), read)).toBe(true);
        expect(codec.toText(raw, type)).toBe(codec.toText(codec.encode(value, type), type));
      }),
      { numRuns: 1500 },
    );
    expect(kept).toBeGreaterThan(200);
  });
});

describe("Codec", () => {
  it("answers what a value reads back as", () => {
    expect(codec.storedForm(5, parseFieldType("bigint"))).toBe(5n);
    expect(codec.storedForm(5, parseFieldType("text"))).toBe("5");
    expect(codec.storedForm(null, parseFieldType("json"))).toBeNull();
    expect(codec.storedForm({ a: 1, gone: undefined }, parseFieldType("json"))).toStrictEqual({ a: 1 });
  });

  it("shares nothing with the value that was given", () => {
    const given = { date: new Date(5), bytes: Buffer.from([1, 2]), json: { a: [1] } };
    for (const [kind, value] of Object.entries(given)) {
      const stored = codec.storedForm(value, parseFieldType(kind));
      expect(stored).not.toBe(value);
      expect(equalValues(stored, value)).toBe(true);
    }
    const bytes = codec.storedForm(given.bytes, parseFieldType("bytes"));
    given.bytes[0] = 9;
    expect(bytes).toStrictEqual(new Uint8Array([1, 2]));
  });

  it("names the field in messages when it was told", () => {
    expect(() => codec.encoderFor(parseFieldType("json"), "tags")([Number.NaN])).toThrow(/^tags\[0\]: /);
    expect(() => codec.decoderFor(parseFieldType("json"), "tags")("{")).toThrow(/^tags: /);
    expect(() => codec.textFormFor(parseFieldType("integer"), "age")("x")).toThrow(/^age: /);
  });
});
