import type { Serializers } from "../values/serializers.ts";
import { isBytes, isDate } from "../values/shape.ts";
import { type FieldType, fits64Bits } from "./field-type.ts";
import { containerKind } from "./kind-of.ts";

/**
 * Whether a value is of the field's own kind, so that it can be stored without a change of schema and comes back
 * as it is. Looks at the value only from outside: what an array holds, or whether a string is well formed, is
 * checked where it is written.
 */
export function fitsField(type: FieldType, value: unknown, serializers: Serializers): boolean {
  if (value === null) return true;
  switch (type.kind) {
    case "text":
      return typeof value === "string";
    case "integer":
      return Number.isSafeInteger(value);
    case "number":
      return Number.isFinite(value);
    case "boolean":
      return typeof value === "boolean";
    case "bigint":
      return typeof value === "bigint"
        ? type.storage === "numeric" || fits64Bits(value)
        : Number.isSafeInteger(value);
    case "undecided":
      return false;
    default:
      return typeof value === "object" && objectFits(type, value, serializers);
  }
}

function objectFits(type: FieldType, value: object, serializers: Serializers): boolean {
  const serializer = serializers.find(value);
  if (serializer !== undefined) return type.kind === `custom:${serializer.typeName}`;
  switch (type.kind) {
    case "date":
      return isDate(value);
    case "bytes":
      return isBytes(value);
    case "json":
      return containerKind(value) !== null;
    case "set":
    case "map":
      return containerKind(value) === type.kind;
    default:
      return false;
  }
}
