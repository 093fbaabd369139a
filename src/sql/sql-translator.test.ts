import { describe, expect, it } from "vitest";
import { SqlParameterError } from "../errors/index.ts";
import type { SqlParams } from "./named-values.ts";
import { SqlTranslator } from "./sql-translator.ts";
import type { SqlSyntax } from "./syntax.ts";
import { mysqlSyntax, postgresSyntax, sqliteSyntax } from "./syntaxes.ts";

/** Binds booleans as numbers, and refuses functions and arrays. */
function bindValue(value: unknown): unknown {
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "function" || Array.isArray(value)) throw new TypeError(`got a ${typeof value}`);
  return value;
}

const make = (syntax: SqlSyntax = sqliteSyntax) => new SqlTranslator(syntax, bindValue);

function bind(sql: string, params?: SqlParams, syntax: SqlSyntax = sqliteSyntax) {
  const translator = make(syntax);
  const { statement, values } = translator.bind(translator.translate(sql), params);
  return [statement.text, values];
}

function failure(
  sql: string,
  params: SqlParams | undefined,
  syntax: SqlSyntax = sqliteSyntax,
): SqlParameterError {
  const translator = make(syntax);
  try {
    translator.bind(translator.translate(sql), params);
  } catch (error) {
    if (error instanceof SqlParameterError) return error;
    throw error;
  }
  throw new Error("expected a SqlParameterError, and nothing was thrown");
}

describe("SqlTranslator.translate", () => {
  it("answers the same object for the same text", () => {
    const translator = make();
    const first = translator.translate("SELECT ?");
    expect(translator.translate(["SELECT", "?"].join(" "))).toBe(first);
    expect(translator.cache.stats()).toMatchObject({ size: 1, hits: 1, misses: 1 });
  });

  it("does not fill the cache with huge texts", () => {
    const translator = make();
    translator.translate(`SELECT '${"x".repeat(40_000)}'`);
    expect(translator.cache.size).toBe(0);
  });

  it("does not keep what it refused", () => {
    const translator = make();
    expect(() => translator.translate("? :a")).toThrow(SqlParameterError);
    expect(() => translator.translate("? :a")).toThrow(SqlParameterError);
    expect(translator.cache.size).toBe(0);
  });

  it("refuses what is no text", () => {
    const translator = make();
    expect(() => Reflect.apply(translator.translate, translator, [42])).toThrow(
      "expected the statement to be a string, got a number",
    );
  });
});

describe("binding values that statements share", () => {
  const shares = [
    { sql: "a = ?", places: [1] },
    { sql: "b = ? OR c = ?", places: [0, 1] },
  ];

  it("binds each value once, and gives every statement its own", () => {
    let bound = 0;
    const translator = new SqlTranslator(sqliteSyntax, (value) => {
      bound += 1;
      return bindValue(value);
    });
    const [first, second] = translator.bindShared(shares, ["x", true]);
    expect([first?.values, second?.values, bound]).toEqual([[1], ["x", 1], 2]);
    expect(first?.statement).toBe(translator.translate("a = ?").statement);
  });

  it("says which statement refuses a value, or has another number of them", () => {
    expect(() => make().bindShared(shares, [() => 1, "y"])).toThrow(/^value 1: .*b = \? OR c/s);
    expect(() => make().bindShared(shares, ["x", undefined])).toThrow(SqlParameterError);
    expect(() => make().bindShared([{ sql: "a = ?", places: [0, 1] }], ["x", "y"])).toThrow(
      SqlParameterError,
    );
  });
});

