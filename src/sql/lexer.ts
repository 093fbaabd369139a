import { BracketFrames } from "./bracket-frames.ts";
import { Action, actionsOf, isBracketPart, isDigit, isNameStart, isSpace, isWordPart } from "./characters.ts";
import {
  blockCommentEnd,
  dollarStringEnd,
  dollarTagEnd,
  escapedEnd,
  escapeStringEnd,
  executableCommentEnd,
  isDashComment,
  lineEnd,
  quotedEnd,
} from "./literals.ts";
import type { SqlSyntax } from "./syntax.ts";
import type { Token, TokenKind } from "./token.ts";

const equals = 61;
const colon = 58;
const percent = 37;
const questionMark = 63;
const dollar = 36;
const star = 42;
const singleQuote = 39;

/**
 * Reads SQL token by token, in one pass. Total: any text has tokens, they join to the text again, and reading
 * takes time in proportion to its length. A literal that never ends is one token up to the end of the text.
 *
 * The object itself is the token under the reader, so that reading allocates nothing.
 */
export class Lexer {
  readonly text: string;
  kind: TokenKind = "end";
  /** Where the token starts and ends in `text`. */
  start = 0;
  end = 0;
  /** The last token that is neither white space nor comment, before this one. `end` at the beginning. */
  before: TokenKind = "end";
  beforeStart = 0;
  beforeEnd = 0;
  /** Whether the text ended inside a literal or a comment, of which the last token is the beginning. */
  unterminated = false;

  readonly #syntax: SqlSyntax;
  readonly #actions: Uint8Array;
  readonly #frames = new BracketFrames();

  constructor(text: string, syntax: SqlSyntax) {
    this.text = text;
    this.#syntax = syntax;
    this.#actions = actionsOf(syntax);
  }

  /** Moves to the next token and answers its kind; `end` behind the last. */
  next(): TokenKind {
    const { kind } = this;
    if (kind !== "space" && kind !== "lineComment" && kind !== "blockComment") {
      this.before = kind;
      this.beforeStart = this.start;
      this.beforeEnd = this.end;
    }
    this.start = this.end;
    this.kind = this.end < this.text.length ? this.#read(this.end) : "end";
    return this.kind;
  }

  /** Reads one token from `start`, and leaves `this.end` behind it. */
  #read(start: number): TokenKind {
    const { text } = this;
    const code = text.charCodeAt(start);
    this.end = start + 1;
    switch (code < 128 ? this.#actions[code] : Action.word) {
      case Action.space:
        while (isSpace(text.charCodeAt(this.end))) this.end++;
        return "space";
      case Action.word:
        return this.#word(start, code);
      case Action.number:
        return this.#number();
      case Action.comma:
        return "comma";
      case Action.questionMark:
        if (text.charCodeAt(start + 1) !== questionMark) return "value";
        this.end = start + 2;
        return "literalMark";
      case Action.open:
        this.#frames.open();
        return "open";
      case Action.close:
        this.#frames.close();
        return "close";
      case Action.openBracket:
        return this.#bracket(start);
      case Action.closeBracket:
        this.#frames.closeBracket();
        return "closeBracket";
      case Action.string:
        return this.#until(quotedEnd(text, start + 1, "'"), "string");
      case Action.escapedString:
        return this.#until(escapedEnd(text, start + 1, code), "string");
      case Action.quotedName:
        return this.#until(quotedEnd(text, start + 1, String.fromCharCode(code)), "quotedName");
      case Action.dash:
        return isDashComment(text, start, this.#syntax) ? this.#lineComment(start) : "symbol";
      case Action.hash:
        return this.#lineComment(start);
      case Action.slash:
        return this.#slash(start);
      case Action.colon:
        return this.#colon(start);
      case Action.dollar:
        return this.#dollar(start);
      case Action.percent:
        return this.#percent(start);
      case Action.semicolon:
        return "semicolon";
      default:
        return "symbol";
    }
  }

