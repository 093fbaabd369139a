import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lexer, tokenize } from "./lexer.ts";
import type { SqlSyntax } from "./syntax.ts";
import { mysqlSyntax, postgresSyntax, sqliteSyntax } from "./syntaxes.ts";
import { translate } from "./translate.ts";

const syntaxes: readonly SqlSyntax[] = [sqliteSyntax, postgresSyntax, mysqlSyntax];
const markers = new Set(["name", "value", "literalMark", "namedValue"]);

const anything = fc.string({ unit: "binary", maxLength: 60 });

/** SQL from parts that are whole by themselves, with markers between. */
const statement = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "a",
        "IN",
        "NOT",
        "(",
        ")",
        ",",
        "=",
        "'?'",
        "/* [x] ? */",
        '"q?"',
        "42",
        "[n]",
        "[n].[m]",
        "??",
      ),
      fc.constant("?"),
      fc.constant("-- ?\n"),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(" "));

describe.each(syntaxes)("translation for $name", (syntax) => {
  it("is the identity for a text without markers", () => {
    fc.assert(
      fc.property(anything, (text) => {
        fc.pre(!/[?:[%$]/.test(text));
        expect(translate(text, syntax)).toMatchObject({ text, style: "none", parameterCount: 0 });
      }),
      { numRuns: 1000 },
    );
  });

  it("leaves every token alone that is no marker", () => {
    fc.assert(
      fc.property(statement, (sql) => {
        const before = tokenize(sql, syntax).filter(({ kind }) => !markers.has(kind));
        const marks = new Set(["quotedName", "value", "nativeValue", "literalMark"]);
        const after = tokenize(translate(sql, syntax).text, syntax);
        const kept = before.filter(({ kind }) => !marks.has(kind)).map(({ text }) => text);
        // `??` leaves a single `?`, which the lexer takes for a value: neither side counts such tokens.
        expect(after.filter(({ kind }) => !marks.has(kind)).map(({ text }) => text)).toEqual(kept);
      }),
      { numRuns: 500 },
    );
  });

  it("keeps literals, comments and quoted names as they are, in any text", () => {
    fc.assert(
      fc.property(fc.oneof(anything, statement), anything, (sql, text) => {
        const literal = syntax.backslashEscapes
          ? `'${text.replaceAll(/['\\]/g, "\\$&")}'`
          : `'${text.replaceAll("'", "''")}'`;
        fc.pre(closes(sql, syntax));
        expect(translate(`${sql} ${literal}`, syntax).text.endsWith(literal)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("has as many slots as there are marks, and numbers them in order", () => {
    fc.assert(
      fc.property(statement, (sql) => {
        const marks = tokenize(sql, syntax).filter(({ kind }) => kind === "value").length;
        const { text, parameterCount, style } = translate(sql, syntax);
        expect(parameterCount).toBe(marks);
        expect(style).toBe(marks === 0 ? "none" : "positional");
        if (syntax.placeholder === "?") return;
        const numbers = tokenize(text, syntax).filter(({ kind }) => kind === "nativeValue");
        expect(numbers.map((token) => token.text)).toEqual(
          Array.from({ length: marks }, (_, index) => `$${index + 1}`),
        );
      }),
      { numRuns: 500 },
    );
  });

  it("says whether parentheses pair up, as counting them does", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("(", ")", "a", " ") }), (sql) => {
        let depth = 0;
        let negative = false;
        for (const char of sql) {
          depth += char === "(" ? 1 : char === ")" ? -1 : 0;
          negative ||= depth < 0;
        }
        expect(translate(sql, syntax).balanced).toBe(depth === 0 && !negative);
      }),
    );
  });
});

/** Whether what follows the text, after a space, is read as code, and the text can be translated at all. */
function closes(sql: string, syntax: SqlSyntax): boolean {
  const lexer = new Lexer(sql, syntax);
  let last = lexer.kind;
  for (let kind = lexer.next(); kind !== "end"; kind = lexer.next()) last = kind;
  if (lexer.unterminated || last === "lineComment") return false;
  // A last `E'...'` would take the literal for its own continuation, and `--` before a space begins a comment.
  if (last === "string" || sql.endsWith("-")) return false;
  try {
    translate(sql, syntax);
    return true;
  } catch {
    return false;
  }
}
