import { describe, expect, it } from "vitest";
import { SqlParameterError, ValidationError } from "../errors/index.ts";
import type { SqlSyntax } from "./syntax.ts";
import { mysqlSyntax, postgresSyntax, sqliteSyntax } from "./syntaxes.ts";
import { expandLists, translate } from "./translate.ts";

const syntaxes: readonly SqlSyntax[] = [sqliteSyntax, postgresSyntax, mysqlSyntax];

/** The text for SQLite, PostgreSQL and MySQL. */
function everywhere(sql: string): string[] {
  return syntaxes.map((syntax) => translate(sql, syntax).text);
}

const pg = (sql: string) => translate(sql, postgresSyntax).text;

describe("values", () => {
  it.each<[string, string, string, string]>([
    ["a = ? AND b = ?", "a = ? AND b = ?", "a = $1 AND b = $2", "a = ? AND b = ?"],
    ["a = :x AND b = :y", "a = ? AND b = ?", "a = $1 AND b = $2", "a = ? AND b = ?"],
    ["a ?? b", "a ? b", "a ? b", "a ? b"],
    ["a = ?OR b", "a = ? OR b", "a = $1 OR b", "a = ? OR b"],
    ["LIMIT? OFFSET?", "LIMIT? OFFSET?", "LIMIT $1 OFFSET $2", "LIMIT? OFFSET?"],
    ["?::int", "?::int", "$1::int", "?::int"],
    [":x::int", "?::int", "$1::int", "?::int"],
    ["(:_a,:é,:a1)", "(?,?,?)", "($1,$2,$3)", "(?,?,?)"],
    ["???", "??", "?$1", "??"],
  ])("%s", (sql, ...expected) => {
    expect(everywhere(sql)).toEqual(expected);
  });

  it.each([
    "a::text",
    "f(a := 1)",
    "a[1:2]",
    "a[lo:hi]",
    "a[f(x):hi]",
    'a["x":hi]',
    "a : b",
    "a::b::c",
    "x:",
  ])("finds no name in %s", (sql) => {
    expect(syntaxes.map((syntax) => translate(sql, syntax).style)).toEqual(["none", "none", "none"]);
    expect(pg(sql)).toBe(sql);
  });

  it("keeps jsonb's operators apart from values", () => {
    expect(pg("data ??| ? AND data ??& ? AND data ?? 'a' AND data @?? '$.a'")).toBe(
      "data ?| $1 AND data ?& $2 AND data ? 'a' AND data @? '$.a'",
    );
  });

  it("passes the database's own placeholders", () => {
    expect(translate("a = $2 AND b = $1 AND c = $2", postgresSyntax)).toMatchObject({
      text: "a = $2 AND b = $1 AND c = $2",
      style: "native",
      parameterCount: 2,
      lists: [],
    });
    expect(translate("a = %s AND b IN (%s)", mysqlSyntax)).toMatchObject({
      text: "a = ? AND b IN (?)",
      style: "native",
      parameterCount: 2,
      lists: [1],
    });
  });

  it.each(["a%s", "a %size", "a % s", "5%s", "%%s", "'%s'", "(a)%s"])(
    "takes no remainder for a value: %s",
    (sql) => {
      expect(translate(sql, mysqlSyntax)).toMatchObject({ text: sql, style: "none" });
    },
  );

  it("leaves another database's placeholders alone", () => {
    expect(translate("a = %s", postgresSyntax).style).toBe("none");
    expect(translate("a = $1", mysqlSyntax).style).toBe("none");
    expect(translate("a = $1 AND b = %s", sqliteSyntax).style).toBe("none");
  });

  it("has a slot for each use of a name, but uses a number again", () => {
    const sql = "(:a IS NULL OR x = :a) AND y = :b";
    expect(translate(sql, mysqlSyntax)).toMatchObject({ names: ["a", "a", "b"], parameterCount: 3 });
    expect(translate(sql, postgresSyntax)).toMatchObject({
      text: "($1 IS NULL OR x = $1) AND y = $2",
      names: ["a", "b"],
      parameterCount: 2,
    });
  });

  it.each<[string, SqlSyntax, RegExp]>([
    [
      "a = ? AND b = :b",
      sqliteSyntax,
      /one kind of placeholder, got .*\? and .*:name.*\?\?.* in: a = \? AND b = :b$/,
    ],
    ["a = :a AND b = $1", postgresSyntax, /one kind/],
    ["a = $1 AND data ?| b", postgresSyntax, /one kind.*write \?\?/],
    ["a = ? AND b = %s", mysqlSyntax, /one kind/],
    ["a = ?1", sqliteSyntax, /\? to stand alone/],
    ["a = ?1", postgresSyntax, /\? to stand alone/],
    ["a = $0", postgresSyntax, /from \$1, got \$0/],
  ])("refuses %s", (sql, syntax, message) => {
    expect(() => translate(sql, syntax)).toThrow(SqlParameterError);
    expect(() => translate(sql, syntax)).toThrow(message);
  });

  it("keeps a literal question mark out of the counting", () => {
    expect(translate("data ?? 'a' AND b = $1", postgresSyntax)).toMatchObject({
      style: "native",
      parameterCount: 1,
    });
    expect(translate("a ?? b", postgresSyntax)).toMatchObject({ style: "none", parameterCount: 0 });
  });
});

