import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { equalValues } from "./equality.ts";
import { Serializers } from "./serializers.ts";

class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  toString(): string {
    return String(this.#cents);
  }
}
const serializers = new Serializers();
serializers.register("Money", {
  class: Money,
  serialize: String,
  deserialize: (text) => new Money(Number(text)),
});

const nullPrototype: object = Object.assign(Object.create(null), { a: 1 });

describe("equalValues", () => {
  it.each([
    [1, 1],
    [0, -0],
    [5n, 5n],
    [null, null],
    [new Date(5), new Date(5)],
    [new Uint8Array([1, 2]), Buffer.from([1, 2])],
    [
      { a: 1, b: [2] },
      { b: [2], a: 1 },
    ],
    [{ a: 1, gone: undefined }, { a: 1 }],
    [nullPrototype, { a: 1 }],
    [new Set([1, 2]), new Set([2, 1])],
    [new Set([{ a: 1 }, { a: 2 }]), new Set([{ a: 2 }, { a: 1 }])],
    [
      new Map([
        ["a", 1],
        ["b", 2],
      ]),
      new Map([
        ["b", 2],
        ["a", 1],
      ]),
    ],
    [
      new Map([
        [{ k: 1 }, 1],
        [{ k: 2 }, 2],
      ]),
      new Map([
        [{ k: 2 }, 2],
        [{ k: 1 }, 1],
      ]),
    ],
  ])("equal: %#", (a, b) => {
    expect(equalValues(a, b)).toBe(true);
    expect(equalValues(b, a)).toBe(true);
  });

  const shared = { a: 1 };

  it.each([
    [1, 2],
    [5, 5n],
    ["5", 5],
    [null, undefined],
    [null, {}],
    [0, null],
    ["é", "e\u0301"],
    [new Date(5), new Date(6)],
    [new Date(5), 5],
    [new Date(5), {}],
    [new Uint8Array([1]), new Uint8Array([2])],
    [new Uint8Array([1]), [1]],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 2]],
    [[], {}],
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [
      { a: undefined, b: 1 },
      { a: 1, b: undefined },
    ],
    [{}, Object.create({ a: 1 })],
    [{ toString: 1 }, {}],
    [{ toString: Object.prototype.toString }, { other: 1 }],
    [new Set([1]), new Set([2])],
    [new Set([shared, { a: 1 }]), new Set([shared, { a: 2 }])],
    [new Set([{ a: 1 }, { a: 1 }]), new Set([{ a: 1 }, { a: 2 }])],
    [new Set([1]), [1]],
    [new Map([["a", 1]]), new Map([["a", 2]])],
    [new Map([["a", 1]]), new Map([["b", 1]])],
    [new Map([[{ k: 1 }, 1]]), new Map([[{ k: 1 }, 2]])],
    [new Map(), new Set()],
  ])("different: %#", (a, b) => {
    expect(equalValues(a, b)).toBe(false);
    expect(equalValues(b, a)).toBe(false);
  });

  it("compares types of your own by their text, and never by what can be seen of them", () => {
    expect(equalValues(new Money(1), new Money(1), serializers)).toBe(true);
    expect(equalValues({ price: [new Money(1)] }, { price: [new Money(1)] }, serializers)).toBe(true);
    expect(equalValues(new Money(1), new Money(2), serializers)).toBe(false);
    expect(equalValues(new Money(1), "1", serializers)).toBe(false);
    expect(equalValues("1", new Money(1), serializers)).toBe(false);
    expect(equalValues({}, new Money(1), serializers)).toBe(false);
    expect(equalValues(new Money(1), {}, serializers)).toBe(false);
    expect(equalValues(new Money(1), new Money(1))).toBe(false);
  });

  it("agrees with itself on a deep copy, both ways round", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withSet: true,
      withMap: true,
      withTypedArray: false,
    });
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        expect(equalValues(a, structuredClone(a))).toBe(true);
        expect(equalValues(a, b)).toBe(equalValues(b, a));
      }),
      { numRuns: 1000 },
    );
  });
});
