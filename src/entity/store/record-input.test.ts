import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { checkNewNames, readRecordInput } from "./record-input.ts";

const read = (record: unknown) => readRecordInput("users", record);

describe("readRecordInput", () => {
  it("takes a record apart into id and values", () => {
    expect(read({ id: "a", name: "Ann", age: null })).toEqual({
      id: "a",
      values: { name: "Ann", age: null },
      asRead: undefined,
    });
    expect(read({})).toEqual({ id: undefined, values: {}, asRead: undefined });
  });

  it("takes undefined for not given, the id and system fields too", () => {
    expect(read({ id: undefined, name: undefined, version: undefined, age: 1 })).toEqual({
      id: undefined,
      values: { age: 1 },
      asRead: undefined,
    });
  });

  it("takes own properties only, of objects with any prototype but those of containers", () => {
    class Person {
      name = "Ann";
      get shown(): string {
        return "not an own property";
      }
    }
    expect(read(new Person()).values).toEqual({ name: "Ann" });
    expect(read(Object.create({ inherited: 1 })).values).toEqual({});
    expect(read(Object.assign(Object.create(null), { n: 1 })).values).toEqual({ n: 1 });
  });

  it("keeps the system fields of a record that was read, beside its values", () => {
    const at = new Date(0);
    expect(read({ id: "a", name: "Ann", version: 3, created_at: at, deleted_at: null })).toEqual({
      id: "a",
      values: { name: "Ann" },
      asRead: { version: 3, created_at: at, deleted_at: null },
    });
  });

  it.each([
    [{ version: 1 }],
    [{ id: "a", created_at: new Date(0) }],
    [{ id: "a", version: 0 }],
    [{ id: "a", version: 1.5 }],
    [{ id: "a", version: null }],
    [{ updated_by: "mallory" }],
  ])("refuses system fields without an id and a version: %o", (record) => {
    expect(() => read(record)).toThrow(/expected no system fields in a record for "users", got/);
  });

  it("tells a record that was read as text from others", () => {
    expect(() => read({ id: "a", version: "3" })).toThrow(/read as text; read it with deserialize: true/);
  });

  it.each([
    [null],
    [undefined],
    [7],
    ["text"],
    [true],
    [[]],
    [() => 1],
    [new Map()],
    [new Set()],
    [new Date()],
    [new Uint8Array(1)],
    [Promise.resolve()],
    [/x/],
    [new Error("e")],
    [new ArrayBuffer(1)],
  ])("refuses %o", (record) => {
    expect(() => read(record)).toThrow(ValidationError);
    expect(() => read(record)).toThrow(
      /expected the record for "users" to be an object with its fields, got/,
    );
  });

  it("refuses names that no field can have, also one that would set the prototype", () => {
    for (const name of ["a b", "__proto__", "constructor", "history_x", "CREATED_AT", "x".repeat(64)]) {
      expect(() => read(Object.fromEntries([[name, 1]]))).toThrow(ValidationError);
    }
    expect(() => read({ [Symbol("s")]: 1 })).toThrow(/named by strings, got a symbol/);
    expect(Object.getPrototypeOf(read(JSON.parse('{"n": 1}')).values)).toBe(Object.prototype);
  });

  it("refuses an id of another type", () => {
    for (const id of [7, null, {}, "", "a\0"]) expect(() => read({ id })).toThrow(/^id: expected/);
  });
});

describe("checkNewNames", () => {
  it("refuses names that differ by case only, in the record and against known fields", () => {
    expect(() => checkNewNames("users", read({ n: 1, m: 2 }), ["n", "k"])).not.toThrow();
    expect(() => checkNewNames("users", read({ n: 1, N: 2 }), [])).toThrow(/differ by more than case/);
    expect(() => checkNewNames("users", read({ Name: 1 }), ["name"])).toThrow(/"Name" beside "name"/);
  });
});
