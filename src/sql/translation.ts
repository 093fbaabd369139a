import type { ParameterStyle } from "./parameter-errors.ts";

/** A statement in the dialect's own SQL, as a driver takes it. */
export interface StatementText {
  readonly text: string;
  /** Whether the text certainly changes nothing. False when in doubt. */
  readonly readOnly: boolean;
  /** Whether the text is likely to be used again, so that preparing it pays. */
  readonly reusable: boolean;
}

/** What is known of a text in portable SQL before any value is bound to it. */
export interface Translation {
  /** The text as it came. */
  readonly source: string;
  /** The dialect's own SQL, with one placeholder for each slot. */
  readonly text: string;
  /** `text` for the driver. Always the same object for the same translation. */
  readonly statement: StatementText;
  readonly style: ParameterStyle;
  /**
   * For `named`, the name of each slot. A name used twice has two slots, except where placeholders are numbered:
   * there the number is used again, so that the server can infer the value's type from either place.
   */
  readonly names: readonly string[];
  /** The names without repetition. */
  readonly distinctNames: ReadonlySet<string>;
  /** How many values the text takes: one for each slot. */
  readonly parameterCount: number;
  /** The slots, from 0, that stand alone inside `IN (...)`, where an array may be bound. In rising order. */
  readonly lists: readonly number[];
  /** The first keyword in upper case; "" when the text does not begin with a word. */
  readonly verb: string;
  /**
   * Whether the text certainly changes nothing: one SELECT, VALUES, TABLE, SHOW, EXPLAIN, or WITH around a SELECT,
   * that locks no rows, contains nothing that writes, and calls no function that is not known to be harmless.
   */
  readonly readOnly: boolean;
  /** Whether code follows a semicolon that ends a statement. One inside a trigger's BEGIN ... END does not. */
  readonly multiple: boolean;
  /** Whether the parentheses outside literals and comments pair up, and none closes before it was opened. */
  readonly balanced: boolean;
  /** Whether the text ends inside a literal, a quoted name or a comment that was never closed. */
  readonly openComment: boolean;
  /** Whether the text ends inside a comment that the next line's end would close. */
  readonly endsInLineComment: boolean;
}
