import { ValidationError } from "../../errors/index.ts";
import { encodeRich } from "../json/rich-encode.ts";
import { checkDate } from "../values/dates.ts";
import { describe } from "../values/describe.ts";
import type { Serializers } from "../values/serializers.ts";
import { isBytes, isDate, isMap, isPlainArray, isPlainObject, isSet } from "../values/shape.ts";
import { checkText } from "../values/text-check.ts";
import { bigintType, type FieldKind, type FieldType, fieldType } from "./field-type.ts";

/** MySQL's DECIMAL ends there. The limit holds on every backend, so that all give the same verdict. */
const bigintEnd = 10n ** 65n;

/**
 * The kind of a field that holds `value`; `undecided` for null. Looks at everything inside the value.
 *
 * Throws a `ValidationError`, which names the path (`preferences.items[3]`) and never shows the value, for all that
 * would not come back as it is: see `encodeRich`; also for bigints of more than 65 digits.
 */
export function kindOf(value: unknown, serializers: Serializers, path = "value"): FieldKind {
  switch (typeof value) {
    case "string":
      checkText(value, path);
      return "text";
    case "number":
      if (!Number.isFinite(value)) throw refusal(path, "a finite number", value);
      return Number.isSafeInteger(value) ? "integer" : "number";
    case "bigint":
      checkBigint(value, path);
      return "bigint";
    case "boolean":
      return "boolean";
    case "object":
      return value === null ? "undecided" : kindOfObject(value, serializers, path);
    case "undefined":
      throw refusal(path, "a value, or null for none", value);
    default:
      throw refusal(path, "data", value);
  }
}

/** The type of a field that holds `value`. Throws as `kindOf` does. */
export function typeOf(value: unknown, serializers: Serializers, path = "value"): FieldType {
  const kind = kindOf(value, serializers, path);
  return typeof value === "bigint" ? bigintType(value) : fieldType(kind);
}

/** Refuses a bigint of more than 65 digits. */
export function checkBigint(value: bigint, path: string): bigint {
  if (value > -bigintEnd && value < bigintEnd) return value;
  throw new ValidationError(
    `${path}: expected a bigint of at most 65 digits, came a longer one; store its text`,
  );
}

function kindOfObject(value: object, serializers: Serializers, path: string): FieldKind {
  const serializer = serializers.find(value);
  if (serializer !== undefined) {
    serializers.toText(serializer, value, path);
    return `custom:${serializer.typeName}`;
  }
  if (isDate(value)) {
    checkDate(value, path);
    return "date";
  }
  if (isBytes(value)) return "bytes";
  const kind = containerKind(value);
  if (kind === null) throw refusal(path, "plain data, or a type that registerSerializer has added", value);
  encodeRich(value, path, serializers);
  return kind;
}

/** The kind of an array, object, Set or Map; null for any other object. */
export function containerKind(value: object): "json" | "set" | "map" | null {
  if (isPlainObject(value) || isPlainArray(value)) return "json";
  if (isSet(value)) return "set";
  return isMap(value) ? "map" : null;
}

function refusal(path: string, expected: string, value: unknown): ValidationError {
  return new ValidationError(`${path}: expected ${expected}, came ${describe(value)}`);
}