describe("names", () => {
  it.each<[string, string, string, string]>([
    ["[users]", '"users"', '"users"', "`users`"],
    ["[s].[t].[c]", '"s"."t"."c"', '"s"."t"."c"', "`s`.`t`.`c`"],
    ["u.[order by]", 'u."order by"', 'u."order by"', "u.`order by`"],
    [
      "[a-b], [_a$1], [größe], [2fa]",
      '"a-b", "_a$1", "größe", "2fa"',
      '"a-b", "_a$1", "größe", "2fa"',
      "`a-b`, `_a$1`, `größe`, `2fa`",
    ],
    ['[a"b]', '"a""b"', '"a""b"', '`a"b`'],
    ["[a`b]", '"a`b"', '"a`b"', "`a``b`"],
    ["SELECT [a]FROM [b]", 'SELECT "a"FROM "b"', 'SELECT "a"FROM "b"', "SELECT `a`FROM `b`"],
    ["([a])", '("a")', '("a")', "(`a`)"],
    ["[a]=?", '"a"=?', '"a"=$1', "`a`=?"],
    ["[a][1]", '"a"[1]', '"a"[1]', "`a`[1]"],
    ["[a][i]", '"a"[i]', '"a"[i]', "`a`[i]"],
    ["'x' [a]", "'x' \"a\"", "'x' \"a\"", "'x' `a`"],
  ])("%s", (sql, ...expected) => {
    expect(everywhere(sql)).toEqual(expected);
  });

  it.each([
    "a[i]",
    "f(x)[i]",
    "a[1][i]",
    '"a"[i]',
    "[]",
    "int[]",
    "[1]",
    "[1:2]",
    "x [1]",
    "[ a]",
    "[a",
    "a]",
    "[a.b]",
    "[a+b]",
    "['a']",
    '["a"]',
    "[a\nb]",
    "[-a]",
    "[:]",
    "ARRAY[a]",
    "array [a]",
    "ARRAY[[a], [b, c]]",
    "ARRAY[ARRAY[a], b[i]]",
    "data['key']",
  ])("leaves %s alone", (sql) => {
    expect(everywhere(sql)).toEqual([sql, sql, sql]);
  });

  it("tells names from rows of an array", () => {
    expect(pg("ARRAY[[[a], [b]], [[c], [d]]]")).toBe("ARRAY[[[a], [b]], [[c], [d]]]");
    expect(pg("ARRAY[upper([a]), [b], t.[c], [d][1]]")).toBe('ARRAY[upper("a"), [b], t."c", [d][1]]');
    expect(pg("a[[i]] , [b]")).toBe('a["i"] , "b"');
    expect(pg("ARRAY[a], [b]")).toBe('ARRAY[a], "b"');
    expect(pg("ARRAY[(a, [b])]")).toBe('ARRAY[(a, "b")]');
  });

  it("translates what stands in a subscript", () => {
    expect(pg("a[?] + b[?:?] + ARRAY[?, ?]")).toBe("a[$1] + b[$2:$3] + ARRAY[$4, $5]");
    expect(pg("a[:i] + a[:i::int]")).toBe("a[$1] + a[$1::int]");
    expect(pg("$1[i]")).toBe("$1[i]");
  });

  it("does not let PostgreSQL see a name with escapes", () => {
    expect(pg("u&[a]")).toBe('u& "a"');
  });

  it("refuses names that a database would cut or cannot store", () => {
    const long = "é".repeat(32);
    expect(() => pg(`SELECT [${long}]`)).toThrow(ValidationError);
    expect(() => pg(`SELECT [${long}]`)).toThrow(/at most 63 bytes for postgres, got 64/);
    expect(translate(`[${long}]`, mysqlSyntax).text).toBe(`\`${long}\``);
    expect(() => translate(`[${"a".repeat(256)}]`, sqliteSyntax)).toThrow(/255 bytes/);
    expect(() => pg("[a\0b]")).toThrow(/without NUL/);
  });
});

