import Database from "better-sqlite3";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { quoteIdentifier } from "./identifier.ts";
import { SqlTranslator } from "./sql-translator.ts";
import { sqliteSyntax } from "./syntaxes.ts";
import { commentTags } from "./tags.ts";

/** What the rules say, held against what SQLite itself makes of the text. */
const database = new Database(":memory:");
afterAll(() => database.close());

const translator = new SqlTranslator(sqliteSyntax, (value) => value);

function rows(sql: string, params: readonly unknown[] = []): unknown[] {
  const { statement, values } = translator.bind(translator.translate(sql), params);
  return database
    .prepare(statement.text)
    .raw(true)
    .all(...values);
}

/** Text that SQLite stores as it is: no NUL, whole characters. */
const text = fc.string({ unit: "grapheme", maxLength: 30 }).filter((value) => !value.includes("\0"));
const quoteString = (value: string) => `'${value.replaceAll("'", "''")}'`;

describe("against SQLite", () => {
  it("a quoted name is the name", () => {
    fc.assert(
      fc.property(text, (name) => {
        fc.pre(name !== "" && name !== "__proto__" && Buffer.byteLength(name) <= 255);
        const statement = database.prepare(`SELECT 1 AS ${quoteIdentifier(name, sqliteSyntax)}`);
        expect(Object.keys(Object(statement.get()))).toEqual([name]);
      }),
    );
  });

  it("a name in brackets is the name", () => {
    const name = fc
      .string({
        unit: fc.constantFrom("a", "B", "_", "é", "1", "$", " ", "-", '"', "`"),
        minLength: 1,
        maxLength: 20,
      })
      .filter((value) => /^[\wé$]/.test(value) && /[a-zé_]/i.test(value));
    fc.assert(
      fc.property(name, (value) => {
        const translation = translator.translate(`SELECT 1 AS [${value}]`);
        expect(translation.text).not.toContain("[");
        expect(Object.keys(Object(database.prepare(translation.text).get()))).toEqual([value]);
      }),
    );
  });

  it("a literal with anything inside comes back as it is, beside values", () => {
    fc.assert(
      fc.property(text, text, (inside, value) => {
        const sql = `SELECT ${quoteString(inside)}, ? /*${inside.replaceAll("*", "")}*/, ${quoteString(inside)} -- ?`;
        expect(rows(sql, [value])).toEqual([[inside, value, inside]]);
      }),
    );
  });

  it("there are as many placeholders as SQLite counts", () => {
    const part = fc.oneof(
      fc.constantFrom(
        "?",
        "1",
        "'?'",
        "'it''s ?'",
        '"x?"',
        "`x?`",
        "[x?]",
        "/* ? */ 2",
        "-- ?\n3",
        "x'00'",
        "?+?",
      ),
      text.map(quoteString),
    );
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 12 }), (parts) => {
        const sql = `SELECT ${parts.join(", ")} FROM (SELECT 1 AS "x?")`;
        const { text: native, parameterCount } = translator.translate(sql);
        const statement = database.prepare(native);
        const values = new Array(parameterCount).fill(1);
        // It refuses one value too many and one too few alike.
        expect(statement.all(...values)).toHaveLength(1);
        expect(() => statement.all(...values, 1)).toThrow(RangeError);
      }),
    );
  });

  it.each<[string, unknown[], unknown[]]>([
    ["1 IN (?)", [[]], [[0]]],
    ["1 NOT IN (?)", [[]], [[1]]],
    ["NULL IN (?)", [[]], [[0]]],
    ["NULL NOT IN (?)", [[]], [[1]]],
    ["'a' NOT IN (?) AND 2 = ?", [[], 2], [[1]]],
    ["1 IN (?)", [[3, 2, 1]], [[1]]],
    [
      "1 IN (?), 1 NOT IN (?)",
      [
        [2, 3],
        [2, 3],
      ],
      [[0, 1]],
    ],
    ["1 IN ( ? )", [1], [[1]]],
  ])("SELECT %s with %j", (expression, params, expected) => {
    expect(rows(`SELECT ${expression}`, params)).toEqual(expected);
  });

  it("tags change nothing", () => {
    fc.assert(
      fc.property(fc.dictionary(text, text), (tags) => {
        fc.pre(!Object.hasOwn(tags, ""));
        const { text: native } = translator.translate("SELECT ?");
        expect(
          database
            .prepare(`${native} ${commentTags(tags)}`)
            .raw(true)
            .all(7),
        ).toEqual([[7]]);
      }),
    );
  });

  it("names by value go where they belong", () => {
    const { statement, values } = translator.bind(translator.translate("SELECT :b, :a, :b"), { a: 1, b: 2 });
    expect(
      database
        .prepare(statement.text)
        .raw(true)
        .all(...values),
    ).toEqual([[2, 1, 2]]);
  });

  it("a misspelt name is an error and no string", () => {
    database.exec("CREATE TABLE IF NOT EXISTS t (a)");
    expect(() => rows("SELECT [missing] FROM t")).toThrow(/no such column/);
  });
});
