import { parseBase64 } from "../values/bytes.ts";
import { parseDate } from "../values/dates.ts";
import { formatPath, type PathStep } from "../values/describe.ts";
import type { Serializers } from "../values/serializers.ts";
import { isPlainObject } from "../values/shape.ts";
import {
  customPrefix,
  defaultRichLimits,
  exceeds,
  type RichLimits,
  typeKey,
  unreadable,
  valueKey,
} from "./rich-format.ts";

/**
 * Reads rich JSON (see `rich-format.ts`) from its text, or from what a driver has parsed already, which is left
 * unchanged. An object with `$type` that is no tag of ours, because others wrote it, is an ordinary object.
 *
 * Throws a `SchemaConflictError` for text that is no JSON, a key `__proto__`, and what is beyond the limits; a
 * `ValidationError` when a serializer is missing.
 */
export function decodeRich(
  stored: unknown,
  path: string,
  serializers: Serializers,
  limits: RichLimits = defaultRichLimits,
): unknown {
  if (typeof stored !== "string") return new Revival(path, serializers, limits).visit(stored, 0);
  if (exceeds(stored, limits.maxBytes)) {
    throw unreadable(path, `at most ${limits.maxBytes} bytes of JSON`, "more");
  }
  const parsed = parse(stored, path);
  return isPlain(stored, limits) ? parsed : new Revival(path, serializers, limits).visit(parsed, 0);
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would show a part of the value.
    throw unreadable(path, "JSON", "other text");
  }
}

/**
 * Whether the text alone shows that nothing in it needs a second look: no tag, no `__proto__`, neither of them
 * hidden behind an escape, and too short to be nested too deep.
 */
function isPlain(text: string, limits: RichLimits): boolean {
  return (
    text.length <= limits.maxDepth * 2 &&
    !text.includes(typeKey) &&
    !text.includes("__proto__") &&
    !text.includes("\\u")
  );
}

/** One walk over parsed JSON. Answers the same object where nothing is tagged, and a copy where something is. */
class Revival {
  readonly #base: string;
  readonly #serializers: Serializers;
  readonly #limits: RichLimits;
  readonly #steps: PathStep[] = [];

  constructor(base: string, serializers: Serializers, limits: RichLimits) {
    this.#base = base;
    this.#serializers = serializers;
    this.#limits = limits;
  }

  /** `depth` counts the arrays and objects around the value. */
  visit(value: unknown, depth: number): unknown {
    if (typeof value !== "object" || value === null) return value;
    this.#enter(depth);
    if (Array.isArray(value)) return this.#visitArray(value, depth);
    if (!isPlainObject(value)) throw unreadable(this.#path(), "parsed JSON", "another object");
    return Object.hasOwn(value, typeKey) ? this.#visitTag(value, depth) : this.#visitEntries(value, depth);
  }

  #visitArray(value: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const child = value[i];
      this.#steps.push(i);
      const read = this.visit(child, depth + 1);
      this.#steps.pop();
      if (copy === undefined && read !== child) copy = value.slice(0, i);
      copy?.push(read);
    }
    return copy ?? value;
  }

  #visitEntries(value: Readonly<Record<string, unknown>>, depth: number): object {
    let copy: Record<string, unknown> | undefined;
    for (const key of Object.keys(value)) {
      if (key === "__proto__") throw unreadable(this.#path(), 'JSON without a key "__proto__"', "one");
      const child = value[key];
      this.#steps.push(key);
      const read = this.visit(child, depth + 1);
      this.#steps.pop();
      if (read === child) continue;
      copy ??= { ...value };
      copy[key] = read;
    }
    return copy ?? value;
  }

  #visitTag(tagged: Readonly<Record<string, unknown>>, depth: number): unknown {
    const type = tagged[typeKey];
    const value = tagged[valueKey];
    const isTag = typeof type === "string" && Object.keys(tagged).length === 2;
    const read = isTag ? this.#readTag(type, value, depth) : undefined;
    return read === undefined ? this.#visitEntries(tagged, depth) : read;
  }

  /** Answers undefined for what is no tag of ours after all. */
  #readTag(type: string, value: unknown, depth: number): unknown {
    if (typeof value === "string") return this.#readText(type, value);
    if (typeof value !== "object" || value === null) return undefined;
    if (type === "set" && Array.isArray(value)) {
      this.#enter(depth + 1);
      return new Set(this.#visitArray(value, depth + 1));
    }
    if (type === "map" && isPairs(value)) {
      this.#enter(depth + 1);
      return new Map(value.map(([key, entry], i) => this.#visitPair(key, entry, i, depth + 2)));
    }
    if (type === "object" && isPlainObject(value)) {
      this.#enter(depth + 1);
      return this.#visitEntries(value, depth + 1);
    }
    return undefined;
  }

  #readText(type: string, text: string): unknown {
    if (type === "date") return parseDate(text) ?? undefined;
    if (type === "bigint") return /^-?\d+$/.test(text) ? BigInt(text) : undefined;
    if (type === "bytes") return parseBase64(text) ?? undefined;
    if (!type.startsWith(customPrefix)) return undefined;
    return this.#serializers.fromText(type.slice(customPrefix.length), text, this.#path());
  }

  #visitPair(key: unknown, value: unknown, index: number, depth: number): [unknown, unknown] {
    this.#enter(depth);
    this.#steps.push(index);
    const pair: [unknown, unknown] = [this.visit(key, depth + 1), this.visit(value, depth + 1)];
    this.#steps.pop();
    return pair;
  }

  #enter(depth: number): void {
    if (depth < this.#limits.maxDepth) return;
    throw unreadable(this.#path(), `JSON of at most ${this.#limits.maxDepth} levels`, "more");
  }

  #path(): string {
    return formatPath(this.#base, this.#steps);
  }
}

function isPairs(value: object): value is [unknown, unknown][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}
