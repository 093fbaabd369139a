import { Lexer } from "./lexer.ts";
import { Rewriter } from "./rewriter.ts";
import { StatementShape } from "./statement-shape.ts";
import type { SqlSyntax } from "./syntax.ts";
import type { TokenKind } from "./token.ts";
import type { StatementText, Translation } from "./translation.ts";

/** Texts above this many characters are taken for one-off bulk statements: neither cached nor prepared. */
export const longestReusable = 32_768;

const preparedVerbs: ReadonlySet<string> = new Set(
  "SELECT INSERT UPDATE DELETE WITH VALUES REPLACE MERGE TABLE PRAGMA".split(" "),
);

const noNames: ReadonlySet<string> = new Set();

/**
 * Translates portable SQL into the dialect's own:
 *
 * - `?` is a value and `??` a literal question mark; `:name` is a value by name; PostgreSQL's `$1` and MySQL's `%s`
 *   are values too. One statement keeps to one kind, or it is a `SqlParameterError`.
 * - `[name]` is a quoted name, but not directly behind an identifier, `)` or `]`, nor behind `ARRAY`, nor when it
 *   holds no letter: there it is a subscript or an array, and stays as it is. A name that is too long is a
 *   `ValidationError`.
 * - Literals, comments and quoted names are never touched, and a text without any of the above comes out as it is.
 *
 * Takes time in proportion to the length of the text. Throws for nothing else, however broken the SQL is.
 */
export function translate(sql: string, syntax: SqlSyntax): Translation {
  const lexer = new Lexer(sql, syntax);
  const rewriter = new Rewriter(sql, syntax);
  const shape = new StatementShape();
  const last = read(lexer, rewriter, shape);

  const text = rewriter.finish();
  const { style, names, parameterCount, lists } = rewriter;
  const { verb, multiple, balanced } = shape;
  const openComment = lexer.unterminated;
  const readOnly = shape.readOnly && !openComment;
  const reusable = sql.length <= longestReusable && !multiple && preparedVerbs.has(verb);
  const statement: StatementText = { text, readOnly, reusable };
  return {
    source: sql,
    text,
    statement,
    style,
    names,
    distinctNames: names.length === 0 ? noNames : new Set(names),
    parameterCount,
    lists,
    verb,
    readOnly,
    multiple,
    balanced,
    openComment,
    endsInLineComment: last === "lineComment",
  };
}

/**
 * The text for lists of certain lengths: `lengths[i]` values for the slot `translation.lists[i]`. Its placeholders
 * are in the order of the slots, and those of a list in the order of its values.
 */
export function expandLists(translation: Translation, syntax: SqlSyntax, lengths: readonly number[]): string {
  const lengthOf = new Map(translation.lists.map((slot, index) => [slot, lengths[index] ?? 1]));
  const rewriter = new Rewriter(translation.source, syntax, lengthOf);
  read(new Lexer(translation.source, syntax), rewriter, new StatementShape());
  return rewriter.finish();
}

/** Reads the text to its end, and answers the kind of the last token. */
function read(lexer: Lexer, rewriter: Rewriter, shape: StatementShape): TokenKind {
  let last = lexer.kind;
  for (let kind = lexer.next(); kind !== "end"; kind = lexer.next()) {
    last = kind;
    switch (kind) {
      case "space":
      case "lineComment":
      case "blockComment":
        break;
      case "word":
        rewriter.word(shape.word(lexer), lexer.start);
        break;
      case "open":
        shape.open(lexer);
        rewriter.open();
        break;
      case "close":
        shape.close();
        rewriter.other();
        break;
      case "semicolon":
        shape.semicolon();
        rewriter.other();
        break;
      case "executableComment":
        shape.opaque(lexer.text.slice(lexer.start, lexer.end));
        rewriter.other();
        break;
      case "name":
      case "value":
      case "namedValue":
      case "nativeValue":
      case "literalMark":
        shape.other();
        rewriter[kind](lexer.start, lexer.end);
        break;
      case "symbol":
        if (lexer.end - lexer.start === 2 && lexer.text.startsWith(":=", lexer.start)) shape.assignment();
        else shape.other();
        rewriter.other();
        break;
      default:
        shape.other();
        rewriter.other();
    }
  }
  return last;
}
