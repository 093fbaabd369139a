import * as z from "zod/mini";

/** 24 days: timers count milliseconds in 31 bits, and a longer one would fire at once. */
export const maxSeconds = 24 * 86_400;

/** Seconds of the public API as whole milliseconds, at least 1 unless the time is 0. */
export function secondsToMs(seconds: number): number {
  return seconds === 0 ? 0 : Math.max(1, Math.round(seconds * 1000));
}

/** How much of a wrong value a message may show: one in the wrong place may be a password. */
type Shown = "kind" | "number" | "word";

/** Says what came, repeating no more of it than `shown` allows. */
export function describe(value: unknown, shown: Shown = "kind"): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (value === "") return "an empty string";
  if (typeof value === "string") {
    if (value.includes("\0")) return "a string with a NUL character";
    if (!value.isWellFormed()) return "a string with half of a surrogate pair";
    return shown === "word" && value.length <= 40 ? JSON.stringify(value) : "a string";
  }
  if (shown !== "kind" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

export function expected(
  text: string,
  shown?: Shown,
): { error: (issue: { readonly input?: unknown }) => string } {
  return { error: ({ input }) => `expected ${text}, got ${describe(input, shown)}` };
}

/** A string that every database can take: no NUL, no half of a surrogate pair, and what `accepts` asks besides. */
export function textOption(what: string, accepts: (text: string) => boolean = (text) => text !== "") {
  const error = expected(what);
  return z.string(error).check(z.refine((text) => isPlainText(text) && accepts(text), error));
}

export function isPlainText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** A time in seconds, above 0; with `zero` also 0, which then has the meaning given there. */
export function secondsOption({ zero }: { zero?: string } = {}) {
  const from = zero === undefined ? "above 0" : `above 0, or 0 ${zero}`;
  const error = expected(`a number of seconds ${from}, at most ${maxSeconds} (24 days)`, "number");
  return z
    .number(error)
    .check(zero === undefined ? z.gt(0, error) : z.gte(0, error), z.lte(maxSeconds, error));
}

export function countOption(min: number, max: number) {
  const error = expected(`a whole number from ${min} to ${max}`, "number");
  return z
    .number(error)
    .check(z.refine((count) => Number.isInteger(count) && count >= min && count <= max, error));
}

export function flagOption() {
  return z.boolean(expected("true or false", "number"));
}

export function choiceOption<const Name extends string>(names: readonly Name[]) {
  const listed = names.map((name) => JSON.stringify(name));
  return z.enum(names, expected(`${listed.slice(0, -1).join(", ")} or ${listed.at(-1)}`, "word"));
}

export function customOption<T>(what: string, accepts: (value: unknown) => boolean) {
  return z.custom<T>(accepts, expected(what));
}
