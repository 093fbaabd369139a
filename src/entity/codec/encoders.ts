import type { SqlValue } from "../../backend/values.ts";
import { SchemaConflictError } from "../../errors/index.ts";
import { encodeRich } from "../json/rich-encode.ts";
import { customKindPrefix, type FieldType, fits64Bits, formatFieldType } from "../kinds/field-type.ts";
import { checkBigint, containerKind, kindOf } from "../kinds/kind-of.ts";
import { checkDate } from "../values/dates.ts";
import { printable } from "../values/describe.ts";
import type { Serializers } from "../values/serializers.ts";
import { isBytes, isDate } from "../values/shape.ts";
import { textProblem } from "../values/text-check.ts";
import { canonicalText } from "./canonical-text.ts";

/**
 * Turns a field's value into what a statement binds. Throws a `ValidationError` for what cannot be stored at all,
 * a `SchemaConflictError` for what the field cannot hold: `planEvolution` has the field widened before.
 */
export type Encoder = (value: unknown) => SqlValue;

/** Makes the encoder of a field once, so that the choice by kind is not made again for every value. */
export function makeEncoder(type: FieldType, field: string, serializers: Serializers): Encoder {
  const encode = valueEncoder(type, field, serializers);
  return (value) => {
    if (value === null) return null;
    return encode(value) ?? misfit(value, type, field, serializers);
  };
}

/** Answers null for a value that is not the field's. */
function valueEncoder(type: FieldType, field: string, serializers: Serializers): Encoder {
  switch (type.kind) {
    case "undecided":
      return () => null;
    case "integer":
      // Adding 0 turns -0 into 0.
      return (value) => (typeof value === "number" && Number.isSafeInteger(value) ? value + 0 : null);
    case "number":
      return (value) => (typeof value === "number" && Number.isFinite(value) ? value + 0 : null);
    case "bigint":
      return type.storage === "numeric" ? wideBigintEncoder(field) : encodeBigint;
    case "boolean":
      return (value) => (typeof value === "boolean" ? value : null);
    case "text":
      return (value) =>
        typeof value === "string" && textProblem(value) === null
          ? value
          : canonicalText(value, field, serializers);
    case "date":
      return (value) => (isObject(value) && isDate(value) ? checkDate(value, field) : null);
    case "bytes":
      return (value) => (isObject(value) && isBytes(value) ? value : null);
    case "json":
    case "set":
    case "map":
      return containerEncoder(type.kind, field, serializers);
    default:
      return customEncoder(type.kind.slice(customKindPrefix.length), field, serializers);
  }
}

function encodeBigint(value: unknown): SqlValue {
  const big = toBigint(value);
  return big !== null && fits64Bits(big) ? big : null;
}

/** Drivers agree on no form for integers beyond 64 bits but their decimal text. */
function wideBigintEncoder(field: string): Encoder {
  return (value) => {
    const big = toBigint(value);
    return big === null ? null : checkBigint(big, field).toString();
  };
}

function toBigint(value: unknown): bigint | null {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : null;
}

function containerEncoder(kind: "json" | "set" | "map", field: string, serializers: Serializers): Encoder {
  return (value) => {
    if (!isObject(value) || serializers.find(value) !== undefined) return null;
    const came = containerKind(value);
    const fits = came !== null && (kind === "json" || kind === came);
    return fits ? encodeRich(value, field, serializers) : null;
  };
}

function customEncoder(typeName: string, field: string, serializers: Serializers): Encoder {
  return (value) => {
    const serializer = isObject(value) ? serializers.find(value) : undefined;
    if (serializer?.typeName !== typeName || !isObject(value)) return null;
    return serializers.toText(serializer, value, field);
  };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function misfit(value: unknown, type: FieldType, field: string, serializers: Serializers): never {
  const kind = kindOf(value, serializers, field);
  throw new SchemaConflictError(
    `${field}: expected a value that a field of type ${formatFieldType(type)} can hold, came one of kind ${printable(kind)}`,
  );
}