  #word(start: number, code: number): TokenKind {
    const { text } = this;
    let at = start + 1;
    while (isWordPart(text.charCodeAt(at))) at++;
    this.end = at;
    const isEscapeString =
      (code === 69 || code === 101) &&
      at === start + 1 &&
      this.#syntax.escapeStrings &&
      text.charCodeAt(at) === singleQuote;
    return isEscapeString ? this.#until(escapeStringEnd(text, at + 1), "string") : "word";
  }

  // PostgreSQL reads `1$$` as a number and the start of a string; the others let a number run on like a word.
  #number(): TokenKind {
    const { text } = this;
    const stopAtDollar = this.#syntax.dollarQuotes;
    for (let at = this.end; ; at++) {
      const code = text.charCodeAt(at);
      if (!isWordPart(code) || (code === dollar && stopAtDollar)) {
        this.end = at;
        return "number";
      }
    }
  }

  #lineComment(start: number): TokenKind {
    this.end = lineEnd(this.text, start, this.#syntax.carriageReturnEndsComment);
    return "lineComment";
  }

  #slash(start: number): TokenKind {
    const { text } = this;
    if (text.charCodeAt(start + 1) !== star) return "symbol";
    const executable =
      this.#syntax.executableComments && (text[start + 2] === "!" || text.startsWith("M!", start + 2));
    return executable
      ? this.#until(executableCommentEnd(text, start + 3, this.#syntax), "executableComment")
      : this.#until(blockCommentEnd(text, start + 2, this.#syntax.nestedComments), "blockComment");
  }

  // A colon directly behind an operand is PostgreSQL's slice: `list[low:high]`.
  #colon(start: number): TokenKind {
    const { text } = this;
    const next = text.charCodeAt(start + 1);
    if (next === colon || next === equals) this.end = start + 2;
    else if (isNameStart(next) && !this.#touchesOperand(start)) {
      let at = start + 2;
      while (isNameStart(text.charCodeAt(at)) || isDigit(text.charCodeAt(at))) at++;
      this.end = at;
      return "namedValue";
    }
    return "symbol";
  }

  #dollar(start: number): TokenKind {
    const { text } = this;
    let at = start + 1;
    while (isDigit(text.charCodeAt(at))) at++;
    if (at > start + 1 && this.#syntax.nativePlaceholder === "$n") {
      this.end = at;
      return "nativeValue";
    }
    const tagEnd = this.#syntax.dollarQuotes ? dollarTagEnd(text, start) : -1;
    return tagEnd === -1 ? "symbol" : this.#until(dollarStringEnd(text, start, tagEnd), "string");
  }

  // `a%s` and `%size` are remainders; `%s` that stands alone is a value.
  #percent(start: number): TokenKind {
    const { text } = this;
    if (text.charCodeAt(start + 1) === percent) this.end = start + 2;
    else if (
      text[start + 1] === "s" &&
      !isWordPart(text.charCodeAt(start + 2)) &&
      !this.#touchesOperand(start)
    ) {
      this.end = start + 2;
      return "nativeValue";
    }
    return "symbol";
  }

  #bracket(start: number): TokenKind {
    const nameEnd = this.#bracketNameEnd(start);
    const isArray = this.#beginsArray();
    const isName = nameEnd !== -1 && !isArray && !this.#touchesOperand(start);
    if (this.#syntax.bracketNames) {
      const at = this.text.indexOf("]", start + 1);
      return this.#until(at === -1 ? -1 : at + 1, isName ? "name" : "quotedName");
    }
    if (isName) {
      this.end = nameEnd;
      return "name";
    }
    this.#frames.openBracket(isArray);
    return "openBracket";
  }

  /** The end of `[name]`, or -1 when the bracket holds something else. A name has at least one letter or `_`. */
  #bracketNameEnd(start: number): number {
    const { text } = this;
    if (!isWordPart(text.charCodeAt(start + 1))) return -1;
    let at = start + 1;
    let hasLetter = false;
    for (let code = text.charCodeAt(at); isBracketPart(code); code = text.charCodeAt(++at)) {
      hasLetter ||= isNameStart(code);
    }
    return hasLetter && text[at] === "]" ? at + 1 : -1;
  }

  /** Whether the bracket belongs to an array: `ARRAY[...]`, or a row of one: `ARRAY[[...], [...]]`. */
  #beginsArray(): boolean {
    const { before } = this;
    if (before === "word") {
      const isLongEnough = this.beforeEnd - this.beforeStart === "array".length;
      return isLongEnough && this.text.slice(this.beforeStart, this.beforeEnd).toLowerCase() === "array";
    }
    return this.#frames.inArray && (before === "openBracket" || before === "comma");
  }

  /** Whether an operand ends directly before `start`, with neither white space nor a comment between. */
  #touchesOperand(start: number): boolean {
    if (this.beforeEnd !== start) return false;
    switch (this.before) {
      case "word":
      case "number":
      case "string":
      case "quotedName":
      case "name":
      case "close":
      case "closeBracket":
      case "value":
      case "namedValue":
      case "nativeValue":
        return true;
      default:
        return false;
    }
  }

  #until(end: number, kind: TokenKind): TokenKind {
    if (end === -1) this.unterminated = true;
    this.end = end === -1 ? this.text.length : end;
    return kind;
  }
}

/** All tokens of a text. Their texts join to the text again. */
export function tokenize(text: string, syntax: SqlSyntax): Token[] {
  const lexer = new Lexer(text, syntax);
  const tokens: Token[] = [];
  for (let kind = lexer.next(); kind !== "end"; kind = lexer.next()) {
    tokens.push({ kind, text: text.slice(lexer.start, lexer.end) });
  }
  return tokens;
}
