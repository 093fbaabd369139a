import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sqliteDialect } from "../../backends/sqlite/dialect.ts";
import { loadDriver } from "../../backends/sqlite/loading.ts";
import { ValidationError } from "../../errors/index.ts";
import { SqlTranslator } from "../../sql/index.ts";
import { makeFilter, makePage } from "./filter.ts";
import type { FilterOptions, FindOptions } from "./options.ts";

const filter = (options?: FilterOptions, fixed?: readonly string[]) =>
  makeFilter(options, sqliteDialect, fixed);
const columns = new Set(["id", "name", "age"]);
const page = (options?: FindOptions) => makePage(options, sqliteDialect, columns, "users");

describe("makeFilter", () => {
  it("hides deleted records unless it is told not to", () => {
    expect(filter()).toEqual({ clause: " WHERE [deleted_at] IS NULL", params: undefined });
    expect(filter({ includeDeleted: true })).toEqual({ clause: "", params: undefined });
    expect(filter({ includeDeleted: false, params: [] }).clause).toBe(" WHERE [deleted_at] IS NULL");
  });

  it("puts the caller's condition into parentheses beside the others", () => {
    expect(filter({ where: "[a] = ? OR [b] = ?", params: [1, 2] }, ["[c] = 1"])).toEqual({
      clause: " WHERE [c] = 1 AND [deleted_at] IS NULL AND ([a] = ? OR [b] = ?\n)",
      params: [1, 2],
    });
    expect(filter({ where: "[a] = :a", params: { a: 1 }, includeDeleted: true })).toEqual({
      clause: " WHERE ([a] = :a\n)",
      params: { a: 1 },
    });
  });

  it("takes parentheses, quotes and comments that are balanced", () => {
    for (const where of [
      "(1 = 1)",
      "[a] = ')'",
      "[a] IN (?)",
      "1 = 1 -- )",
      "1 = 1 /* ) */",
      "[a] = 'it''s; fine'",
    ]) {
      expect(filter({ where }).clause).toContain(where);
    }
  });

  it.each([
    "1 = 1) OR (1 = 1",
    ")(",
    "(",
    "[a] = '",
    '[a] = "',
    "1 = 1 /*",
    "1 = 1; SELECT 1",
    "1 = 1 /* /* */ ' */",
  ])("refuses %o, which reaches beyond itself", (where) => {
    expect(() => filter({ where })).toThrow(/expected where to be one condition with balanced parentheses/);
  });

  it.each(["", " \n ", "7", "null"])("refuses %o, which is no condition", (text) => {
    const where = text === "7" || text === "null" ? JSON.parse(text) : text;
    expect(() => filter({ where })).toThrow(/expected where to be a condition in SQL, .* got/);
  });

  it("refuses values without a condition", () => {
    expect(() => filter({ params: [1] })).toThrow(ValidationError);
    expect(() => filter({ params: { a: 1 } })).toThrow(/params only together with where, got/);
  });

  it("never answers a deleted record, whatever condition is let through", () => {
    const { Database } = loadDriver();
    const database = new Database(":memory:", { readonly: false, fileMustExist: false, timeout: 0 });
    database.prepare("CREATE TABLE users (id TEXT, n INTEGER, deleted_at TEXT)").run();
    database.prepare("INSERT INTO users VALUES ('live', 1, NULL), ('dead', 1, 'then')").run();
    const translator = new SqlTranslator(sqliteDialect.syntax, (value) => sqliteDialect.bindValue(value));
    const piece = fc.constantFrom(
      "[n]",
      "1",
      "=",
      " OR ",
      " AND ",
      "NOT ",
      "(",
      ")",
      "'",
      '"',
      "--",
      "/*",
      "*/",
      "\n",
      " ",
      "[",
      "]",
      "NULL",
      " IS ",
      "UNION SELECT 'dead'",
    );
    let accepted = 0;
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 9 }), (pieces) => {
        let found: unknown[][];
        try {
          const { clause } = filter({ where: pieces.join("") });
          found = database
            .prepare(translator.translate(`SELECT id FROM [users]${clause}`).statement.text)
            .raw()
            .all();
        } catch {
          return; // Refused, by us or by SQLite.
        }
        accepted += 1;
        expect(found.flat()).not.toContain("dead");
      }),
      { numRuns: 5_000 },
    );
    database.close();
    expect(accepted).toBeGreaterThan(20);
  });
});

describe("makePage", () => {
  it("is nothing where nothing is asked for", () => {
    expect(page()).toBe("");
    expect(page({ where: "1 = 1" })).toBe("");
  });

  it("orders by id last, so that the order is certain", () => {
    expect(page({ orderBy: "age DESC" })).toBe(" ORDER BY [age] DESC, [id] ASC");
    expect(page({ orderBy: "id DESC, age" })).toBe(" ORDER BY [id] DESC, [age] ASC");
    expect(page({ limit: 0 })).toBe(" ORDER BY [id] ASC LIMIT 0");
    expect(page({ orderBy: "name", limit: 5, offset: 10 })).toBe(
      " ORDER BY [name] ASC, [id] ASC LIMIT 5 OFFSET 10",
    );
  });

  it("has an offset without a limit", () => {
    expect(page({ offset: 3 })).toBe(" ORDER BY [id] ASC LIMIT -1 OFFSET 3");
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])(
    "refuses a limit and an offset of %o",
    (count) => {
      expect(() => page({ limit: count })).toThrow(
        `expected limit to be a whole number from 0, got ${count}`,
      );
      expect(() => page({ offset: count })).toThrow(
        `expected offset to be a whole number from 0, got ${count}`,
      );
    },
  );

  it("shows no more of a wrong limit than its kind", () => {
    expect(() => page({ limit: JSON.parse('"canary"') })).toThrow(
      "expected limit to be a whole number from 0, got a string",
    );
  });
});
