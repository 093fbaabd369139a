import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseArray } from "./arrays.ts";
import { bindValue } from "./bind.ts";
import { parseBytes, parserFor, parseTimestamp } from "./types.ts";

describe("parserFor", () => {
  it.each([
    [20, "42", 42],
    [20, "9007199254740991", 9007199254740991],
    [20, "9007199254740992", 9007199254740992n],
    [20, "-9223372036854775808", -9223372036854775808n],
    [21, "-7", -7],
    [23, "2147483647", 2147483647],
    [701, "1e+21", 1e21],
    [701, "-Infinity", Number.NEGATIVE_INFINITY],
    [701, "NaN", Number.NaN],
    [16, "t", true],
    [16, "f", false],
    [1700, "12345678901234567890.10", "12345678901234567890.10"],
    [25, "text", "text"],
    [1082, "2024-05-06", "2024-05-06"],
    [1114, "2024-05-06 07:08:09", "2024-05-06 07:08:09"],
    [3802, '{"a": [1, null]}', { a: [1, null] }],
    [999_999, "whatever", "whatever"],
    [1016, "{1,NULL,9007199254740993}", [1, null, 9007199254740993n]],
    [1000, "{t,f}", [true, false]],
    [1231, "{1.50}", ["1.50"]],
  ])("reads type %i: %s", (oid, text, value) => {
    expect(parserFor(oid)(text)).toEqual(value);
  });

  it("keeps __proto__ in JSON an ordinary key", () => {
    const value = parserFor(114)('{"__proto__": {"admin": true}}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(Object(value))).toEqual(["__proto__"]);
  });
});

describe("parseTimestamp", () => {
  it.each([
    ["2024-05-06 07:08:09+00", "2024-05-06T07:08:09.000Z"],
    ["2024-05-06 07:08:09.123456-03:30", "2024-05-06T10:38:09.123Z"],
    ["2024-05-06 07:08:09.1+05:45", "2024-05-06T01:23:09.100Z"],
    ["1890-01-01 00:00:00+00:19:32", "1889-12-31T23:40:28.000Z"],
    ["0099-01-01 00:00:00+00", "0099-01-01T00:00:00.000Z"],
    ["0044-03-15 12:00:00+00 BC", "-000043-03-15T12:00:00.000Z"],
    ["12024-01-01 00:00:00+00", "+012024-01-01T00:00:00.000Z"],
  ])("reads %s", (text, iso) => {
    expect(parseTimestamp(text)).toEqual(new Date(iso));
  });

  it.each(["infinity", "-infinity", "Mon 06 May 07:08:09 2024 UTC", "294276-12-31 23:59:59.999999+00"])(
    "leaves %s, which no Date holds or no format of ours is, as text",
    (text) => {
      expect(parseTimestamp(text)).toBe(text);
    },
  );
});

describe("parseBytes", () => {
  it("reads both of the server's formats", () => {
    expect(parseBytes("\\x00ff41")).toEqual(new Uint8Array([0, 255, 65]));
    expect(parseBytes("\\x")).toEqual(new Uint8Array());
    expect(parseBytes("A\\\\b\\000\\377")).toEqual(new Uint8Array([65, 92, 98, 0, 255]));
  });
});

describe("parseArray", () => {
  it("reads bounds, nesting, quotes and NULL", () => {
    const text = (element: string) => element;
    expect(parseArray("{}", text)).toEqual([]);
    expect(parseArray("[0:1]={a,b}", text)).toEqual(["a", "b"]);
    expect(parseArray('{{a,"b c"},{NULL,"NULL"}}', text)).toEqual([
      ["a", "b c"],
      [null, "NULL"],
    ]);
    expect(() => parseArray("{a,b", text)).toThrow(SyntaxError);
  });

  it("reads back what bindValue writes", () => {
    const element = fc.oneof(
      fc.string({ unit: "binary" }).filter((s) => !s.includes("\0")),
      fc.constant(null),
    );
    fc.assert(
      fc.property(fc.array(fc.array(element, { minLength: 1 })), (values) => {
        expect(parseArray(String(bindValue(values)), (text) => text)).toEqual(values);
      }),
    );
  });
});
