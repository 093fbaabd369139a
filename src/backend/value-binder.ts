import { isDate, isUint8Array } from "node:util/types";

/** What a driver is given for each kind of value. A string and null are given as they are. */
export interface ValueForms<Bound> {
  boolean(value: boolean): Bound;
  /** The number is finite. */
  number(value: number): Bound;
  bigint(value: bigint): Bound;
  /** A moment of the years 1 to 9999, which every database can store and every form of ISO 8601 can write. */
  date(value: Date): Bound;
  bytes(value: Uint8Array): Bound;
  /** Default: an array is refused, for few databases have such a type. */
  list?(values: readonly unknown[]): Bound;
}

/**
 * Makes `Dialect.bindValue`. What no database gives back unchanged is refused here, the same on every backend; what
 * only some driver cannot take its form refuses with `unbindable`.
 */
export function valueBinder<Bound>(forms: ValueForms<Bound>): (value: unknown) => Bound | string | null {
  return (value) => {
    if (typeof value === "string") return checkText(value);
    if (value === null) return null;
    if (typeof value === "number") return forms.number(checkNumber(value));
    return bindOther(value, forms);
  };
}

/**
 * The `TypeError` by which a value is refused; its message completes "expected a value that can be bound, …". `came`
 * says what the value is and never holds it.
 */
export function unbindable(came: string, advice: string): TypeError {
  return new TypeError(`got ${came}: ${advice}`);
}

// Drivers send a lone surrogate as U+FFFD in silence, which makes two ids one. PostgreSQL refuses NUL, and for half of
// SQLite's functions it ends the text: what holds one could not be moved between databases.
function checkText(value: string): string {
  if (!value.isWellFormed())
    throw unbindable("a string with a lone surrogate", "no database stores it unchanged");
  if (value.includes("\0")) throw unbindable("a string with a NUL character", "store it as bytes");
  return value;
}

function checkNumber(value: number): number {
  if (!Number.isFinite(value)) throw unbindable(String(value), "no database stores it as a number");
  return value;
}

function checkDate(value: Date): Date {
  const year = value.getUTCFullYear();
  if (Number.isNaN(year)) throw unbindable("an invalid Date", "check it before it is stored");
  if (year < 1 || year > 9999) throw unbindable("a Date outside the years 1 to 9999", "store it as text");
  return value;
}

function bindOther<Bound>(value: unknown, forms: ValueForms<Bound>): Bound {
  switch (typeof value) {
    case "boolean":
      return forms.boolean(value);
    case "bigint":
      return forms.bigint(value);
    case "undefined":
      throw unbindable("undefined", "use null for a missing value");
    case "object":
      if (isDate(value)) return forms.date(checkDate(value));
      if (isUint8Array(value)) return forms.bytes(value);
      if (Array.isArray(value) && forms.list !== undefined) return forms.list(value);
      throw unbindable(Array.isArray(value) ? "an array" : "an object", "turn it into JSON text or bytes");
    default:
      throw unbindable(`a ${typeof value}`, "it has no counterpart in a database");
  }
}
