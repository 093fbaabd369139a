import { describe, expect, it } from "vitest";
import { valueBinder } from "./value-binder.ts";

type Tagged = readonly [kind: string, value: unknown];

const forms = {
  boolean: (value: boolean): Tagged => ["boolean", value],
  number: (value: number): Tagged => ["number", value],
  bigint: (value: bigint): Tagged => ["bigint", value],
  date: (value: Date): Tagged => ["date", value.toISOString()],
  bytes: (value: Uint8Array): Tagged => ["bytes", value.length],
};
const bindValue = valueBinder<Tagged>(forms);

describe("valueBinder", () => {
  it("gives text and null as they are, and everything else its form", () => {
    expect([bindValue("a"), bindValue(""), bindValue(null)]).toEqual(["a", "", null]);
    expect(bindValue(true)).toEqual(["boolean", true]);
    expect(bindValue(0.5)).toEqual(["number", 0.5]);
    expect(bindValue(2n ** 70n)).toEqual(["bigint", 2n ** 70n]);
    expect(bindValue(new Date(0))).toEqual(["date", "1970-01-01T00:00:00.000Z"]);
    expect(bindValue(Buffer.from([1, 2]))).toEqual(["bytes", 2]);
  });

  it("takes arrays only where they have a form", () => {
    expect(() => bindValue([1])).toThrow("got an array: turn it into JSON text");
    const withLists = valueBinder<Tagged>({ ...forms, list: (values) => ["list", values.length] });
    expect(withLists([1, 2])).toEqual(["list", 2]);
    expect(() => withLists({})).toThrow("got an object");
  });

  it.each([
    [undefined, "got undefined: use null"],
    [Number.NaN, "got NaN"],
    [Number.NEGATIVE_INFINITY, "got -Infinity"],
    [new Date(Number.NaN), "got an invalid Date"],
    [new Date("-000001-01-01T00:00:00Z"), "years 1 to 9999"],
    [new Date("+010000-01-01T00:00:00Z"), "years 1 to 9999"],
    ["secret\ud800", "lone surrogate"],
    ["secret\0", "NUL"],
    [{ key: "secret" }, "got an object"],
    [new Float64Array(1), "got an object"],
    [() => "secret", "got a function"],
    [Symbol("secret"), "got a symbol"],
  ])("refuses %o without repeating it", (value, message) => {
    expect(() => bindValue(value)).toThrow(TypeError);
    expect(() => bindValue(value)).toThrow(message);
    expect(() => bindValue(value)).not.toThrow("secret");
  });
});