describe("binding in order", () => {
  it("binds each value", () => {
    expect(bind("a = ? AND b = ?", [true, null])).toEqual(["a = ? AND b = ?", [1, null]]);
    expect(bind("a = $2 AND b = $1", [1, 2], postgresSyntax)).toEqual(["a = $2 AND b = $1", [1, 2]]);
    expect(bind("a = %s", ["x"], mysqlSyntax)).toEqual(["a = ?", ["x"]]);
    expect(bind("SELECT 1")).toEqual(["SELECT 1", []]);
    expect(bind("SELECT 1", [])).toEqual(["SELECT 1", []]);
    expect(bind("SELECT 1", {})).toEqual(["SELECT 1", []]);
  });

  it("does not hand out the caller's array", () => {
    const params = [1];
    const translator = make();
    expect(translator.bind(translator.translate("?"), params).values).not.toBe(params);
  });

  it("answers the translation's own statement", () => {
    const translator = make();
    const translation = translator.translate("SELECT ?");
    expect(translator.bind(translation, [1]).statement).toBe(translation.statement);
  });

  it.each<[string, SqlParams | undefined, string]>([
    ["a = ?", undefined, "expected 1 value for placeholders written ?, got none, in: a = ?"],
    ["a = ? AND b = ?", [1], "expected 2 values for placeholders written ?, got 1, in: a = ? AND b = ?"],
    ["a = ?", [1, 2], "expected 1 value for placeholders written ?, got 2, in: a = ?"],
    ["a = 1", [1], "expected no values, since the statement has no placeholder, got 1, in: a = 1"],
    [
      "a = ?",
      { a: 1 },
      "expected an array of 1 value for placeholders written ?, got an object with names, in: a = ?",
    ],
  ])("refuses for %j the values %j", (sql, params, message) => {
    expect(failure(sql, params).message).toBe(message);
  });
});

describe("binding by name", () => {
  it("puts values in order", () => {
    expect(bind("b = :b AND a = :a AND c = :b", { a: 1, b: true })).toEqual([
      "b = ? AND a = ? AND c = ?",
      [1, 1, 1],
    ]);
    expect(bind("b = :b AND c = :b", { b: 2 }, postgresSyntax)).toEqual(["b = $1 AND c = $1", [2]]);
    expect(bind("a = :a", Object.assign(Object.create(null), { a: 1 }))).toEqual(["a = ?", [1]]);
  });

  it.each<[string, SqlParams | undefined, string]>([
    ["a = :a", undefined, "expected 1 value for placeholders written :name, got none, in: a = :a"],
    [
      "a = :a",
      [1],
      "expected a plain object of 1 value for placeholders written :name, got an array of 1, in: a = :a",
    ],
    [
      "a = :a, b = :b",
      { a: 1 },
      "expected 2 values with the names a, b, got none with the name b, in: a = :a, b = :b",
    ],
    [
      "a = :a",
      { a: 1, c: 2 },
      "expected 1 value with the names a, got one with the unknown name c, in: a = :a",
    ],
    [
      "a = 1",
      { c: 2 },
      "expected no values, since the statement has no placeholder, got one with the unknown name c, in: a = 1",
    ],
    [
      "a = :toString",
      {},
      "expected 1 value with the names toString, got none with the name toString, in: a = :toString",
    ],
  ])("refuses for %j the values %j", (sql, params, message) => {
    expect(failure(sql, params).message).toBe(message);
  });

  it.each<[object, RegExp]>([
    [new Map([["a", 1]]), /got an object of class Map/],
    [new Date(0), /got an object of class Date/],
  ])("takes plain objects only, not %o", (params, message) => {
    expect(failure("a = :a", { ...{ a: 1, b: 2 } }).message).toMatch(/unknown name b/);
    const translator = make();
    expect(() =>
      Reflect.apply(translator.bind, translator, [translator.translate("a = :a"), params]),
    ).toThrow(message);
  });

  it.each([null, "a", 1])("refuses %j as values", (params) => {
    const translator = make();
    const call = () => Reflect.apply(translator.bind, translator, [translator.translate("a = ?"), params]);
    expect(call).toThrow(/expected an array of 1 value .*, got (null|a string|a number), in/);
  });
});

