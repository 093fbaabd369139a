import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SchemaConflictError, UnknownFieldError, ValidationError } from "../errors/index.ts";
import { fitsField } from "./kinds/fits.ts";
import { formatFieldType, parseFieldType } from "./kinds/index.ts";
import {
  type EntitySchema,
  type FieldValues,
  planEvolution,
  type SchemaMode,
  schemaAfter,
} from "./schema-plan.ts";
import { Serializers } from "./values/serializers.ts";

const serializers = new Serializers();

function schema(fields: Readonly<Record<string, string>>): EntitySchema {
  return { fields: new Map(Object.entries(fields).map(([name, type]) => [name, parseFieldType(type)])) };
}

function plan(
  known: EntitySchema | null,
  records: Iterable<FieldValues>,
  mode: SchemaMode = "auto",
  maxFields = 100,
) {
  return planEvolution(known, records, { entity: "users", mode, maxFields, serializers });
}

function written(known: EntitySchema | null, records: Iterable<FieldValues>, mode: SchemaMode = "auto") {
  const { fields } = schemaAfter(known, plan(known, records, mode));
  return Object.fromEntries(Array.from(fields, ([name, type]) => [name, formatFieldType(type)]));
}

const users = schema({ name: "text", age: "integer", note: "undecided", total: "bigint", size: "number" });
const modes = ["auto", "addOnly", "frozen"] as const;

