import { describe, expect, it } from "vitest";
import { SchemaConflictError } from "../../errors/index.ts";
import { decodeRich } from "./index.ts";
import { decode, encode, Money, none, roundTrip, withMoney } from "./rich-json.samples.ts";

describe("decodeRich", () => {
  it.each([
    '{"$type":"date","value":"yesterday"}',
    '{"$type":"bigint","value":"1.5"}',
    '{"$type":"bytes","value":"?"}',
    '{"$type":"set","value":"x"}',
    '{"$type":"map","value":[[1]]}',
    '{"$type":"object","value":[1]}',
    '{"$type":"System.Int32","value":"1"}',
    '{"$type":"date","value":"2024-05-01T10:00:00.000Z","more":1}',
    '{"$type":7,"value":"x"}',
    '{"$type":"date"}',
  ])("takes a tag that is not ours for an ordinary object: %s", (text) => {
    expect(decode(text)).toEqual(JSON.parse(text));
    expect(roundTrip(decode(text))).toEqual(JSON.parse(text));
  });

  it("reads what a driver has parsed already, and leaves it unchanged", () => {
    const value = { at: new Date(0), list: [{ n: 1n }], plain: { a: 1 }, $type: "mine" };
    const parsed: unknown = JSON.parse(encode(value));
    const copy = structuredClone(parsed);
    expect(decode(parsed)).toEqual(value);
    expect(parsed).toEqual(copy);
  });

  it("reads a database's own spelling of the text", () => {
    expect(decode('{ "at" : {"value": "1970-01-01T00:00:00.000Z", "$type": "date"} }')).toEqual({
      at: new Date(0),
    });
    expect(decode('{"\\u0024type":"bigint","value":"5"}')).toBe(5n);
    expect(decode("null")).toBeNull();
  });

  it.each([
    ['{"a":', "expected the stored value to be JSON, came other text"],
    ['{"a":{"__proto__":{"x":1}}}', 'without a key "__proto__"'],
    ['{"\\u005f_proto__":1}', 'without a key "__proto__"'],
    [deep(65, ""), "at most 64 levels"],
    [deep(63, '{"$type":"set","value":[]}'), "at most 64 levels"],
    [deep(63, '{"$type":"map","value":[]}'), "at most 64 levels"],
    [deep(62, '{"$type":"map","value":[[1,2]]}'), "at most 64 levels"],
    [deep(63, '{"$type":"object","value":{}}'), "at most 64 levels"],
    [new Money(1), "expected the stored value to be parsed JSON"],
  ])("refuses %#", (stored, message) => {
    expect(() => decode(stored)).toThrow(SchemaConflictError);
    expect(() => decode(stored)).toThrow(message);
  });

  it("refuses text beyond the limit before it is parsed", () => {
    expect(() => decodeRich("[1,2,3,4,5]", "data", none, { maxDepth: 64, maxBytes: 10 })).toThrow(
      "at most 10 bytes",
    );
  });

  it("pollutes no prototype", () => {
    expect(() => decode('{"$type":"object","value":{"$type":1,"__proto__":{"polluted":1}}}')).toThrow();
    const read = decode('{"constructor":{"prototype":{"polluted":1}}}');
    expect(read).toEqual({ constructor: { prototype: { polluted: 1 } } });
    expect(Object.hasOwn({}, "polluted") || "polluted" in {}).toBe(false);
  });

  it("needs the serializer of a type of yours", () => {
    const text = encode({ price: new Money(5) }, withMoney);
    expect(decode(text, withMoney)).toEqual({ price: new Money(5) });
    expect(() => decode(text)).toThrow(/data\.price: .*registerSerializer/);
  });
});

function deep(levels: number, innermost: string): string {
  return "[".repeat(levels) + innermost + "]".repeat(levels);
}
