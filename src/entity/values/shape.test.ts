import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { isBytes, isDate, isMap, isPlainArray, isPlainObject, isSet, shapeOf } from "./shape.ts";

class Point {
  readonly x = 1;
}
class MyDate extends Date {}
class MyArray extends Array {}
class MySet extends Set {
  override add(value: unknown): this {
    return super.add(value);
  }
}
class MyMap extends Map {}
class MyBytes extends Uint8Array {}

describe("shapeOf", () => {
  it.each([
    [{}, "object"],
    [Object.create(null), "object"],
    [[], "array"],
    [new Date(), "date"],
    [new Uint8Array(1), "bytes"],
    [Buffer.from("a"), "bytes"],
    [new Set(), "set"],
    [new Map(), "map"],
  ])("knows what can be stored: %#", (value, shape) => {
    expect(shapeOf(value)).toBe(shape);
  });

  it.each([
    new Point(),
    new MyDate(),
    new MyArray(),
    new MySet(),
    new MyMap(),
    new MyBytes(1),
    Object.create({ inherited: 1 }),
    Object.create(Object.assign(Object.create(null), { inherited: 1 })),
    Object.create(Date.prototype),
    Object.create(Map.prototype),
    Object.setPrototypeOf([], null),
    Object.setPrototypeOf(new Date(), null),
    new Uint16Array(1),
    new ArrayBuffer(1),
    new DataView(new ArrayBuffer(1)),
    /x/,
    new Error("x"),
    Promise.resolve(),
    new WeakMap(),
    new Number(1),
    new URL("http://localhost"),
    () => 1,
  ])("refuses what would come back as something else: %#", (value) => {
    expect(shapeOf(value)).toBe("other");
  });

  it("knows the objects of another realm", () => {
    expect(runInNewContext("({})", {})).not.toBeInstanceOf(Object);
    expect(shapeOf(runInNewContext("({})"))).toBe("object");
    expect(shapeOf(runInNewContext("[]"))).toBe("array");
    expect(shapeOf(runInNewContext("new Date()"))).toBe("date");
    expect(shapeOf(runInNewContext("new Set()"))).toBe("set");
    expect(shapeOf(runInNewContext("new Map()"))).toBe("map");
    expect(shapeOf(runInNewContext("new Uint8Array(1)"))).toBe("bytes");
    expect(shapeOf(runInNewContext("new (class extends Map {})()"))).toBe("other");
    expect(shapeOf(runInNewContext("new (class {})()"))).toBe("other");
  });
});

describe("the guards", () => {
  const values = {
    object: {},
    array: [],
    date: new Date(),
    bytes: new Uint8Array(1),
    set: new Set(),
    map: new Map(),
  };
  const guards = {
    object: isPlainObject,
    array: isPlainArray,
    date: isDate,
    bytes: isBytes,
    set: isSet,
    map: isMap,
  };

  it("each accept their own shape and no other", () => {
    for (const [shape, guard] of Object.entries(guards)) {
      for (const [other, value] of Object.entries(values)) expect(guard(value)).toBe(shape === other);
    }
  });
});
