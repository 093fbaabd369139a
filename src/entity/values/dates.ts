import { ValidationError } from "../../errors/index.ts";
import { describe } from "./describe.ts";

/** Year 1 and the end of year 9999 in UTC: what every backend can store, and what ISO text writes with four digits. */
const firstMs = -62_135_596_800_000;
const lastMs = 253_402_300_799_999;

/** Answers the date, or throws a `ValidationError` when it is invalid or outside the years 1 to 9999 (UTC). */
export function checkDate(date: Date, path: string): Date {
  const ms = date.getTime();
  if (ms >= firstMs && ms <= lastMs) return date;
  const came = Number.isNaN(ms) ? describe(date) : "a Date outside them";
  throw new ValidationError(`${path}: expected a Date in the years 1 to 9999 (UTC), came ${came}`);
}

/** ISO 8601 in UTC with milliseconds, 24 characters: the canonical text of a date. */
export function isoText(date: Date, path: string): string {
  return checkDate(date, path).toISOString();
}

const canonical = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const serverText = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** Whether a text is a date's canonical text, so that it need not be parsed to be shown. */
export function isIsoText(text: string): boolean {
  return text.length === 24 && canonical.test(text);
}

/**
 * Reads what a server writes for a moment: ISO text, or `2024-05-01 10:00:00.123456` with or without an offset.
 * Without one it is UTC, never local time. What is finer than a millisecond is cut. Answers null for other text.
 */
export function parseDate(text: string): Date | null {
  const iso = isIsoText(text) ? text : toIso(text);
  if (iso === null) return null;
  const date = new Date(iso);
  const ms = date.getTime();
  // JavaScript takes 30 February for 1 March; a moment that was stored is one that exists.
  if (Number.isNaN(ms) || !dayExists(iso)) return null;
  return date;
}

function toIso(text: string): string | null {
  const match = serverText.exec(text);
  if (match === null) return null;
  const [, day, time, fraction = "", offset = "Z"] = match;
  return `${day}T${time}.${fraction.slice(0, 3).padEnd(3, "0")}${fullOffset(offset)}`;
}

/** `+02`, `+0200` and `+02:00` as ECMAScript wants them. */
function fullOffset(offset: string): string {
  if (offset === "Z") return offset;
  const digits = offset.slice(1).replace(":", "").padEnd(4, "0");
  return `${offset.slice(0, 1)}${digits.slice(0, 2)}:${digits.slice(2)}`;
}

function dayExists(iso: string): boolean {
  const day = iso.slice(0, 10);
  if (Number(iso.slice(8, 10)) <= 28) return true;
  return new Date(`${day}T00:00:00.000Z`).toISOString().startsWith(day);
}
