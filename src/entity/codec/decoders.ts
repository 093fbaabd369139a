import { decodeRich } from "../json/rich-decode.ts";
import { unreadable } from "../json/rich-format.ts";
import { customKindPrefix, type FieldType } from "../kinds/field-type.ts";
import { parseBase64, plainBytes } from "../values/bytes.ts";
import { parseDate } from "../values/dates.ts";
import { describe } from "../values/describe.ts";
import type { Serializers } from "../values/serializers.ts";
import { canonicalText } from "./canonical-text.ts";

/**
 * Turns what a driver answered for a field into its value. Takes every form in which one of the backends answers;
 * a `SchemaConflictError` for a stored value that the field cannot have.
 */
export type Decoder = (raw: unknown) => unknown;

/** Makes the decoder of a field once. Null, and a column that is not there, are null. */
export function makeDecoder(type: FieldType, field: string, serializers: Serializers): Decoder {
  const decode = valueDecoder(type, serializers, field);
  return (raw) => (raw === null || raw === undefined ? null : decode(raw, field));
}

function valueDecoder(
  type: FieldType,
  serializers: Serializers,
  path: string,
): (raw: unknown, field: string) => unknown {
  switch (type.kind) {
    case "integer":
      return decodeInteger;
    case "bigint":
      return decodeBigint;
    case "number":
      return decodeNumber;
    case "boolean":
      return decodeBoolean;
    case "date":
      return decodeDate;
    case "bytes":
      return decodeBytes;
    case "text":
    case "undecided":
      // A column that was widened may still answer what it held before.
      return (raw) => (typeof raw === "string" ? raw : canonicalText(raw, path, serializers));
    case "json":
    case "set":
    case "map":
      return (raw, field) => decodeRich(raw, field, serializers);
    default: {
      const typeName = type.kind.slice(customKindPrefix.length);
      return (raw, field) => serializers.fromText(typeName, canonicalText(raw, field, serializers), field);
    }
  }
}

const wholeNumber = /^-?\d+(?:\.0+)?$/;

function decodeInteger(raw: unknown, field: string): number {
  const number = typeof raw === "number" ? raw : isWhole(raw) ? Number(raw) : Number.NaN;
  if (Number.isSafeInteger(number)) return number;
  throw unreadable(field, "an integer within ±(2^53 - 1)", describe(raw));
}

function decodeBigint(raw: unknown, field: string): bigint {
  if (typeof raw === "bigint") return raw;
  // A larger number has been rounded by the driver: its digits are not those that are stored.
  if (typeof raw === "number" && Number.isSafeInteger(raw)) return BigInt(raw);
  if (typeof raw === "string" && wholeNumber.test(raw)) return BigInt(raw.split(".", 1)[0] ?? raw);
  throw unreadable(field, "a whole number with all its digits", describe(raw));
}

function decodeNumber(raw: unknown, field: string): number {
  if (typeof raw === "number") return raw;
  if (typeof raw === "bigint") return Number(raw);
  const number = typeof raw === "string" && raw.trim() !== "" ? Number(raw) : Number.NaN;
  if (!Number.isNaN(number)) return number;
  throw unreadable(field, "a number", describe(raw));
}

const booleans: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  [1n, true],
  ["1", true],
  ["t", true],
  ["true", true],
  [false, false],
  [0, false],
  [0n, false],
  ["0", false],
  ["f", false],
  ["false", false],
]);

function decodeBoolean(raw: unknown, field: string): boolean {
  const value = booleans.get(raw);
  if (value !== undefined) return value;
  throw unreadable(field, "a boolean, or 0 or 1", describe(raw));
}

function decodeDate(raw: unknown, field: string): Date {
  const date = raw instanceof Date ? raw : typeof raw === "string" ? parseDate(raw) : null;
  if (date !== null && !Number.isNaN(date.getTime())) return date;
  throw unreadable(field, "a moment as ISO 8601 text", describe(raw));
}

/** Bytes as drivers answer them; also PostgreSQL's hexadecimal text, and base64 for what was widened by hand. */
function decodeBytes(raw: unknown, field: string): Uint8Array {
  if (raw instanceof Uint8Array) return plainBytes(raw);
  const bytes = typeof raw === "string" ? (parseHex(raw) ?? parseBase64(raw)) : null;
  if (bytes !== null) return bytes;
  throw unreadable(field, "bytes", describe(raw));
}

function parseHex(text: string): Uint8Array | null {
  if (!/^\\x(?:[0-9a-f]{2})*$/i.test(text)) return null;
  return plainBytes(Buffer.from(text.slice(2), "hex"));
}

function isWhole(raw: unknown): boolean {
  return typeof raw === "bigint" || (typeof raw === "string" && wholeNumber.test(raw));
}
