import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { encodeRich } from "./index.ts";
import { encode, Money, none, roundTrip, withMoney } from "./rich-json.samples.ts";

describe("encodeRich", () => {
  it("leaves plain data plain", () => {
    const value = { a: [1, "x", null, true, { b: 1.5e300 }], c: 1e21, d: "é😀" };
    expect(encode(value)).toBe(JSON.stringify(value));
  });

  it("tags what JSON has no word for", () => {
    const at = new Date("2024-05-01T10:00:00.000Z");
    expect(
      JSON.parse(encode({ at, n: 5n, b: new Uint8Array([1, 2]), s: new Set([1]), m: new Map([["k", 1]]) })),
    ).toEqual({
      at: { $type: "date", value: "2024-05-01T10:00:00.000Z" },
      n: { $type: "bigint", value: "5" },
      b: { $type: "bytes", value: "AQI=" },
      s: { $type: "set", value: [1] },
      m: { $type: "map", value: [["k", 1]] },
    });
    expect(encode({ $type: "date", value: "x" })).toBe(
      '{"$type":"object","value":{"$type":"date","value":"x"}}',
    );
    expect(encode([new Money(5)], withMoney)).toBe('[{"$type":"custom:Money","value":"5"}]');
  });

  it("does not change what it is given", () => {
    const value = { a: 1, at: new Date(0), list: [1, 2n], gone: undefined };
    const before = { ...value, list: [...value.list] };
    encode(value);
    expect(value).toStrictEqual(before);
  });

  const cyclic: unknown[] = [];
  cyclic.push({ loop: cyclic });
  const cyclicMap = new Map<string, unknown>();
  cyclicMap.set("self", cyclicMap);

  it.each([
    [{ a: [Number.NaN] }, "data.a[0]: expected a finite number, came NaN"],
    [{ a: Number.NEGATIVE_INFINITY }, "data.a: expected a finite number, came -Infinity"],
    [[new Date(Number.NaN)], "data[0]: expected a Date in the years 1 to 9999 (UTC), came an invalid Date"],
    [[1, undefined], "data[1]: expected a value, or null for none, came undefined"],
    [new Array(1), "data[0]: expected a value, or null for none, came undefined"],
    [new Set([undefined]), "data[0]: expected a value, or null for none, came undefined"],
    [{ "a b": () => 1 }, 'data["a b"]: expected data, came a function'],
    [{ a: Symbol("x") }, "data.a: expected data, came a symbol"],
    [
      { a: new Money(1) },
      "data.a: expected plain data, or a type that registerSerializer has added, came an instance of Money",
    ],
    [{ a: new Float64Array(1) }, "came an instance of Float64Array"],
    [{ a: "x\0" }, "data.a: expected text that every database can keep, came a string with a NUL character"],
    [
      { a: "\ud800" },
      "data.a: expected text that every database can keep, came a string with half of a surrogate pair",
    ],
    [{ "\ud800": 1 }, "came a string with half"],
    [JSON.parse('{"__proto__": 1}'), 'expected a key other than "__proto__"'],
    [new Map([[Number.NaN, 1]]), "data[0][0]: expected a finite number"],
    [cyclic, "expected at most 64 levels of nesting, came an object that holds itself"],
    [cyclicMap, "came an object that holds itself"],
    [nested(65), "expected at most 64 levels of nesting, came more"],
  ])("refuses %#: %s", (value, message) => {
    expect(() => encode(value)).toThrow(ValidationError);
    expect(() => encode(value)).toThrow(message);
  });

  it("accepts 64 levels, tags counted", () => {
    expect(roundTrip(nested(64))).toEqual(nested(64));
    expect(() => encode(nested(63, [1n]))).toThrow("at most 64 levels");
    expect(roundTrip(nested(63, 1n))).toEqual(nested(63, 1n));
    const tagged = { $type: "mine", list: [1] };
    expect(() => encode(nested(62, tagged))).toThrow("at most 64 levels");
    expect(roundTrip(nested(61, tagged))).toEqual(nested(61, tagged));
    expect(() => encode(nested(63, new Set([1])))).toThrow("at most 64 levels");
    expect(roundTrip(nested(62, new Set([1])))).toEqual(nested(62, new Set([1])));
    expect(() => encode(nested(61, new Map([[1, [2]]])))).toThrow("at most 64 levels");
    expect(roundTrip(nested(60, new Map([[1, [2]]])))).toEqual(nested(60, new Map([[1, [2]]])));
  });

  it("stops a small graph that unfolds into an endless tree", () => {
    let graph: unknown = [];
    for (let i = 0; i < 60; i++) graph = [graph, graph];
    expect(() => encodeRich(graph, "data", none, { maxDepth: 64, maxBytes: 100_000 })).toThrow(
      "data: expected at most 100000 bytes as JSON, came more",
    );
  });

  it("counts bytes, not characters", () => {
    const limits = { maxDepth: 64, maxBytes: 10 };
    expect(encodeRich("12345678", "data", none, limits)).toBe('"12345678"');
    expect(() => encodeRich("123456789", "data", none, limits)).toThrow("at most 10 bytes");
    expect(() => encodeRich("ééééé", "data", none, limits)).toThrow("at most 10 bytes");
    expect(() => encodeRich({ n: "\n\n\n\n" }, "data", none, { ...limits, maxBytes: 15 })).toThrow(
      "at most 15 bytes",
    );
  });

  it("keeps a megabyte", () => {
    const value = { text: "x".repeat(1_000_000) };
    expect(roundTrip(value)).toEqual(value);
  });
});

function nested(levels: number, innermost: unknown = []): unknown {
  let value = innermost;
  const around = Array.isArray(innermost) && innermost.length === 0 ? levels - 1 : levels;
  for (let i = 0; i < around; i++) value = [value];
  return value;
}
