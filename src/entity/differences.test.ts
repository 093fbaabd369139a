import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { differences } from "./differences.ts";
import { Serializers } from "./values/serializers.ts";

class Money {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  toString(): string {
    return String(this.#cents);
  }
}

describe("differences", () => {
  it("says what was added, removed and changed, in a stable order", () => {
    expect(differences({ b: 1, a: 1, gone: 1, same: 1 }, { new: 1, same: 1, a: 2, b: 2 })).toEqual([
      { field: "b", before: 1, after: 2, change: "changed" },
      { field: "a", before: 1, after: 2, change: "changed" },
      { field: "gone", before: 1, after: undefined, change: "removed" },
      { field: "new", before: undefined, after: 1, change: "added" },
    ]);
  });

  it("takes null for no record, and for a value", () => {
    expect(differences(null, { a: 1 })).toEqual([
      { field: "a", before: undefined, after: 1, change: "added" },
    ]);
    expect(differences({ a: 1 }, null)).toEqual([
      { field: "a", before: 1, after: undefined, change: "removed" },
    ]);
    expect(differences({ a: null }, { a: 1 })).toMatchObject([{ change: "changed" }]);
    expect(differences({ a: null }, {})).toMatchObject([{ change: "removed" }]);
    expect(differences({ a: undefined }, {})).toEqual([]);
    expect(differences(null, null)).toEqual([]);
  });

  it("compares what values hold", () => {
    const before = { at: new Date(5), tags: new Set(["a", "b"]), n: 5 };
    expect(differences(before, { at: new Date(5), tags: new Set(["b", "a"]), n: 5n })).toMatchObject([
      { field: "n" },
    ]);
  });

  it("compares types of your own through their serializers", () => {
    const serializers = new Serializers();
    serializers.register("Money", {
      class: Money,
      serialize: String,
      deserialize: (text) => new Money(Number(text)),
    });
    const change = (cents: number) =>
      differences({ price: new Money(5) }, { price: new Money(cents) }, { serializers }).length;
    expect(change(5)).toBe(0);
    expect(change(6)).toBe(1);
    expect(differences({ price: new Money(5) }, { price: new Money(5) })).toHaveLength(1);
  });

  it("leaves out system fields when asked to", () => {
    const before = { name: "a", version: 1, updated_at: new Date(1) };
    const after = { name: "a", version: 2, updated_at: new Date(2), history_comment: "x" };
    expect(differences(before, after).map(({ field }) => field)).toEqual([
      "version",
      "updated_at",
      "history_comment",
    ]);
    expect(differences(before, after, { ignoreSystemFields: true })).toEqual([]);
  });

  it("is not misled by inherited names", () => {
    expect(differences({}, { toString: 1 })).toMatchObject([
      { field: "toString", before: undefined, change: "added" },
    ]);
  });

  it("is empty for a record and itself, and mirrors when the two change places", () => {
    const record = fc.dictionary(
      fc.constantFrom("a", "b", "c", "d"),
      fc.anything({ withDate: true, maxDepth: 1 }),
    );
    fc.assert(
      fc.property(record, record, (a, b) => {
        expect(differences(a, a)).toEqual([]);
        const mirrored = differences(b, a).map(({ field }) => field);
        expect(
          differences(a, b)
            .map(({ field }) => field)
            .sort(),
        ).toEqual(mirrored.sort());
      }),
    );
  });
});
