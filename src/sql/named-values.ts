import { wrongNames, wrongShape } from "./parameter-errors.ts";
import type { Translation } from "./translation.ts";

/** Values for a statement: in order, or by name. */
export type SqlParams = readonly unknown[] | Readonly<Record<string, unknown>>;

/** What was handed over as values, in words that do not show them. */
export function describeParams(params: unknown): string {
  if (params === undefined) return "none";
  if (params === null) return "null";
  if (Array.isArray(params)) return `an array of ${params.length}`;
  if (typeof params !== "object") return `a ${typeof params}`;
  return isPlainObject(params)
    ? "an object with names"
    : `an object of class ${params.constructor?.name ?? "unknown"}`;
}

/**
 * Puts values by name into the order of the slots. Throws a `SqlParameterError` when `params` is no plain object, or
 * its own properties are not exactly the statement's names.
 */
export function orderByName(translation: Translation, params: object): unknown[] {
  const { style, names, distinctNames, parameterCount, source } = translation;
  if ((style !== "named" && style !== "none") || !isPlainObject(params)) {
    throw wrongShape(style, parameterCount, describeParams(params), source);
  }
  const values = names.map((name) => {
    if (!Object.hasOwn(params, name)) throw wrongNames([...distinctNames], "missing", name, source);
    return params[name];
  });
  const given = Object.keys(params);
  if (given.length !== distinctNames.size) {
    const unknown = given.find((name) => !distinctNames.has(name)) ?? "";
    throw wrongNames([...distinctNames], "unknown", unknown, source);
  }
  return values;
}

/** Whether the values are an object literal or the like, and not a Date, a Map or an instance of some class. */
function isPlainObject(params: object): params is Readonly<Record<string, unknown>> {
  const prototype: unknown = Object.getPrototypeOf(params);
  // Another realm's Object.prototype is another object, but it too has no prototype.
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
