import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Lexer, tokenize } from "./lexer.ts";
import type { SqlSyntax } from "./syntax.ts";
import { mysqlSyntax, postgresSyntax, sqliteSyntax } from "./syntaxes.ts";
import type { Token } from "./token.ts";

const syntaxes: readonly SqlSyntax[] = [sqliteSyntax, postgresSyntax, mysqlSyntax];

/** The tokens but for white space, as `kind text`. */
function code(sql: string, syntax: SqlSyntax): string[] {
  return tokenize(sql, syntax)
    .filter(({ kind }) => kind !== "space")
    .map(({ kind, text }) => `${kind} ${text}`);
}

/** Text that is rich in what begins, ends and breaks literals. */
const sqlish = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "'",
        '"',
        "`",
        "\\",
        "$",
        "$$",
        "$a$",
        "E'",
        "--",
        "-- ",
        "/*",
        "*/",
        "/*!",
        "#",
        "\n",
        "\r",
        "[",
      ),
      fc.constantFrom(
        "]",
        "(",
        ")",
        "?",
        "??",
        ":a",
        "::",
        ":=",
        "$1",
        "%s",
        "%%",
        ";",
        ",",
        " ",
        "ARRAY[",
        "IN",
        "1",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => parts.join(""));

describe.each(syntaxes)("the lexer for $name", (syntax) => {
  it("gives tokens that join to the text", () => {
    fc.assert(
      fc.property(fc.oneof(sqlish, fc.string({ unit: "binary" })), (text) => {
        const tokens = tokenize(text, syntax);
        expect(tokens.map((token) => token.text).join("")).toBe(text);
        expect(tokens.every((token) => token.text !== "")).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("reads ordinary SQL", () => {
    expect(code("SELECT a.b, [c d] FROM t WHERE x >= ? AND (y1 = :y2);", syntax)).toEqual([
      "word SELECT",
      "word a",
      "symbol .",
      "word b",
      "comma ,",
      "name [c d]",
      "word FROM",
      "word t",
      "word WHERE",
      "word x",
      "symbol >",
      "symbol =",
      "value ?",
      "word AND",
      "open (",
      "word y1",
      "symbol =",
      "namedValue :y2",
      "close )",
      "semicolon ;",
    ]);
  });

  it("keeps a doubled quote inside its literal", () => {
    expect(code("'it''s ?' ''", syntax)).toEqual(["string 'it''s ?'", "string ''"]);
  });

  it("ends a comment at the line's end", () => {
    expect(code("a -- ? 'b\nc", syntax)).toEqual(["word a", "lineComment -- ? 'b", "word c"]);
  });

  it.each(["'abc", "a /* b", "'a''"])("says that %j never ends", (text) => {
    const lexer = new Lexer(text, syntax);
    while (lexer.next() !== "end");
    expect(lexer.unterminated).toBe(true);
  });

  it("says that a line comment at the end does end", () => {
    const lexer = new Lexer("a -- 'b", syntax);
    while (lexer.next() !== "end");
    expect(lexer.unterminated).toBe(false);
  });

  // Takes milliseconds. If any of these were read in quadratic time, it would take more than half a minute.
  it.each([
    "[",
    "[a ",
    "$a",
    "'a",
    "E'a' \n",
    "/*",
    "(",
    "ARRAY[",
    "a[",
    "-- \n",
    ":",
    "?",
    "$a$ ",
    "IN (? ",
    "\\'",
    "--x\r",
  ])("reads a megabyte of %j", (part) => {
    const text = part.repeat(Math.ceil(1_000_000 / part.length));
    const startMs = performance.now();
    const lexer = new Lexer(text, syntax);
    while (lexer.next() !== "end");
    expect(lexer.end).toBe(text.length);
    expect(performance.now() - startMs).toBeLessThan(5000);
  });
});

describe("strings", () => {
  it.each<[string, SqlSyntax, string[]]>([
    ["'a\\' ?", postgresSyntax, ["string 'a\\'", "value ?"]],
    ["'a\\' ?", sqliteSyntax, ["string 'a\\'", "value ?"]],
    ["'a\\'?' ?", mysqlSyntax, ["string 'a\\'?'", "value ?"]],
    ['"a\\"?" ?', mysqlSyntax, ['string "a\\"?"', "value ?"]],
    ['"a\\" ?', postgresSyntax, ['quotedName "a\\"', "value ?"]],
    ['"a""?" ?', sqliteSyntax, ['quotedName "a""?"', "value ?"]],
    ["`a\\` ?", mysqlSyntax, ["quotedName `a\\`", "value ?"]],
    ["`a``?`", mysqlSyntax, ["quotedName `a``?`"]],
    ["`a``?`", sqliteSyntax, ["quotedName `a``?`"]],
    [
      "N'?' X'00' _utf8'?'",
      mysqlSyntax,
      ["word N", "string '?'", "word X", "string '00'", "word _utf8", "string '?'"],
    ],
    ["E'a\\'?' ?", postgresSyntax, ["string E'a\\'?'", "value ?"]],
    ["e'a''?\\\\' ?", postgresSyntax, ["string e'a''?\\\\'", "value ?"]],
    ["E'a\\' ?", sqliteSyntax, ["word E", "string 'a\\'", "value ?"]],
    ["nameE'a\\' ?", postgresSyntax, ["word nameE", "string 'a\\'", "value ?"]],
    ["E'a'\n '\\'?' ?", postgresSyntax, ["string E'a'\n '\\'?'", "value ?"]],
    ["E'a' -- it's\n '\\'?' ?", postgresSyntax, ["string E'a' -- it's\n '\\'?'", "value ?"]],
    ["E'a' '\\' ?", postgresSyntax, ["string E'a'", "string '\\'", "value ?"]],
    ["$$'?$$ ?", postgresSyntax, ["string $$'?$$", "value ?"]],
    ["$a$ $$ $b$ ? $a$ ?", postgresSyntax, ["string $a$ $$ $b$ ? $a$", "value ?"]],
    ["1$$?$$", postgresSyntax, ["number 1", "string $$?$$"]],
    ["a$$?$$", postgresSyntax, ["word a$$", "value ?", "string $$"]],
    ["$1$$?$$", postgresSyntax, ["nativeValue $1", "string $$?$$"]],
    ["$é$?$é$", postgresSyntax, ["string $é$?$é$"]],
    ["$$ ? $$", mysqlSyntax, ["word $$", "value ?", "word $$"]],
    ["[a ' ?] ?", sqliteSyntax, ["quotedName [a ' ?]", "value ?"]],
    ["[1] a[b]", sqliteSyntax, ["quotedName [1]", "word a", "quotedName [b]"]],
  ])("%s for $1.name", (sql, syntax, expected) => {
    expect(code(sql, syntax)).toEqual(expected);
  });
});

describe("comments", () => {
  it.each<[string, SqlSyntax, string[]]>([
    ["/* a /* b */ ? */ ?", postgresSyntax, ["blockComment /* a /* b */ ? */", "value ?"]],
    ["/* a /* b */ ?", sqliteSyntax, ["blockComment /* a /* b */", "value ?"]],
    ["/* a /* b */ ?", mysqlSyntax, ["blockComment /* a /* b */", "value ?"]],
    ["/*/ ? */ a", mysqlSyntax, ["blockComment /*/ ? */", "word a"]],
    ["5--?", mysqlSyntax, ["number 5", "symbol -", "symbol -", "value ?"]],
    ["5--\t?", mysqlSyntax, ["number 5", "lineComment --\t?"]],
    ["5--", mysqlSyntax, ["number 5", "lineComment --"]],
    ["5--?", postgresSyntax, ["number 5", "lineComment --?"]],
    ["a # ?\n?", mysqlSyntax, ["word a", "lineComment # ?", "value ?"]],
    ["a # ?", postgresSyntax, ["word a", "symbol #", "value ?"]],
    ["-- a\r?", postgresSyntax, ["lineComment -- a", "value ?"]],
    ["-- a\r?", sqliteSyntax, ["lineComment -- a\r?"]],
    ["-- a\r?", mysqlSyntax, ["lineComment -- a\r?"]],
    ["/*! ? */ ?", mysqlSyntax, ["executableComment /*! ? */", "value ?"]],
    [
      "/*!50000 '*/' \"*/\" `*/` */ ?",
      mysqlSyntax,
      ["executableComment /*!50000 '*/' \"*/\" `*/` */", "value ?"],
    ],
    [
      "/*! /* ' */ # */\n -- */\n */ ?",
      mysqlSyntax,
      ["executableComment /*! /* ' */ # */\n -- */\n */", "value ?"],
    ],
    ["/*M! ? */ ?", mysqlSyntax, ["executableComment /*M! ? */", "value ?"]],
    ["/*! ? */ ?", postgresSyntax, ["blockComment /*! ? */", "value ?"]],
    ["/*+ ? */ ?", mysqlSyntax, ["blockComment /*+ ? */", "value ?"]],
  ])("%s for $1.name", (sql, syntax, expected) => {
    expect(code(sql, syntax)).toEqual(expected);
  });
});

describe("what surrounds a literal", () => {
  const neutral: Record<string, fc.Arbitrary<string>> = {
    postgres: fc.oneof(
      fc.string({ unit: "binary" }).map((text) => `'${text.replaceAll("'", "''")}'`),
      fc.string({ unit: "binary" }).map((text) => `E'${text.replaceAll(/['\\]/g, "\\$&")}'`),
      fc.string({ unit: "binary" }).map((text) => `$q$${text.replaceAll("$", "")}$q$`),
      fc.string({ unit: "binary" }).map((text) => `/*${text.replaceAll(/[*/]/g, "")}*/`),
      fc.string({ unit: "binary" }).map((text) => `"${text.replaceAll('"', '""')}"`),
    ),
    mysql: fc.oneof(
      fc.string({ unit: "binary" }).map((text) => `'${text.replaceAll(/['\\]/g, "\\$&")}'`),
      fc.string({ unit: "binary" }).map((text) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '""')}"`),
      fc.string({ unit: "binary" }).map((text) => `/* ${text.replaceAll(/[*/]/g, "")}*/`),
      fc.string({ unit: "binary" }).map((text) => `\`${text.replaceAll("`", "``")}\``),
    ),
    sqlite: fc.oneof(
      fc.string({ unit: "binary" }).map((text) => `'${text.replaceAll("'", "''")}'`),
      fc.string({ unit: "binary" }).map((text) => `/*${text.replaceAll(/[*/]/g, "")}*/`),
      fc.string({ unit: "binary" }).map((text) => `"${text.replaceAll('"', '""')}"`),
    ),
  };

  it.each(syntaxes)("is read the same whatever the literal holds, for $name", (syntax) => {
    fc.assert(
      fc.property(neutral[syntax.name] ?? fc.constant("''"), (literal) => {
        const tokens: Token[] = tokenize(`x = ${literal} AND y = ?`, syntax);
        const at = tokens.findIndex(({ text }) => text === literal);
        expect(at).toBe(4);
        expect(tokens.slice(at + 1)).toEqual(tokenize(" AND y = ?", syntax));
      }),
      { numRuns: 500 },
    );
  });
});