describe("planEvolution", () => {
  it.each(modes)("leaves the schema where everything fits (%s)", (mode) => {
    for (const record of [
      {},
      { name: "a", age: 3 },
      { size: 3, total: 3 },
      { note: null, age: null },
      { new: undefined },
    ]) {
      expect(plan(users, [record], mode)).toEqual({ kind: "unchanged" });
    }
    expect(plan(users, [], mode)).toEqual({ kind: "unchanged" });
    expect(plan(null, [], mode)).toEqual({ kind: "unchanged" });
  });

  it("makes an entity of its first records", () => {
    const made = plan(null, [
      { a: 1, b: null },
      { a: 1.5, c: new Set() },
      { c: { x: 1 }, d: undefined },
    ]);
    expect(made).toEqual({
      kind: "create",
      fields: new Map([
        ["a", parseFieldType("number")],
        ["b", parseFieldType("undecided")],
        ["c", parseFieldType("json")],
      ]),
    });
    expect(plan(null, [{}])).toEqual({ kind: "create", fields: new Map() });
  });

  it("adds and widens, and says which columns change", () => {
    expect(plan(users, [{ email: "x", age: 1.5, note: "n", total: 2n ** 64n }, { name: "y" }])).toEqual({
      kind: "alter",
      add: [{ name: "email", type: parseFieldType("text") }],
      retype: [
        { name: "age", from: parseFieldType("integer"), to: parseFieldType("number"), physical: true },
        { name: "note", from: parseFieldType("undecided"), to: parseFieldType("text"), physical: false },
        {
          name: "total",
          from: parseFieldType("bigint"),
          to: parseFieldType("bigint/numeric"),
          physical: true,
        },
      ],
    });
    expect(plan(users, [{ age: 5n }])).toMatchObject({ retype: [{ name: "age", physical: false }] });
  });

  it("takes any value into a text field under auto, as its text", () => {
    for (const name of [30, true, new Date(), { a: 1 }])
      expect(plan(users, [{ name }])).toEqual({ kind: "unchanged" });
  });

  it("takes records from an iterator, which can be read once only", () => {
    function* records(): Generator<FieldValues> {
      yield { name: "a" };
      yield { age: "old" };
    }
    expect(plan(users, records())).toMatchObject({ kind: "alter", retype: [{ name: "age" }] });
  });

  it("ignores inherited properties", () => {
    expect(plan(users, [Object.create({ inherited: 1 })])).toEqual({ kind: "unchanged" });
  });

  describe("addOnly", () => {
    it("adds fields and settles undecided ones", () => {
      expect(
        written(
          users,
          [
            { email: 1, note: 2 },
            { email: 1.5, note: 2n },
          ],
          "addOnly",
        ),
      ).toMatchObject({
        email: "number",
        note: "bigint",
        age: "integer",
      });
      expect(written(null, [{ a: 1 }], "addOnly")).toEqual({ a: "integer" });
    });

    it.each<[FieldValues]>([
      [{ age: "old" }],
      [{ age: 1.5 }],
      [{ age: 5n }],
      [{ name: 30 }],
      [{ name: ["a"] }],
      [{ total: 2n ** 64n }],
      [{ size: 5n }],
    ])("refuses a value of a wrong type: %#", (record) => {
      expect(() => plan(users, [{ fresh: 1 }, record], "addOnly")).toThrow(SchemaConflictError);
    });

    it.each([
      [[{ a: 1 }, { a: "x" }]],
      [[{ a: "x" }, { a: 1 }]],
      [[{ a: true }, { a: new Date() }]],
      [[{ note: 1 }, { note: "x" }]],
      [[{ note: "x" }, { note: 1 }]],
    ])("refuses a new field whose first values do not agree: %#", (records) => {
      expect(() => plan(users, records, "addOnly")).toThrow(SchemaConflictError);
      expect(plan(users, records, "auto").kind).toBe("alter");
    });

    it("says what was expected and what came, and hides the value", () => {
      expect(() => plan(users, [{ age: "secret" }], "addOnly")).toThrow(
        'field "age" of "users": expected a value of its type integer, came a value of type text; ' +
          "the schema is addOnly, so the field keeps its type",
      );
    });
  });

  describe("frozen", () => {
    it.each<[FieldValues, string]>([
      [
        { email: 1 },
        'field "email" of "users": expected a field that the entity has, since the schema is frozen',
      ],
      [{ email: null }, 'field "email" of "users"'],
      [{ Name: "a" }, 'use "name"'],
      [{ "a\u202eb": 1 }, 'field "a\\u202eb"'],
    ])("refuses an unknown field: %#", (record, message) => {
      expect(() => plan(users, [record], "frozen")).toThrow(UnknownFieldError);
      expect(() => plan(users, [record], "frozen")).toThrow(message);
    });

    it("refuses a value for a field that has no type yet, and values that do not fit", () => {
      expect(() => plan(users, [{ note: 1 }], "frozen")).toThrow(SchemaConflictError);
      expect(() => plan(users, [{ note: 1 }], "frozen")).toThrow("expected null, since it has no type yet");
      expect(() => plan(users, [{ age: "x" }], "frozen")).toThrow(SchemaConflictError);
      expect(() => plan(users, [{ name: 30 }], "frozen")).toThrow(SchemaConflictError);
    });

    it("makes no entity", () => {
      expect(() => plan(null, [{ a: 1 }], "frozen")).toThrow(UnknownFieldError);
      expect(() => plan(null, [{}], "frozen")).toThrow(SchemaConflictError);
    });
  });

  it("keeps the limit on fields, when fields are added", () => {
    expect(plan(users, [{ a: 1 }], "auto", 6).kind).toBe("alter");
    expect(() => plan(users, [{ a: 1, b: 2 }], "auto", 6)).toThrow(
      'entity "users": expected at most 6 fields, came 7',
    );
    expect(() => plan(null, [{ a: 1, b: 2 }], "auto", 1)).toThrow(SchemaConflictError);
    expect(plan(users, [{ age: 1.5 }], "auto", 2).kind).toBe("alter");
  });

  it.each([
    { "a b": 1 },
    { id: "x" },
    { version: 1 },
    JSON.parse('{"__proto__": 1}'),
    { Age: 1 },
    { a: 1, A: 1 },
  ])("refuses names that cannot be: %#", (record) => {
    expect(() => plan(users, [record])).toThrow(ValidationError);
    expect(() => plan(null, [{ age: 1 }, record])).toThrow(ValidationError);
  });

  it("looks inside every value before it asks for a change, also into those that fit", () => {
    const fitting = schema({ list: "json" });
    expect(() => plan(fitting, [{ list: [Number.NaN] }, { fresh: 1 }])).toThrow(
      "list[0]: expected a finite number",
    );
    expect(() => plan(fitting, [{ fresh: "\ud800" }])).toThrow(ValidationError);
  });

  describe("for random records", () => {
    const name = fc.constantFrom("name", "age", "note", "total", "size", "fresh", "other");
    const value = fc.oneof(
      fc.constantFrom(
        null,
        undefined,
        1,
        1.5,
        5n,
        2n ** 64n,
        "x",
        true,
        [1],
        new Set([1]),
        new Map(),
        new Date(5),
      ),
      fc.constantFrom(new Uint8Array(1), Number.NaN, Symbol.iterator),
    );
    const records = fc.array(fc.dictionary(name, value), { maxLength: 4 });
    const known = fc.option(fc.constant(users));

    it("a plan is enough: what it was made for then fits, in the same mode", () => {
      fc.assert(
        fc.property(known, records, fc.constantFrom(...modes), (known, records, mode) => {
          const made = attempt(() => plan(known, records, mode));
          if (made === null) return;
          const after = schemaAfter(known, made);
          expect(plan(after, records, mode)).toEqual({ kind: "unchanged" });
          if (mode === "auto") return;
          for (const [field, value] of records.flatMap((record) => Object.entries(record))) {
            const type = after.fields.get(field);
            if (value !== undefined)
              expect(type !== undefined && fitsField(type, value, serializers)).toBe(true);
          }
        }),
        { numRuns: 2000 },
      );
    });

    it("the order of records does not matter", () => {
      fc.assert(
        fc.property(known, records, (known, records) => {
          const forwards = attempt(() => written(known, records));
          expect(attempt(() => written(known, records.toReversed()))).toEqual(forwards);
        }),
        { numRuns: 1000 },
      );
    });

    it("frozen never plans a change, and addOnly never retypes what has a type", () => {
      fc.assert(
        fc.property(records, (records) => {
          expect(attempt(() => plan(users, records, "frozen"))?.kind ?? "unchanged").toBe("unchanged");
          const made = attempt(() => plan(users, records, "addOnly"));
          if (made?.kind === "alter") {
            for (const { from } of made.retype) expect(from.kind).toBe("undecided");
          }
        }),
        { numRuns: 1000 },
      );
    });
  });
});

/** Answers null for a refusal, which must be one of the typed ones. */
function attempt<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    const typed = [SchemaConflictError, UnknownFieldError, ValidationError].some(
      (type) => error instanceof type,
    );
    if (!typed) throw error;
    return null;
  }
}
