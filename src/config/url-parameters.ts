import { ConfigurationError } from "../errors/index.ts";
import { settingNames } from "./schema.ts";

/** Settings that are text even when they look like a number, such as a password of digits. */
const textNames: ReadonlySet<string> = new Set([
  "host",
  "user",
  "password",
  "alias",
  "env",
  "schema",
  "unchangedSaves",
  "history",
  "pool",
]);

/**
 * Reads a query string (form encoded: `+` is a space) into options: `alias=main&pool.maxSize=5`. Numbers, `true`
 * and `false` become what they say; names that are not ours are the backend's options, which it checks later.
 * Refuses a name given twice, one in `stated`, which the URL has said before, and a parameter without a value.
 */
export function parametersOf(query: string, stated: ReadonlySet<string>): Record<string, unknown> {
  const options = new Map<string, unknown>();
  const pool = new Map<string, unknown>();
  for (const pair of query.split("&").filter((part) => part !== "")) {
    const equals = pair.indexOf("=");
    if (equals < 1) throw badUrl("expected each parameter as name=value");
    const name = decodeForm(pair.slice(0, equals), "a parameter's name");
    const text = decodeForm(pair.slice(equals + 1), `the parameter "${name}"`);
    const setting = /^pool\.(.*)$/s.exec(name)?.[1];
    const place = setting === undefined ? options : pool;
    const key = setting ?? name;
    if (name === "database" || name === "backend") throw badUrl(`"${name}" belongs before the "?"`);
    if (stated.has(name) || place.has(key)) throw badUrl(`"${name}" is given twice`);
    place.set(key, typedValue(name, text));
  }
  if (pool.size > 0) {
    if (options.has("pool"))
      throw badUrl('expected either "pool" with the name of a preset or "pool.…" settings');
    options.set("pool", Object.fromEntries(pool));
  }
  return Object.fromEntries(options);
}

function typedValue(name: string, text: string): unknown {
  if (textNames.has(name)) return text;
  if (text === "true") return true;
  if (text === "false") return false;
  const ours = settingNames.includes(name) || name.startsWith("pool.");
  const number = Number(text);
  // Of a backend's option the type is unknown, so "8.0" stays text, which a number would cut to 8.
  const isNumber = ours ? /^-?\d+(\.\d+)?$/.test(text) : String(number) === text && Number.isFinite(number);
  return isNumber ? number : text;
}

/** Undoes percent-encoding, or refuses the URL; `what` names the part. */
export function decode(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl(`${what} is not percent-encoded rightly; a "%" itself is written as %25`);
  }
}

function decodeForm(text: string, what: string): string {
  return decode(text.replaceAll("+", " "), what);
}

export function badUrl(message: string): ConfigurationError {
  return new ConfigurationError(`the database URL cannot be used: ${message}`);
}
