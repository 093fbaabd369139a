import { ValidationError } from "../../errors/index.ts";
import { base64Text } from "../values/bytes.ts";
import { isoText } from "../values/dates.ts";
import { describe, formatPath, type PathStep } from "../values/describe.ts";
import type { Serializers } from "../values/serializers.ts";
import { isBytes, isDate, isMap, isPlainArray, isPlainObject, isSet } from "../values/shape.ts";
import { checkText, textProblem } from "../values/text-check.ts";
import {
  customPrefix,
  defaultRichLimits,
  exceeds,
  type RichLimits,
  typeKey,
  valueKey,
} from "./rich-format.ts";

/**
 * Writes a value as rich JSON (see `rich-format.ts`). `path` names the value in messages.
 *
 * Throws a `ValidationError`, which names the path and never shows a value, for what would not come back as it is:
 * NaN, infinities, invalid dates, functions, symbols, undefined in an array, instances of unknown classes, strings
 * with NUL or half a surrogate pair, a key `__proto__`, a cycle, and what is beyond the limits.
 */
export function encodeRich(
  value: unknown,
  path: string,
  serializers: Serializers,
  limits: RichLimits = defaultRichLimits,
): string {
  const walk = new Walk(path, serializers, limits);
  const text = JSON.stringify(walk.visit(value, 0));
  if (exceeds(text, limits.maxBytes)) throw walk.tooLarge();
  return text;
}

/**
 * One walk over a value. It answers the same object where nothing needs a tag, and a copy where something does,
 * so that plain data costs no more than being looked at.
 */
class Walk {
  readonly #base: string;
  readonly #serializers: Serializers;
  readonly #limits: RichLimits;
  readonly #steps: PathStep[] = [];
  /** The objects that hold the one being looked at, outermost first. Looked at only when the nesting is too deep. */
  readonly #ancestors: object[] = [];
  /** A lower bound of the text's length: stops a small graph that unfolds into an endless tree. */
  #size = 0;

  constructor(base: string, serializers: Serializers, limits: RichLimits) {
    this.#base = base;
    this.#serializers = serializers;
    this.#limits = limits;
  }

  /** `depth` counts the arrays and objects around the value. */
  visit(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case "string":
        this.#grow(value.length + 2);
        if (textProblem(value) !== null) checkText(value, this.#path());
        return value;
      case "number":
        this.#grow(1);
        if (!Number.isFinite(value)) throw this.#refuse("a finite number", value);
        return value;
      case "boolean":
        this.#grow(4);
        return value;
      case "bigint":
        return this.#tag("bigint", value.toString(), depth);
      case "object":
        return value === null ? null : this.#visitObject(value, depth);
      case "undefined":
        throw this.#refuse("a value, or null for none", value);
      default:
        throw this.#refuse("data", value);
    }
  }

  tooLarge(): ValidationError {
    const { maxBytes } = this.#limits;
    return new ValidationError(`${this.#base}: expected at most ${maxBytes} bytes as JSON, came more`);
  }

  #visitObject(value: object, depth: number): unknown {
    this.#ancestors.push(value);
    const written = this.#writeObject(value, depth);
    this.#ancestors.pop();
    return written;
  }

  #writeObject(value: object, depth: number): unknown {
    const serializer = this.#serializers.find(value);
    if (serializer !== undefined) {
      const text = this.#serializers.toText(serializer, value, this.#path());
      return this.#tagText(customPrefix + serializer.typeName, text, depth);
    }
    if (isPlainObject(value)) return this.#visitPlain(value, depth);
    if (isPlainArray(value)) return this.#visitArray(value, depth);
    if (isDate(value)) return this.#tagText("date", isoText(value, this.#path()), depth);
    if (isBytes(value)) return this.#tagText("bytes", base64Text(value), depth);
    if (isSet(value)) return this.#tag("set", this.#visitArray([...value], depth + 1), depth);
    if (isMap(value)) return this.#tag("map", this.#visitMap(value, depth + 1), depth);
    throw this.#refuse("plain data, or a type that registerSerializer has added", value);
  }

  #visitPlain(value: Readonly<Record<string, unknown>>, depth: number): unknown {
    if (!Object.hasOwn(value, typeKey)) return this.#visitEntries(value, depth);
    return this.#tag("object", this.#visitEntries(value, depth + 1), depth);
  }

  #visitEntries(value: Readonly<Record<string, unknown>>, depth: number): object {
    this.#enter(depth);
    const keys = Object.keys(value);
    let copy: Record<string, unknown> | undefined;
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] ?? "";
      const child = value[key];
      if (child === undefined) continue;
      this.#steps.push(key);
      this.#checkKey(key);
      const written = this.visit(child, depth + 1);
      this.#steps.pop();
      if (copy === undefined && written !== child) copy = firstKeys(value, keys, i);
      if (copy !== undefined) copy[key] = written;
    }
    return copy ?? value;
  }

  #visitArray(value: readonly unknown[], depth: number): readonly unknown[] {
    this.#enter(depth);
    let copy: unknown[] | undefined;
    for (let i = 0; i < value.length; i++) {
      const child = value[i];
      this.#steps.push(i);
      const written = this.visit(child, depth + 1);
      this.#steps.pop();
      if (copy === undefined && written !== child) copy = value.slice(0, i);
      copy?.push(written);
    }
    return copy ?? value;
  }

  #visitMap(value: ReadonlyMap<unknown, unknown>, depth: number): unknown[] {
    this.#enter(depth);
    const pairs: unknown[] = [];
    for (const pair of value) {
      this.#steps.push(pairs.length);
      pairs.push(this.#visitArray(pair, depth + 1));
      this.#steps.pop();
    }
    return pairs;
  }

  #checkKey(key: string): void {
    this.#grow(key.length + 3);
    // An own `__proto__` is harmless here, and turns into a prototype in the first `Object.assign` after a read.
    if (key === "__proto__") throw this.#refuse('a key other than "__proto__"', undefined, "it");
    if (textProblem(key) !== null) checkText(key, this.#path());
  }

  #tagText(type: string, text: string, depth: number): object {
    this.#grow(text.length + 2);
    return this.#tag(type, text, depth);
  }

  #tag(type: string, value: unknown, depth: number): object {
    this.#enter(depth);
    this.#grow(type.length);
    return { [typeKey]: type, [valueKey]: value };
  }

  /** Opens an array or object of the text inside `depth` others. */
  #enter(depth: number): void {
    this.#grow(2);
    if (depth < this.#limits.maxDepth) return;
    // Every cycle ends here, so that no other walk pays for looking for one.
    const cyclic = new Set(this.#ancestors).size < this.#ancestors.length;
    const came = cyclic ? "an object that holds itself" : "more";
    throw this.#refuse(`at most ${this.#limits.maxDepth} levels of nesting`, undefined, came);
  }

  #grow(bytes: number): void {
    this.#size += bytes;
    if (this.#size > this.#limits.maxBytes) throw this.tooLarge();
  }

  #path(): string {
    return formatPath(this.#base, this.#steps);
  }

  #refuse(expected: string, value: unknown, came = describe(value)): ValidationError {
    return new ValidationError(`${this.#path()}: expected ${expected}, came ${came}`);
  }
}

/** A copy of an object's first keys, but for those that JSON drops. No key is `__proto__`: that was refused. */
function firstKeys(
  value: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  count: number,
): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (let i = 0; i < count; i++) {
    const key = keys[i] ?? "";
    copy[key] = value[key];
  }
  return copy;
}
