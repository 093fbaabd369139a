/**
 * What the lexer must know of a dialect to tell code from literals, comments and quoted names. Data only, so
 * that a new backend describes itself without code.
 */
export interface SqlSyntax {
  readonly name: string;
  /** How the driver wants value placeholders: `?`, or numbered `$1`. */
  readonly placeholder: "?" | "$n";
  /** The dialect's own placeholders that a caller may write: `$1` (PostgreSQL), `%s` (MySQL), or none. */
  readonly nativePlaceholder: "$n" | "%s" | "none";
  /** Quotes a name: `"` or a backtick. The quote inside a name is doubled. */
  readonly identifierQuote: '"' | "`";
  /** Whether `"..."` is a string (MySQL without ANSI_QUOTES) and not a name. */
  readonly doubleQuotedStrings: boolean;
  /** Whether a backtick quotes a name. True on MySQL and SQLite. */
  readonly backtickNames: boolean;
  /** Whether a backslash escapes the next character in an ordinary string (MySQL). */
  readonly backslashEscapes: boolean;
  /** Whether `E'...'` is a string with backslash escapes (PostgreSQL). */
  readonly escapeStrings: boolean;
  /** Whether `$tag$ ... $tag$` is a string (PostgreSQL). */
  readonly dollarQuotes: boolean;
  /** Whether block comments nest (PostgreSQL). */
  readonly nestedComments: boolean;
  /** Whether `#` starts a comment to the end of the line (MySQL). */
  readonly hashComments: boolean;
  /** Whether `--` starts a comment only before white space or the end (MySQL). */
  readonly dashCommentNeedsSpace: boolean;
  /** Whether a carriage return alone ends a comment to the end of the line (PostgreSQL). */
  readonly carriageReturnEndsComment: boolean;
  /** Whether the server runs what stands in `/*! ... *\/` (MySQL, and MariaDB's `/*M! ... *\/`). */
  readonly executableComments: boolean;
  /** Whether `[...]` quotes a name in the dialect itself, with anything but `]` inside (SQLite). */
  readonly bracketNames: boolean;
  /**
   * What `IN (?)` becomes for an empty list. `subquery`: `IN (SELECT NULL WHERE 1=0)`. `array`: `= ANY('{}')`, for
   * PostgreSQL, which gives the subquery's null the type text and then cannot compare it with a number.
   */
  readonly emptyList: "subquery" | "array";
  /** Longest name in bytes of UTF-8. Longer ones are refused, since some servers cut them in silence. */
  readonly maxIdentifierBytes: number;
}
