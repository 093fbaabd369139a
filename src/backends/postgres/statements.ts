import { SqlSyntaxError } from "../../errors/index.ts";
import type { RowShape } from "./statement-exchange.ts";

/** A statement that the server keeps for this connection. */
export interface NamedStatement {
  readonly text: string;
  readonly name: string;
  /** Null until the server has answered it for the first time. */
  shape: RowShape | null;
}

/** The names of our statements begin so; errors about others are the caller's. */
export const namePrefix = "strata_s";

/**
 * The prepared statements of one connection by their text, bounded: the one that was not used for longest gives
 * way. Names are never used twice, so a name that the server still knows cannot mean another text.
 */
export class NamedStatements {
  readonly #limit: number;
  readonly #byText = new Map<string, NamedStatement>();
  #unwanted: string[] = [];
  #last = 0;

  /** With a limit of 0 nothing is named. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#byText.size;
  }

  /** The statement of this text, named if need be; null when nothing is to be named. */
  use(text: string): NamedStatement | null {
    if (this.#limit === 0) return null;
    const known = this.#byText.get(text);
    if (known !== undefined) {
      // A Map keeps the order of insertion: the one used last goes to the end.
      this.#byText.delete(text);
      this.#byText.set(text, known);
      return known;
    }
    if (this.#byText.size >= this.#limit) this.#evictOldest();
    const statement: NamedStatement = { text, name: `${namePrefix}${++this.#last}`, shape: null };
    this.#byText.set(text, statement);
    return statement;
  }

  /** Forgets a statement, and has the server forget it with the next message. */
  drop(statement: NamedStatement): void {
    if (this.#byText.get(statement.text) === statement) this.#byText.delete(statement.text);
    this.#unwanted.push(statement.name);
  }

  /** Forgets all of them: the server has. */
  clear(): void {
    this.#byText.clear();
    this.#unwanted = [];
  }

  /** The names to close on the server, each told once. Closing a name that is not there is no error. */
  takeUnwanted(): readonly string[] {
    if (this.#unwanted.length === 0) return none;
    const names = this.#unwanted;
    this.#unwanted = [];
    return names;
  }

  #evictOldest(): void {
    const oldest = this.#byText.values().next().value;
    if (oldest !== undefined) this.drop(oldest);
  }
}

const none: readonly string[] = [];

/** Refuses a text with NUL: the protocol ends a text there, and would take the rest for something else. */
export function checkStatement(text: string): void {
  if (!text.includes("\0")) return;
  throw new SqlSyntaxError(
    "expected a statement without NUL characters, got one: bind text as a value, and NUL as bytes",
    { backend: "postgres", outcome: "not_sent" },
  );
}
