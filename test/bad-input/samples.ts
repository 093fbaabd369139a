class Money {
  readonly cents = 1;
}

class MyDate extends Date {}

/** What cannot be stored: its name, itself, and what the message says of it. */
export const notStorable: readonly (readonly [string, unknown, RegExp])[] = [
  ["NaN", Number.NaN, /expected a finite number, came NaN/],
  ["Infinity", Number.POSITIVE_INFINITY, /expected a finite number, came Infinity/],
  ["-Infinity", Number.NEGATIVE_INFINITY, /expected a finite number, came -Infinity/],
  ["a function", () => 1, /expected data, came a function/],
  ["a class", Money, /expected data, came a function/],
  ["a symbol", Symbol("canary"), /expected data, came a symbol/],
  ["an invalid date", new Date(Number.NaN), /expected a Date.*came an invalid Date/],
  ["a date before year 1", new Date(-8.64e15), /expected a Date in the years 1 to 9999.*came/],
  ["a date after year 9999", new Date(8.64e15), /expected a Date in the years 1 to 9999.*came/],
  ["an instance of a class", new Money(), /came an instance of Money/],
  ["an instance of a subclass", new MyDate(), /came an instance of MyDate/],
  ["a regular expression", /x/, /came an instance of RegExp/],
  ["an error", new Error("canary"), /came an instance of Error/],
  ["a promise", Promise.resolve(), /came an instance of Promise/],
  ["a weak map", new WeakMap(), /came an instance of WeakMap/],
  ["an array buffer", new ArrayBuffer(2), /came an instance of ArrayBuffer/],
  ["other typed arrays", new Float64Array(2), /came an instance of Float64Array/],
  ["a boxed number", Object(1), /came an instance of Number/],
  ["an object with a prototype of its own", Object.create({ a: 1 }), /came/],
  ["half of a surrogate pair", "canary \ud83d", /came a string with half of a surrogate pair/],
  ["NUL", "canary\0", /came a string with a NUL character/],
];

/** Records of which two fields, or one and a stored one (`name`, `age`, `tags`), have the same letters. */
export const conflictingNames: readonly (readonly [Record<string, unknown>])[] = [
  [{ n: 1, N: 2 }],
  [{ Name: "x" }],
  [{ name: "x", AGE: 1 }],
];

/** Values that hold themselves: at once, on the way through others, in a Set, in a Map. */
export function cyclic(): unknown[] {
  const self: { self?: unknown } = {};
  self.self = self;
  const list: unknown[] = [];
  list.push({ list });
  const set = new Set<unknown>();
  set.add([set]);
  const map = new Map<unknown, unknown>();
  map.set("map", new Map([["again", map]]));
  const getter = {
    get endless(): unknown {
      return getter;
    },
  };
  return [self, list, set, map, getter];
}
