import { types } from "node:util";

/** What the store must make of a value: keep it as `value`, or refuse it. */
export type Verdict = { readonly kept: unknown } | "refused";

const firstDay = Date.UTC(2000, 0, 1) - 730_119 * 86_400_000;
const lastMoment = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The rule of docs/promises.md: what comes back is equal, of the same kind, or was refused. Shares no code with the store. */
export function verdictOn(value: unknown): Verdict {
  if (typeof value === "bigint" && `${value}`.replace("-", "").length > 65) return "refused";
  try {
    return { kept: keep(value) };
  } catch (error) {
    if (error instanceof NotStorable) return "refused";
    throw error;
  }
}

class NotStorable extends Error {}

function keep(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return keepText(value);
    case "number":
      if (!Number.isFinite(value)) throw new NotStorable();
      return value + 0;
    case "bigint":
    case "boolean":
      return value;
    case "object":
      return value === null ? null : keepObject(value);
    default:
      throw new NotStorable();
  }
}

function keepText(text: string): string {
  if (text.includes("\0") || !text.isWellFormed()) throw new NotStorable();
  return text;
}

function keepObject(value: object): unknown {
  if (isOf(value, Array) && Array.isArray(value)) return Array.from(value, keep);
  if (isOf(value, Date) && value instanceof Date) {
    if (!(value.getTime() >= firstDay && value.getTime() <= lastMoment)) throw new NotStorable();
    return new Date(value);
  }
  if ((isOf(value, Uint8Array) || isOf(value, Buffer)) && value instanceof Uint8Array)
    return new Uint8Array(value);
  if (isOf(value, Set) && value instanceof Set) return new Set([...value].map(keep));
  if (isOf(value, Map) && value instanceof Map)
    return new Map([...value].map(([key, item]) => [keep(key), keep(item)]));
  const plain = Object.getPrototypeOf(value) === null || isOf(value, Object);
  if (!plain || types.isDate(value) || types.isMap(value) || types.isSet(value) || Array.isArray(value)) {
    throw new NotStorable();
  }
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(
    entries.map(([key, item]) => {
      if (key === "__proto__") throw new NotStorable();
      return [keepText(key), keep(item)];
    }),
  );
}

function isOf(value: object, type: { readonly prototype: object }): boolean {
  return Object.getPrototypeOf(value) === type.prototype;
}
