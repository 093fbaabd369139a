import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ValidationError } from "../errors/index.ts";
import { quoteIdentifier } from "./identifier.ts";
import { tokenize } from "./lexer.ts";
import { mysqlSyntax, postgresSyntax, sqliteSyntax } from "./syntaxes.ts";

describe("quoteIdentifier", () => {
  it("quotes as the dialect does, and doubles its quote", () => {
    expect(quoteIdentifier('a"b`c', postgresSyntax)).toBe('"a""b`c"');
    expect(quoteIdentifier('a"b`c', sqliteSyntax)).toBe('"a""b`c"');
    expect(quoteIdentifier('a"b`c', mysqlSyntax)).toBe('`a"b``c`');
  });

  it.each<[string, RegExp]>([
    ["", /got an empty one/],
    ["a\0b", /without NUL/],
    ["a\ud800", /half a surrogate pair/],
    ["a".repeat(64), /at most 63 bytes for postgres, got 64/],
    ["é".repeat(32), /got 64/],
  ])("refuses %j", (name, message) => {
    expect(() => quoteIdentifier(name, postgresSyntax)).toThrow(ValidationError);
    expect(() => quoteIdentifier(name, postgresSyntax)).toThrow(message);
  });

  it("takes names up to the limit", () => {
    expect(quoteIdentifier("a".repeat(63), postgresSyntax)).toHaveLength(65);
    expect(quoteIdentifier("a".repeat(64), mysqlSyntax)).toHaveLength(66);
    expect(quoteIdentifier("a".repeat(255), sqliteSyntax)).toHaveLength(257);
  });

  it("does not show the whole of a huge name", () => {
    expect(() => quoteIdentifier("a".repeat(10_000), postgresSyntax)).toThrow(/^.{100,200}$/);
  });

  it.each([sqliteSyntax, postgresSyntax, mysqlSyntax])(
    "gives one token, whatever the name holds: $name",
    (syntax) => {
      fc.assert(
        fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 15 }), (name) => {
          fc.pre(!name.includes("\0") && Buffer.byteLength(name) <= 63);
          const quoted = quoteIdentifier(name, syntax);
          expect(tokenize(`${quoted} ?`, syntax)).toEqual([
            { kind: "quotedName", text: quoted },
            { kind: "space", text: " " },
            { kind: "value", text: "?" },
          ]);
        }),
      );
    },
  );
});
