import { types } from "node:util";

/** What an object is, as far as it can be stored without a serializer. */
export type Shape = "object" | "array" | "date" | "bytes" | "set" | "map" | "other";

/**
 * Tells what an object is from its prototype, so that an instance of a class, which would come back as something
 * else, is `other`. A subclass of Date, Array, Set or Map is `other` too; Buffer is the one exception, being Node's
 * form of a Uint8Array.
 *
 * Own properties with symbols as keys, and further properties of arrays, are no data, as in `JSON.stringify`.
 */
export function shapeOf(value: object): Shape {
  const prototype: unknown = Object.getPrototypeOf(value);
  switch (prototype) {
    case Object.prototype:
      return "object";
    case Array.prototype:
      return "array";
    case Date.prototype:
      return types.isDate(value) ? "date" : "other";
    case Uint8Array.prototype:
    case Buffer.prototype:
      return types.isUint8Array(value) ? "bytes" : "other";
    case Set.prototype:
      return types.isSet(value) ? "set" : "other";
    case Map.prototype:
      return types.isMap(value) ? "map" : "other";
    case null:
      return exotic(value) ? "other" : "object";
    default:
      return foreignShape(value, prototype);
  }
}

/** Whether a value without a prototype was something else before it lost it. */
function exotic(value: object): boolean {
  return Array.isArray(value) || types.isDate(value) || types.isSet(value) || types.isMap(value);
}

/**
 * Objects of another realm (`node:vm`, some test runners) have other prototypes of the same build. The length of
 * the prototype chain tells a built-in object from an instance of a subclass.
 */
function foreignShape(value: object, prototype: unknown): Shape {
  const chain = chainLength(value);
  if (chain === 1) return isForeignObjectPrototype(prototype) ? "object" : "other";
  if (chain === 2) {
    if (Array.isArray(value)) return "array";
    if (types.isDate(value)) return "date";
    if (types.isSet(value)) return "set";
    if (types.isMap(value)) return "map";
  }
  return chain === 3 && types.isUint8Array(value) ? "bytes" : "other";
}

function isForeignObjectPrototype(prototype: unknown): boolean {
  return typeof prototype === "object" && prototype !== null && Object.hasOwn(prototype, "isPrototypeOf");
}

function chainLength(value: object): number {
  let length = 0;
  let prototype: unknown = Object.getPrototypeOf(value);
  while (typeof prototype === "object" && prototype !== null) {
    length++;
    prototype = Object.getPrototypeOf(prototype);
  }
  return length;
}

export function isPlainObject(value: object): value is Record<string, unknown> {
  return shapeOf(value) === "object";
}

export function isPlainArray(value: object): value is readonly unknown[] {
  return shapeOf(value) === "array";
}

export function isDate(value: object): value is Date {
  return shapeOf(value) === "date";
}

export function isBytes(value: object): value is Uint8Array {
  return shapeOf(value) === "bytes";
}

export function isSet(value: object): value is ReadonlySet<unknown> {
  return shapeOf(value) === "set";
}

export function isMap(value: object): value is ReadonlyMap<unknown, unknown> {
  return shapeOf(value) === "map";
}
