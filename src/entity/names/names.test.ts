import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { checkEntityName, checkFieldName, checkFieldNames, checkId, tableNames } from "./names.ts";
import { historyColumns, systemFields } from "./reserved-names.ts";

const badIdentifiers: readonly unknown[] = [
  "",
  "1a",
  "_a",
  "a b",
  "a-b",
  "a.b",
  'a"b',
  "a;drop",
  "é",
  "naïve",
  "ſ",
  "a\n",
  "a\0",
  "__proto__",
  "constructor",
  "prototype",
  7,
  null,
  undefined,
  ["users"],
  { toString: () => "users" },
];

describe("checkEntityName", () => {
  it.each(["users", "Users", "u", "order_items", "a1", "historyOf", "metadata", "x".repeat(54)])(
    "accepts %s",
    (name) => {
      expect(checkEntityName(name)).toBe(name);
    },
  );

  it.each([
    ...badIdentifiers,
    "users_history",
    "users_META",
    "a_history",
    "sqlite_master",
    "SQLITE_x",
    "pg_class",
    "mysql_user",
    "x".repeat(55),
  ])("refuses %j", (name) => {
    expect(() => checkEntityName(name)).toThrow(ValidationError);
  });

  it("shows the name cut and made printable", () => {
    expect(() => checkEntityName("bad\u202ename")).toThrow(
      'entity name: expected ASCII letters, digits and underscores, beginning with a letter, came "bad\\u202ename"',
    );
    expect(() => checkEntityName("x".repeat(3000))).toThrow(`came "${"x".repeat(80)}…" of 3000 characters`);
  });

  it("never gives two names a table in common", () => {
    const part = fc.constantFrom("a", "b", "A", "_history", "_meta", "_HISTORY", "_", "history", "meta");
    const name = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(name, name, (first, second) => {
        fc.pre(accepts(first) && accepts(second) && first.toLowerCase() !== second.toLowerCase());
        const all = [first, second].flatMap((entity) => Object.values(tableNames(entity)));
        expect(new Set(all.map((table) => table.toLowerCase())).size).toBe(6);
        for (const table of all) expect(Buffer.byteLength(table)).toBeLessThanOrEqual(63);
      }),
    );
  });

  it("answers the name or a ValidationError, whatever comes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.string({ unit: "binary" })), (name) => {
        try {
          expect(checkEntityName(name)).toBe(name);
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError);
        }
      }),
    );
  });
});

function accepts(name: string): boolean {
  try {
    checkEntityName(name);
    return true;
  } catch {
    return false;
  }
}

describe("checkFieldName", () => {
  it.each(["age", "firstName", "x".repeat(63), "users_history", "identity", "versions", "histories"])(
    "accepts %s",
    (name) => {
      expect(checkFieldName(name, "users")).toBe(name);
    },
  );

  it.each([
    ...badIdentifiers,
    ...systemFields,
    ...historyColumns,
    "ID",
    "Created_At",
    "history_x",
    "History_x",
    "ctid",
    "XMIN",
    "x".repeat(64),
  ])("refuses %j", (name) => {
    expect(() => checkFieldName(name, "users")).toThrow(ValidationError);
  });

  it("names the entity", () => {
    expect(() => checkFieldName("version", "users")).toThrow(/^field name of "users": .* came "version"$/);
  });
});

describe("checkFieldNames", () => {
  it("accepts new and known names", () => {
    expect(() => checkFieldNames(["age", "name"], ["age"], "users")).not.toThrow();
  });

  it.each([
    [["Age"], ["age"]],
    [["age", "AGE"], []],
  ])("refuses names that differ only by case: %j beside %j", (names, known) => {
    expect(() => checkFieldNames(names, known, "users")).toThrow(/differ by more than case/);
  });

  it("checks each name", () => {
    expect(() => checkFieldNames(["age", "a b"], [], "users")).toThrow(ValidationError);
  });
});

describe("checkId", () => {
  it.each(["1", "0195d3a8-7b6c", "é", " ", "x".repeat(255), "😀"])("accepts %j", (id) => {
    expect(checkId(id)).toBe(id);
  });

  it.each(["", "x".repeat(256), "a\0", "\ud800", null, undefined, {}, true])("refuses %j", (id) => {
    expect(() => checkId(id)).toThrow(ValidationError);
  });

  it("says what to do with a number, and does not show the id", () => {
    expect(() => checkId(7)).toThrow("id: expected a string, came a whole number; use String(id)");
    expect(() => checkId(7n)).toThrow("use String(id)");
    expect(() => checkId("secret\0")).not.toThrow(/secret/);
  });
});