describe("lists", () => {
  const lists = (sql: string, syntax: SqlSyntax = sqliteSyntax) => translate(sql, syntax).lists;
  const expand = (sql: string, lengths: number[]) =>
    syntaxes.map((syntax) => expandLists(translate(sql, syntax), syntax, lengths));

  it("are values alone inside IN ( )", () => {
    expect(lists("a = ? AND b IN (?) AND c NOT IN ( \n ? ) AND d in(?)")).toEqual([1, 2, 3]);
    expect(lists("a IN /* these */ (/* all */ ?)")).toEqual([0]);
    expect(lists("a IN (:a) AND b IN (:a)", postgresSyntax)).toEqual([0, 1]);
  });

  it.each([
    "IN (?, ?)",
    "IN (1, ?)",
    "IN (? + 1)",
    "IN ((?))",
    "ANY(?)",
    "min (?)",
    "xIN (?)",
    "a.IN x (?)",
    "(?)",
  ])("are not in %s", (sql) => {
    expect(lists(sql)).toEqual([]);
  });

  it("expand in order", () => {
    expect(expand("a = ? AND b IN (?) AND c = ?", [3])).toEqual([
      "a = ? AND b IN (?, ?, ?) AND c = ?",
      "a = $1 AND b IN ($2, $3, $4) AND c = $5",
      "a = ? AND b IN (?, ?, ?) AND c = ?",
    ]);
    expect(expand("a IN (:a) AND b = :b AND c IN (:c) AND b = :b", [2, 2])[1]).toBe(
      "a IN ($1, $2) AND b = $3 AND c IN ($4, $5) AND b = $3",
    );
  });

  it("match nothing when they are empty", () => {
    const subquery = "a IN (SELECT NULL WHERE 1=0) AND b NOT IN (SELECT NULL WHERE 1=0) AND c = ?";
    expect(expand("a IN (?) AND b NOT IN (?) AND c = ?", [0, 0])).toEqual([
      subquery,
      "a = ANY('{}') AND b <> ALL('{}') AND c = $1",
      subquery,
    ]);
    expect(expand("[a]in( ? )AND b", [0])[1]).toBe(`"a"= ANY('{}')AND b`);
    expect(expand("NOT a IN (?)", [0])[1]).toBe("NOT a = ANY('{}')");
  });
});

describe("literals and comments", () => {
  const marks = "? ?? :a $1 %s [b]";

  it.each<[SqlSyntax, string]>([
    [sqliteSyntax, `'${marks}'`],
    [sqliteSyntax, `"${marks}"`],
    [sqliteSyntax, `\`${marks}\``],
    [sqliteSyntax, `-- ${marks}`],
    [sqliteSyntax, `/* ${marks} */`],
    [sqliteSyntax, `[? ' ${marks}`],
    [postgresSyntax, `'${marks}'`],
    [postgresSyntax, `E'\\' ${marks}'`],
    [postgresSyntax, `N'${marks}' U&'${marks}' X'${marks}'`],
    [postgresSyntax, `"${marks}" U&"${marks}"`],
    [postgresSyntax, `$tag$ $$ ' ${marks} $tag$`],
    [postgresSyntax, `/* /* ${marks} */ ${marks} */`],
    [postgresSyntax, `-- ${marks}`],
    [mysqlSyntax, `'\\' ${marks}'`],
    [mysqlSyntax, `"\\" ${marks}"`],
    [mysqlSyntax, `\`${marks}\``],
    [mysqlSyntax, `# ${marks}`],
    [mysqlSyntax, `-- ${marks}`],
    [mysqlSyntax, `/*! ${marks} */`],
    [mysqlSyntax, `/*+ ${marks} */`],
    [mysqlSyntax, `'${marks}`],
  ])("are never touched: %#", (syntax, literal) => {
    expect(translate(literal, syntax)).toMatchObject({ text: literal, style: "none", parameterCount: 0 });
    const mark = syntax.placeholder === "?" ? "?" : "$1";
    expect(translate(`? ${literal}`, syntax).text).toBe(`${mark} ${literal}`);
  });
});

describe("a translation", () => {
  it("holds one statement object", () => {
    const translation = translate("SELECT [a] FROM t WHERE b = ?", postgresSyntax);
    expect(translation.statement).toEqual({
      text: 'SELECT "a" FROM t WHERE b = $1',
      readOnly: true,
      reusable: true,
    });
    expect(translation.text).toBe(translation.statement.text);
    expect(translation.source).toBe("SELECT [a] FROM t WHERE b = ?");
  });

  it.each<[string, boolean]>([
    ["INSERT INTO t VALUES (?)", true],
    ["CREATE TABLE t (a)", false],
    ["BEGIN", false],
    ["SELECT 1; SELECT 2", false],
    [`SELECT '${"x".repeat(40_000)}'`, false],
  ])("says whether preparing pays: %s", (sql, reusable) => {
    expect(translate(sql, sqliteSyntax).statement.reusable).toBe(reusable);
  });

  it.each<[string, boolean, boolean]>([
    ["a = 1", false, false],
    ["a = 'x", true, false],
    ["a /* x", true, false],
    ['a = "x', true, false],
    ["a -- x", false, true],
    ["a -- x\n", false, false],
    ["-- x\n--", false, true],
  ])("says how %j ends", (sql, openComment, endsInLineComment) => {
    expect(translate(sql, postgresSyntax)).toMatchObject({ openComment, endsInLineComment });
  });

  it("never answers that an open text only reads", () => {
    expect(translate("SELECT 'a", sqliteSyntax).readOnly).toBe(false);
  });
});
