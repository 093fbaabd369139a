const shownLength = 80;

/**
 * Says what sort of thing a value is, for the "came" part of a message, and never shows the value itself:
 * "a string", "NaN", "an instance of URL".
 */
export function describe(value: unknown): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "undefined":
      return "undefined";
    case "number":
      return describeNumber(value);
    case "object":
      return describeObject(value);
    default:
      return `a ${typeof value}`;
  }
}

function describeNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  return Number.isInteger(value) ? "a whole number" : "a number";
}

function describeObject(value: object): string {
  if (Array.isArray(value)) return "an array";
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return "an object";
  if (value instanceof Date && Number.isNaN(value.getTime())) return "an invalid Date";
  const name = constructorName(value);
  return name === undefined ? "an object with a prototype of its own" : `an instance of ${visible(name)}`;
}

/** The name of an object's class; undefined when it has none, or hides it. */
export function constructorName(value: object): string | undefined {
  try {
    const maker: unknown = value.constructor;
    return typeof maker === "function" && maker.name !== "" ? maker.name : undefined;
  } catch {
    return undefined; // A getter or a proxy of the caller's that throws must not hide our own message.
  }
}

/** A name as a message shows it: in quotes, cut to 80 characters, with everything unprintable escaped. */
export function printable(name: unknown): string {
  return typeof name === "string" ? `"${visible(name)}"` : describe(name);
}

function visible(text: string): string {
  const cut = text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;
  return cut.replace(/[^\x20-\x7e…]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** One step from a value into what it holds: a key, or an index. */
export type PathStep = string | number;

/** Writes the way to a nested value: `preferences.items[3]["a b"]`. */
export function formatPath(base: string, steps: readonly PathStep[]): string {
  return steps.reduce<string>((path, step) => path + formatStep(step), base);
}

function formatStep(step: PathStep): string {
  if (typeof step === "number") return `[${step}]`;
  return /^[A-Za-z_$][\w$]{0,79}$/.test(step) ? `.${step}` : `[${printable(step)}]`;
}
