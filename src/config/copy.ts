const deepest = 20;

/**
 * A frozen copy of plain objects and arrays, all the way down, so that a configuration cannot change behind the
 * one who shares it. Anything else (a Buffer, a function, a secure context) is kept as it is. What cannot be
 * copied is told to `refuse`.
 */
export function copyFrozen(value: unknown, refuse: (message: string) => void, depth = 0): unknown {
  const plain = isPlainObject(value);
  if (!plain && !Array.isArray(value)) return value;
  if (depth > deepest) {
    refuse(`expected a value nested at most ${deepest} levels deep; does it contain itself?`);
    return undefined;
  }
  if (!plain) return Object.freeze(value.map((item) => copyFrozen(item, refuse, depth + 1)));
  const entries = Object.entries(value).map(([name, item]) => [name, copyFrozen(item, refuse, depth + 1)]);
  return Object.freeze(Object.fromEntries(entries));
}

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
