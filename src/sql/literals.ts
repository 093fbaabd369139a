import { isDigit, isNameStart, isSpace } from "./characters.ts";
import type { SqlSyntax } from "./syntax.ts";

/*
 * Where literals and comments end. Each function takes the index behind the opening mark and answers the index
 * behind the closing one, or -1 when the text ends first. None looks at a character more than a fixed number of
 * times, so that the lexer's time stays linear.
 */

const lineFeed = 10;
const carriageReturn = 13;
const backslash = 92;
const singleQuote = 39;
const star = 42;
const dash = 45;
const slash = 47;

/** The end of a string or name in which only the doubled quote stands for itself. */
export function quotedEnd(text: string, from: number, quote: string): number {
  const code = quote.charCodeAt(0);
  for (let at = text.indexOf(quote, from); at !== -1; at = text.indexOf(quote, at + 2)) {
    if (text.charCodeAt(at + 1) !== code) return at + 1;
  }
  return -1;
}

/** The end of a string in which a backslash protects the next character, too. */
export function escapedEnd(text: string, from: number, quote: number): number {
  const { length } = text;
  for (let at = from; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === backslash) at++;
    else if (code === quote) {
      if (text.charCodeAt(at + 1) !== quote) return at + 1;
      at++;
    }
  }
  return -1;
}

/**
 * The end of PostgreSQL's `E'...'`. A further `'...'` on a later line continues the string and its rules, with
 * nothing but white space and `--` comments between.
 */
export function escapeStringEnd(text: string, from: number): number {
  let end = escapedEnd(text, from, singleQuote);
  while (end !== -1) {
    const continuation = continuationStart(text, end);
    if (continuation === -1) return end;
    end = escapedEnd(text, continuation, singleQuote);
  }
  return -1;
}

function continuationStart(text: string, from: number): number {
  let lineEnded = false;
  for (let at = from; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === singleQuote) return lineEnded ? at + 1 : -1;
    if (code === dash && text.charCodeAt(at + 1) === dash) at = lineEnd(text, at, true);
    else if (isSpace(code)) {
      lineEnded ||= code === lineFeed || code === carriageReturn;
      at++;
    } else return -1;
  }
  return -1;
}

/** The end of the opening `$tag$` that starts at `start`, or -1 when there is none. */
export function dollarTagEnd(text: string, start: number): number {
  let at = start + 1;
  if (isDigit(text.charCodeAt(at))) return -1;
  while (isTagPart(text.charCodeAt(at))) at++;
  return text[at] === "$" ? at + 1 : -1;
}

function isTagPart(code: number): boolean {
  return isNameStart(code) || isDigit(code);
}

/** The end of PostgreSQL's `$tag$ ... $tag$`, whose opening tag is `text.slice(start, from)`. */
export function dollarStringEnd(text: string, start: number, from: number): number {
  const at = text.indexOf(text.slice(start, from), from);
  return at === -1 ? -1 : at + (from - start);
}

/** The end of a comment that a line ends; the line's end itself is not part of it. Never -1. */
export function lineEnd(text: string, from: number, carriageReturnEnds: boolean): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === lineFeed || (carriageReturnEnds && code === carriageReturn)) break;
  }
  return at;
}

/** Whether `--` at `start` begins a comment. MySQL wants white space, a control character or the end behind it. */
export function isDashComment(text: string, start: number, syntax: SqlSyntax): boolean {
  if (text.charCodeAt(start + 1) !== dash) return false;
  if (!syntax.dashCommentNeedsSpace || start + 2 >= text.length) return true;
  const next = text.charCodeAt(start + 2);
  return next <= 32 || next === 127;
}

export function blockCommentEnd(text: string, from: number, nested: boolean): number {
  if (!nested) {
    const at = text.indexOf("*/", from);
    return at === -1 ? -1 : at + 2;
  }
  for (let at = from, depth = 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === slash && text.charCodeAt(at + 1) === star) {
      depth++;
      at++;
    } else if (code === star && text.charCodeAt(at + 1) === slash) {
      depth--;
      at++;
      if (depth === 0) return at + 1;
    }
  }
  return -1;
}

/**
 * The end of MySQL's executable comment. What stands in it is code: a closing mark inside one of its strings or
 * comments does not end it.
 */
export function executableCommentEnd(text: string, from: number, syntax: SqlSyntax): number {
  for (let at = from; at !== -1 && at < text.length; ) {
    const char = text[at];
    const next = text[at + 1];
    if (char === "*" && next === "/") return at + 2;
    if (char === "'" || char === '"') at = escapedEnd(text, at + 1, text.charCodeAt(at));
    else if (char === "`") at = quotedEnd(text, at + 1, char);
    else if (char === "/" && next === "*") at = blockCommentEnd(text, at + 2, false);
    else if (char === "#" || (char === "-" && isDashComment(text, at, syntax))) at = lineEnd(text, at, false);
    else at++;
  }
  return -1;
}
