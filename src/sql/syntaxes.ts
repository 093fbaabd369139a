import type { SqlSyntax } from "./syntax.ts";

/** SQLite 3: https://www.sqlite.org/lang_keywords.html, and its `tokenize.c`. */
export const sqliteSyntax: SqlSyntax = {
  name: "sqlite",
  placeholder: "?",
  nativePlaceholder: "none",
  identifierQuote: '"',
  doubleQuotedStrings: false,
  backtickNames: true,
  backslashEscapes: false,
  escapeStrings: false,
  dollarQuotes: false,
  nestedComments: false,
  hashComments: false,
  dashCommentNeedsSpace: false,
  carriageReturnEndsComment: false,
  executableComments: false,
  bracketNames: true,
  emptyList: "subquery",
  // SQLite itself has no limit. This one leaves room for what the entity store adds to a name.
  maxIdentifierBytes: 255,
};

/**
 * PostgreSQL with `standard_conforming_strings` on, its default since 9.1:
 * https://www.postgresql.org/docs/current/sql-syntax-lexical.html, and its `scan.l`.
 */
export const postgresSyntax: SqlSyntax = {
  name: "postgres",
  placeholder: "$n",
  nativePlaceholder: "$n",
  identifierQuote: '"',
  doubleQuotedStrings: false,
  backtickNames: false,
  backslashEscapes: false,
  escapeStrings: true,
  dollarQuotes: true,
  nestedComments: true,
  hashComments: false,
  dashCommentNeedsSpace: false,
  carriageReturnEndsComment: true,
  executableComments: false,
  bracketNames: false,
  emptyList: "array",
  // NAMEDATALEN - 1. The server cuts a longer name in silence.
  maxIdentifierBytes: 63,
};

/**
 * MySQL and MariaDB without the modes ANSI_QUOTES and NO_BACKSLASH_ESCAPES:
 * https://dev.mysql.com/doc/refman/8.4/en/language-structure.html.
 */
export const mysqlSyntax: SqlSyntax = {
  name: "mysql",
  placeholder: "?",
  nativePlaceholder: "%s",
  identifierQuote: "`",
  doubleQuotedStrings: true,
  backtickNames: true,
  backslashEscapes: true,
  escapeStrings: false,
  dollarQuotes: false,
  nestedComments: false,
  hashComments: true,
  dashCommentNeedsSpace: true,
  carriageReturnEndsComment: false,
  executableComments: true,
  bracketNames: false,
  emptyList: "subquery",
  // The server allows 64 characters. Counted in bytes like everywhere, so a name that fits here fits there.
  maxIdentifierBytes: 64,
};