describe("values that cannot be bound", () => {
  it("are named by place, never shown", () => {
    const secret = () => "secret";
    expect(failure("a = ? AND b = ?", [1, secret]).message).toBe(
      "value 2: expected a value that can be bound, got a function, in: a = ? AND b = ?",
    );
    expect(failure("a = :a", { a: secret }).message).toMatch(/^value :a: expected .* got a function, in/);
    expect(failure("a IN (?)", [[1, secret]]).message).toMatch(
      /^element 2 of value 1: expected .* got a function/,
    );
    expect(failure("a = ?", [[1, 2]]).message).toMatch(/^value 1: .* got a object/);
  });

  it("include undefined", () => {
    expect(failure("a = ?", [undefined]).message).toMatch(/^value 1: .* got undefined; write null/);
    expect(failure("a = :a", { a: undefined }).message).toMatch(/^value :a: .* got undefined/);
    expect(failure("a IN (?)", [[undefined]]).message).toMatch(/^element 1 of value 1: .* got undefined/);
    expect(failure("a = ?", new Array(1)).message).toMatch(/^value 1: .* got undefined/);
  });

  it("are told from faults", () => {
    const translator = new SqlTranslator(sqliteSyntax, () => {
      throw new RangeError("broken");
    });
    expect(() => translator.bind(translator.translate("?"), [1])).toThrow(RangeError);
  });

  it("are said with a statement that is not endless", () => {
    const { message } = failure(`a = ? AND b = '${"x".repeat(5000)}'`, []);
    expect(message.length).toBeLessThan(1200);
    expect(message).toMatch(/… \(5016 characters\)$/);
  });
});

describe("binding lists", () => {
  it("expands arrays", () => {
    expect(bind("a = ? AND b IN (?)", [1, [true, 3]])).toEqual(["a = ? AND b IN (?, ?)", [1, 1, 3]]);
    expect(bind("b NOT IN (?) AND a = ?", [[2, 3], 1], postgresSyntax)).toEqual([
      "b NOT IN ($1, $2) AND a = $3",
      [2, 3, 1],
    ]);
    expect(bind("b IN (:b) AND a = :a", { a: 1, b: [2, 3] }, postgresSyntax)).toEqual([
      "b IN ($1, $2) AND a = $3",
      [2, 3, 1],
    ]);
    expect(bind("b IN (%s)", [[2, 3]], mysqlSyntax)).toEqual(["b IN (?, ?)", [2, 3]]);
  });

  it("takes single values too", () => {
    expect(bind("a IN (?) AND b IN (?)", [1, [2, 3]])).toEqual(["a IN (?) AND b IN (?, ?)", [1, 2, 3]]);
  });

  it("lets an empty one match nothing", () => {
    expect(bind("b IN (?) AND a = ?", [[], 1])).toEqual(["b IN (SELECT NULL WHERE 1=0) AND a = ?", [1]]);
    expect(bind("b NOT IN (?) AND a = ?", [[], 1], postgresSyntax)).toEqual([
      "b <> ALL('{}') AND a = $1",
      [1],
    ]);
  });

  it("keeps the statements of short lists, and no others", () => {
    const translator = make();
    const translation = translator.translate("SELECT 1 WHERE a IN (?)");
    const statement = (length: number) => translator.bind(translation, [new Array(length).fill(0)]).statement;
    expect(statement(3)).toBe(statement(3));
    expect(statement(3)).toMatchObject({ reusable: true, readOnly: true });
    expect(statement(3)).not.toBe(translation.statement);
    expect(statement(17)).not.toBe(statement(17));
    expect(statement(17).reusable).toBe(false);
  });

  it("keeps no more than some combinations of lengths", () => {
    const translator = make();
    const translation = translator.translate("SELECT 1 WHERE a IN (?) AND b IN (?)");
    const reusable = Array.from({ length: 100 }, (_, index) => {
      const lists = [new Array((index % 10) + 1).fill(0), new Array(Math.floor(index / 10) + 1).fill(0)];
      return translator.bind(translation, lists).statement.reusable;
    });
    expect(reusable.filter(Boolean)).toHaveLength(64);
  });
});
