import { SqlParameterError } from "../errors/index.ts";
import { ListExpansions } from "./list-expansions.ts";
import { describeParams, orderByName, type SqlParams } from "./named-values.ts";
import { inStatement, wrongCount, wrongShape } from "./parameter-errors.ts";
import { StatementCache, type StatementCacheOptions } from "./statement-cache.ts";
import type { SqlSyntax } from "./syntax.ts";
import { longestReusable, translate } from "./translate.ts";
import type { StatementText, Translation } from "./translation.ts";

/** A statement and its values, ready for a driver. The caller owns the array of values. */
export interface BoundStatement {
  readonly statement: StatementText;
  readonly values: unknown[];
}

/** A statement with `?`, and where among the values that it shares with others each of its own stands. */
export interface StatementShare {
  readonly sql: string;
  readonly places: readonly number[];
}

/**
 * Translates portable SQL for one dialect and binds values to it. Translations are cached by text, so a statement
 * that comes again costs one look-up.
 */
export class SqlTranslator {
  /** Holds the translations of texts of up to 32,768 characters. */
  readonly cache: StatementCache<Translation>;
  readonly #syntax: SqlSyntax;
  readonly #bindValue: (value: unknown) => unknown;
  readonly #expansions: ListExpansions;

  /**
   * `bindValue` turns one value into what the driver takes, or throws a `TypeError` whose message completes
   * "expected a value that can be bound, …" and does not hold the value.
   */
  constructor(
    syntax: SqlSyntax,
    bindValue: (value: unknown) => unknown,
    cacheOptions?: StatementCacheOptions<Translation>,
  ) {
    this.#syntax = syntax;
    this.#bindValue = bindValue;
    this.#expansions = new ListExpansions(syntax);
    this.cache = new StatementCache(cacheOptions);
  }

  /** As the function `translate`, but cached: the same text answers the same object for as long as it is held. */
  translate(sql: string): Translation {
    return this.cache.get(sql) ?? this.#translateNew(sql);
  }

  /**
   * Binds values: an array for `?` and native placeholders, a plain object for `:name`, undefined for none. An
   * array as the value of `IN (?)` stands for its elements; empty, it matches nothing.
   *
   * Throws a `SqlParameterError` when number, names or kind of the values do not fit, when one is undefined, and
   * when `bindValue` refuses one.
   */
  bind(translation: Translation, params: SqlParams | undefined): BoundStatement {
    const given = this.#inOrder(translation, params);
    const { lists } = translation;
    for (let index = 0; index < lists.length; index++) {
      if (Array.isArray(given[lists[index] ?? -1])) return this.#bindLists(translation, given);
    }
    return { statement: translation.statement, values: this.#bindAll(translation, given) };
  }

  /** Binds values that several statements share: each takes those at its places. As `bind`, but for lists. */
  bindShared(shares: readonly StatementShare[], values: readonly unknown[]): BoundStatement[] {
    const given = (places: readonly number[]) => places.map((place) => values[place]);
    let bound: unknown[];
    try {
      bound = values.map((value) => this.#bindOne(value));
    } catch {
      // Again, one by one, for an error that says which statement it was.
      return shares.map(({ sql, places }) => this.bind(this.translate(sql), given(places)));
    }
    return shares.map(({ sql, places }) => {
      const { statement, style, parameterCount, source } = this.translate(sql);
      if (places.length !== parameterCount) throw wrongCount(style, parameterCount, places.length, source);
      return { statement, values: places.map((place) => bound[place]) };
    });
  }

  #translateNew(sql: string): Translation {
    if (typeof sql !== "string") {
      throw new SqlParameterError(`expected the statement to be a string, got ${describeParams(sql)}`);
    }
    const translation = translate(sql, this.#syntax);
    if (sql.length <= longestReusable) this.cache.put(sql, translation);
    return translation;
  }

  #inOrder(translation: Translation, params: SqlParams | undefined): readonly unknown[] {
    const { style, parameterCount, source } = translation;
    if (isArray(params)) {
      if (style === "named") throw wrongShape(style, parameterCount, describeParams(params), source);
      if (params.length !== parameterCount) throw wrongCount(style, parameterCount, params.length, source);
      return params;
    }
    if (params === undefined) {
      if (parameterCount !== 0) throw wrongCount(style, parameterCount, 0, source);
      return [];
    }
    if (params === null || typeof params !== "object") {
      throw wrongShape(style, parameterCount, describeParams(params), source);
    }
    return orderByName(translation, params);
  }

  #bindAll(translation: Translation, given: readonly unknown[]): unknown[] {
    const values = given.slice();
    let slot = 0;
    try {
      for (; slot < values.length; slot++) values[slot] = this.#bindOne(values[slot]);
    } catch (error) {
      throw refused(error, translation, slot);
    }
    return values;
  }

  #bindLists(translation: Translation, given: readonly unknown[]): BoundStatement {
    const values: unknown[] = [];
    let slot = 0;
    let element = -1;
    try {
      for (; slot < given.length; slot++) {
        const value = given[slot];
        if (Array.isArray(value) && translation.lists.includes(slot)) {
          for (element = 0; element < value.length; element++) values.push(this.#bindOne(value[element]));
          element = -1;
        } else values.push(this.#bindOne(value));
      }
    } catch (error) {
      throw refused(error, translation, slot, element);
    }
    const lengths = translation.lists.map((list) => {
      const value = given[list];
      return Array.isArray(value) ? value.length : 1;
    });
    return { statement: this.#expansions.statement(translation, lengths), values };
  }

  #bindOne(value: unknown): unknown {
    if (value === undefined) throw new TypeError("got undefined; write null for SQL's NULL");
    return this.#bindValue(value);
  }
}

// TypeScript's own check for arrays does not know read-only ones.
function isArray(params: unknown): params is readonly unknown[] {
  return Array.isArray(params);
}

/** Says which value was refused and why. Only a `TypeError` is a refusal; anything else is a fault, and stays one. */
function refused(error: unknown, translation: Translation, slot: number, element = -1): unknown {
  if (!(error instanceof TypeError)) return error;
  const name = translation.names[slot];
  const place = name === undefined ? `value ${slot + 1}` : `value :${name}`;
  const whole = element === -1 ? place : `element ${element + 1} of ${place}`;
  return inStatement(`${whole}: expected a value that can be bound, ${error.message}`, translation.source);
}
