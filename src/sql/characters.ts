import type { SqlSyntax } from "./syntax.ts";

/** What the lexer does at a character below 128. Every one above is part of a word in all three dialects. */
export const Action = {
  symbol: 0,
  space: 1,
  word: 2,
  number: 3,
  string: 4,
  escapedString: 5,
  quotedName: 6,
  dollar: 7,
  dash: 8,
  hash: 9,
  slash: 10,
  questionMark: 11,
  colon: 12,
  percent: 13,
  open: 14,
  close: 15,
  openBracket: 16,
  closeBracket: 17,
  comma: 18,
  semicolon: 19,
} as const;

const wordPart = 1;
const nameStart = 2;
const bracketPart = 4;

const traits = new Uint8Array(128);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_") {
  traits[char.charCodeAt(0)] = wordPart | nameStart | bracketPart;
}
for (const char of "0123456789$") traits[char.charCodeAt(0)] = wordPart | bracketPart;
// Quotes and NUL belong to what stands in brackets, so that `quoteIdentifier` doubles the one and refuses the other.
for (const char of ' -"`\0') traits[char.charCodeAt(0)] = bracketPart;

/** Whether the character continues a word: a letter, a digit, `_`, `$`, or anything beyond ASCII. NaN does not. */
export function isWordPart(code: number): boolean {
  return code < 128 ? ((traits[code] ?? 0) & wordPart) !== 0 : code >= 128;
}

/** Whether the character may begin the name of a value: a letter, `_`, or anything beyond ASCII. */
export function isNameStart(code: number): boolean {
  return code < 128 ? ((traits[code] ?? 0) & nameStart) !== 0 : code >= 128;
}

/** Whether the character may stand in the portable `[name]`. */
export function isBracketPart(code: number): boolean {
  return code < 128 ? ((traits[code] ?? 0) & bracketPart) !== 0 : code >= 128;
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Space, tab, line feed, vertical tab, form feed or carriage return. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

const tables = new WeakMap<SqlSyntax, Uint8Array>();

/** The dialect's table from a character below 128 to its `Action`. Made once for each syntax. */
export function actionsOf(syntax: SqlSyntax): Uint8Array {
  const known = tables.get(syntax);
  if (known !== undefined) return known;
  const table = makeActions(syntax);
  tables.set(syntax, table);
  return table;
}

function makeActions(syntax: SqlSyntax): Uint8Array {
  const table = new Uint8Array(128);
  const set = (chars: string, action: number) => {
    for (const char of chars) table[char.charCodeAt(0)] = action;
  };
  for (let code = 0; code < 128; code++) {
    if (isSpace(code)) table[code] = Action.space;
    else if (isDigit(code)) table[code] = Action.number;
    else if (isWordPart(code)) table[code] = Action.word;
  }
  const string = syntax.backslashEscapes ? Action.escapedString : Action.string;
  set("'", string);
  set('"', syntax.doubleQuotedStrings ? string : Action.quotedName);
  set("`", syntax.backtickNames ? Action.quotedName : Action.symbol);
  set("#", syntax.hashComments ? Action.hash : Action.symbol);
  set("%", syntax.nativePlaceholder === "%s" ? Action.percent : Action.symbol);
  if (syntax.dollarQuotes || syntax.nativePlaceholder === "$n") set("$", Action.dollar);
  set("-", Action.dash);
  set("/", Action.slash);
  set("?", Action.questionMark);
  set(":", Action.colon);
  set("(", Action.open);
  set(")", Action.close);
  set("[", Action.openBracket);
  set("]", Action.closeBracket);
  set(",", Action.comma);
  set(";", Action.semicolon);
  return table;
}
