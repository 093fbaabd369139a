import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValidationError } from "../errors/index.ts";
import { tokenize } from "./lexer.ts";
import { mysqlSyntax, postgresSyntax, sqliteSyntax } from "./syntaxes.ts";
import { commentTags } from "./tags.ts";
import { translate } from "./translate.ts";

describe("commentTags", () => {
  it("sorts and encodes as sqlcommenter does", () => {
    expect(commentTags({ route: "/polls 1000", action: "%2Fparam*d", name: "DROP TABLE FOO" })).toBe(
      "/*action='%252Fparam%2Ad',name='DROP%20TABLE%20FOO',route='%2Fpolls%201000'*/",
    );
  });

  it("writes numbers, booleans and bigints", () => {
    expect(commentTags({ a: 1.5, b: true, c: 10n })).toBe("/*a='1.5',b='true',c='10'*/");
  });

  it("is nothing without tags", () => {
    expect(commentTags({})).toBe("");
    expect(commentTags({ a: undefined, b: null })).toBe("");
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ a: { b: 1 } }, /tag "a" .* got an object/],
    [{ a: Symbol("x") }, /got a symbol/],
    [{ "": 1 }, /empty/],
  ])("refuses %o", (tags, message) => {
    expect(() => commentTags(tags)).toThrow(ValidationError);
    expect(() => commentTags(tags)).toThrow(message);
  });

  it.each([
    ["it's", "it%27s"],
    ["*/ DROP", "%2A%2F%20DROP"],
    ["! ?:a$1", "%21%20%3F%3Aa%241"],
    ["\ud800", "%EF%BF%BD"],
  ])("escapes %j", (text, encoded) => {
    expect(commentTags({ [text]: text })).toBe(`/*${encoded}='${encoded}'*/`);
  });

  it.each([sqliteSyntax, postgresSyntax, mysqlSyntax])(
    "is one plain comment whatever the tags: $name",
    (syntax) => {
      const text = fc.string({ unit: "binary", minLength: 1 });
      fc.assert(
        fc.property(fc.dictionary(text, text, { minKeys: 1 }), (tags) => {
          const comment = commentTags(tags);
          expect(tokenize(comment, syntax)).toEqual([{ kind: "blockComment", text: comment }]);
          expect(comment).toMatch(/^\/\*[\w\-.~%=',]*\*\/$/);
          expect(translate(`SELECT ? ${comment}`, syntax).parameterCount).toBe(1);
        }),
      );
    },
  );

  it("can be read back", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1 });
    fc.assert(
      fc.property(fc.dictionary(text, text, { minKeys: 1 }), (tags) => {
        const pairs = commentTags(tags)
          .slice(2, -2)
          .split(",")
          .map((pair) => pair.split("=").map((part) => decodeURIComponent(part.replaceAll("'", ""))));
        expect(Object.entries(tags).sort()).toEqual(pairs.sort());
      }),
    );
  });
});
