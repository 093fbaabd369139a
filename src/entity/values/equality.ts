import type { Serializers } from "./serializers.ts";
import { isBytes, isDate, isMap, isPlainArray, isPlainObject, isSet } from "./shape.ts";

/**
 * Whether two values are the same data, of every kind that can be stored: then saving one over the other changes
 * nothing. 5 and 5n differ, 0 and -0 do not; a key whose value is undefined counts as missing; neither the order
 * of keys, of a Set or of a Map counts, nor a missing prototype.
 *
 * Values of types of your own are compared by their serialized text, which needs `serializers`; without, only by
 * identity, since what a class hides cannot be compared.
 */
export function equalValues(a: unknown, b: unknown, serializers?: Serializers): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return Number.isNaN(a) && Number.isNaN(b);
  }
  const custom = serializers?.find(a);
  if (serializers !== undefined && custom !== undefined) {
    if (serializers.find(b)?.typeName !== custom.typeName) return false;
    return serializers.toText(custom, a, "value") === serializers.toText(custom, b, "value");
  }
  return equalObjects(a, b, serializers);
}

function equalObjects(a: object, b: object, serializers: Serializers | undefined): boolean {
  if (isPlainObject(a)) return isPlainObject(b) && equalEntries(a, b, serializers);
  if (isPlainArray(a)) return isPlainArray(b) && equalLists(a, b, serializers);
  if (isDate(a)) return isDate(b) && Object.is(a.getTime(), b.getTime());
  if (isBytes(a)) return isBytes(b) && Buffer.compare(a, b) === 0;
  if (isSet(a)) return isSet(b) && equalSets(a, b, serializers);
  return isMap(a) && isMap(b) && equalMaps(a, b, serializers);
}

type PlainObject = Readonly<Record<string, unknown>>;

function equalEntries(a: PlainObject, b: PlainObject, serializers: Serializers | undefined): boolean {
  const keys = givenKeys(a);
  if (keys.length !== givenKeys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && equalValues(a[key], b[key], serializers));
}

function givenKeys(value: PlainObject): string[] {
  return Object.keys(value).filter((key) => value[key] !== undefined);
}

function equalLists(
  a: readonly unknown[],
  b: readonly unknown[],
  serializers: Serializers | undefined,
): boolean {
  return a.length === b.length && a.every((item, i) => equalValues(item, b[i], serializers));
}

function equalSets(
  a: ReadonlySet<unknown>,
  b: ReadonlySet<unknown>,
  serializers: Serializers | undefined,
): boolean {
  if (a.size !== b.size) return false;
  const unmatched = [...b].filter((item) => !a.has(item));
  return [...a].every(
    (item) => b.has(item) || takeMatch(unmatched, (other) => equalValues(item, other, serializers)),
  );
}

function equalMaps(
  a: ReadonlyMap<unknown, unknown>,
  b: ReadonlyMap<unknown, unknown>,
  serializers: Serializers | undefined,
): boolean {
  if (a.size !== b.size) return false;
  const unmatched = [...b].filter(([key]) => !a.has(key));
  return [...a].every(([key, value]) => {
    if (b.has(key)) return equalValues(value, b.get(key), serializers);
    return takeMatch(
      unmatched,
      ([otherKey, other]) =>
        equalValues(key, otherKey, serializers) && equalValues(value, other, serializers),
    );
  });
}

/** Removes the first item that matches. Greedy is right: whatever matches the same item is equal itself. */
function takeMatch<T>(items: T[], matches: (item: T) => boolean): boolean {
  const at = items.findIndex(matches);
  if (at < 0) return false;
  items.splice(at, 1);
  return true;
}
