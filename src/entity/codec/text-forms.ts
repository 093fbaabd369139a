import type { FieldType } from "../kinds/field-type.ts";
import { base64Text } from "../values/bytes.ts";
import { isIsoText } from "../values/dates.ts";
import type { Serializers } from "../values/serializers.ts";
import { canonicalText } from "./canonical-text.ts";
import { type Decoder, makeDecoder } from "./decoders.ts";

/** Turns what a driver answered into the canonical text of the value (see `canonicalText`); null stays null. */
export type TextForm = (raw: unknown) => string | null;

/** Makes the text form of a field once. All backends answer the same text, but for the order of keys in JSON. */
export function makeTextForm(type: FieldType, field: string, serializers: Serializers): TextForm {
  const decode = makeDecoder(type, field, serializers);
  const toText = valueText(type, decode, field, serializers);
  return (raw) => (raw === null || raw === undefined ? null : toText(raw));
}

function valueText(
  type: FieldType,
  decode: Decoder,
  field: string,
  serializers: Serializers,
): (raw: unknown) => string {
  const decoded = (raw: unknown) => canonicalText(decode(raw), field, serializers);
  switch (type.kind) {
    case "date":
      return (raw) => (typeof raw === "string" && isIsoText(raw) ? raw : decoded(raw));
    case "bytes":
      return (raw) => (raw instanceof Uint8Array ? base64Text(raw) : decoded(raw));
    case "number":
      // Others may have stored what this library refuses to write, and what can be read can be shown.
      return (raw) => String(decode(raw));
    case "json":
    case "set":
    case "map":
      return jsonText;
    case "integer":
    case "bigint":
    case "boolean":
      return decoded;
    default:
      // Text, and what a serializer wrote, is stored as its text: no need for the type to be registered.
      return (raw) => (typeof raw === "string" ? raw : canonicalText(raw, field, serializers));
  }
}

/** JSON without white space, as this library writes it; PostgreSQL and MySQL answer it with. */
function jsonText(raw: unknown): string {
  if (typeof raw !== "string") return JSON.stringify(raw);
  return /[:,{}[\]] |[\n\r\t]/.test(raw) ? compact(raw) : raw;
}

function compact(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
