import type { SqlSyntax } from "./syntax.ts";
import { expandLists } from "./translate.ts";
import type { StatementText, Translation } from "./translation.ts";

/** Longer lists vary too much in length for their texts to come again. */
const longestKept = 16;
/** Several lists in one statement can have many combinations of lengths. */
const mostKept = 64;

/**
 * The texts of statements whose lists are expanded. Those of short lists are kept, as long as their translation
 * is, so that they are one object each and can be prepared.
 */
export class ListExpansions {
  readonly #syntax: SqlSyntax;
  readonly #kept = new WeakMap<Translation, Map<string, StatementText>>();

  constructor(syntax: SqlSyntax) {
    this.#syntax = syntax;
  }

  /** The statement for `lengths[i]` values in the slot `translation.lists[i]`. */
  statement(translation: Translation, lengths: readonly number[]): StatementText {
    if (!translation.statement.reusable || lengths.some((length) => length > longestKept)) {
      return this.#expand(translation, lengths, false);
    }
    const kept = this.#kept.get(translation) ?? new Map<string, StatementText>();
    const key = lengths.join();
    const known = kept.get(key);
    if (known !== undefined) return known;
    if (kept.size === mostKept) return this.#expand(translation, lengths, false);
    const statement = this.#expand(translation, lengths, true);
    kept.set(key, statement);
    this.#kept.set(translation, kept);
    return statement;
  }

  #expand(translation: Translation, lengths: readonly number[], reusable: boolean): StatementText {
    const { readOnly } = translation;
    return { text: expandLists(translation, this.#syntax, lengths), readOnly, reusable };
  }
}
