import { encodeRich } from "../json/rich-encode.ts";
import { kindOf } from "../kinds/kind-of.ts";
import { base64Text } from "../values/bytes.ts";
import { isoText } from "../values/dates.ts";
import type { Serializers } from "../values/serializers.ts";
import { isBytes, isDate } from "../values/shape.ts";
import { checkText } from "../values/text-check.ts";

/**
 * The text that stands for a value in a text field, and in records that are read as text: numbers and booleans as
 * JavaScript writes them (`30`, `1e+21`, `true`), dates as ISO 8601 in UTC with milliseconds, bytes in base64,
 * a type of yours as its serializer writes it, everything else as rich JSON. Refuses what `kindOf` refuses.
 */
export function canonicalText(value: unknown, path: string, serializers: Serializers): string {
  if (typeof value === "string") return checkText(value, path);
  if (typeof value !== "object" || value === null) {
    kindOf(value, serializers, path);
    return String(value);
  }
  const serializer = serializers.find(value);
  if (serializer !== undefined) return serializers.toText(serializer, value, path);
  if (isDate(value)) return isoText(value, path);
  return isBytes(value) ? base64Text(value) : encodeRich(value, path, serializers);
}
