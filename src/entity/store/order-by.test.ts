import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sqliteDialect } from "../../backends/sqlite/dialect.ts";
import { ValidationError } from "../../errors/index.ts";
import { orderByClause, parseOrderBy } from "./order-by.ts";

const columns = new Set(["id", "name", "age"]);
const parse = (orderBy: Parameters<typeof parseOrderBy>[0]) => parseOrderBy(orderBy, columns, "users");
const terms = (...list: readonly (readonly [string, string])[]) =>
  list.map(([field, direction]) => ({ field, direction }));

describe("parseOrderBy", () => {
  it.each([
    ["name", terms(["name", "asc"])],
    ["name, age", terms(["name", "asc"], ["age", "asc"])],
    ["[name] DESC,age asc", terms(["name", "desc"], ["age", "asc"])],
    ["  name\tDeSc  ", terms(["name", "desc"])],
    [["name", "age DESC"], terms(["name", "asc"], ["age", "desc"])],
    [
      [{ field: "age", direction: "desc" }, { field: "name" }, "id"],
      terms(["age", "desc"], ["name", "asc"], ["id", "asc"]),
    ],
    [[{ field: "age", direction: undefined }], terms(["age", "asc"])],
    [[], []],
  ] as const)("reads %o", (orderBy, expected) => {
    expect(parse(JSON.parse(JSON.stringify(orderBy)))).toEqual(expected);
  });

  it.each([
    "",
    ",",
    "name,",
    "name name",
    "name desc asc",
    "name; DROP TABLE users",
    "name--",
    "name/*",
    "(name)",
    "lower(name)",
    '"name"',
    "[name",
    "name]",
    "[[name]]",
    "[na me]",
    "users.name",
    "1 + 1",
    "name\0",
    "name\n, age DESC NULLS LAST",
  ])("refuses %o, which could be SQL", (orderBy) => {
    expect(() => parse(orderBy)).toThrow(ValidationError);
  });

  it("refuses what is no field, and names it", () => {
    expect(() => parse("name, nothing")).toThrow('expected orderBy to name fields of "users", got "nothing"');
    expect(() => parse("Name")).toThrow(/got "Name"/);
    expect(() => parse([{ field: "toString" }])).toThrow(/got "toString"/);
  });

  it.each([
    "7",
    "null",
    "{}",
    '{"field":"name"}',
    "[7]",
    "[null]",
    "[[]]",
    '[{"field":7}]',
    '[{"field":"name","direction":"up"}]',
    '[{"direction":"asc"}]',
  ])("refuses %s", (json) => {
    expect(() => parse(JSON.parse(json))).toThrow(/expected orderBy to be field names/);
  });

  it("never lets text through that is not a column's name", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."name,age [] DESC;()'\"-\0\n".split(""), "id") }),
        (text) => {
          let parsed: ReturnType<typeof parseOrderBy>;
          try {
            parsed = parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(ValidationError);
            return;
          }
          for (const { field, direction } of parsed) {
            expect(columns.has(field)).toBe(true);
            expect(["asc", "desc"]).toContain(direction);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("orderByClause", () => {
  it("is nothing without terms, and says where null sorts in the dialect's way", () => {
    expect(orderByClause([], sqliteDialect)).toBe("");
    expect(orderByClause(parse("age DESC, name"), sqliteDialect)).toBe(" ORDER BY [age] DESC, [name] ASC");
  });
});
