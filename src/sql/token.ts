/**
 * - `name` is the portable `[name]`; `value` is `?`, `literalMark` is `??`, `namedValue` is `:name`, and
 *   `nativeValue` is the dialect's own `$1` or `%s`.
 * - `quotedName` and `string` are the dialect's own literals, with prefix and quotes.
 * - `executableComment` is MySQL's `/*! ... *\/`: code, but not ours to read.
 * - `number` begins with a digit; `symbol` is any other character, and `::`, `:=`, `%%`.
 */
export type TokenKind =
  | "end"
  | "space"
  | "lineComment"
  | "blockComment"
  | "executableComment"
  | "string"
  | "quotedName"
  | "word"
  | "number"
  | "name"
  | "value"
  | "literalMark"
  | "namedValue"
  | "nativeValue"
  | "open"
  | "close"
  | "openBracket"
  | "closeBracket"
  | "comma"
  | "semicolon"
  | "symbol";

/** A part of a text, and what it is. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}
