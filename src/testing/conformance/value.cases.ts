import { wait } from "../../operation/index.ts";
import type { ConformanceGroup } from "./case.ts";
import { equal, refused } from "./expect.ts";

/** Values of every kind that must come back as they went in, the same on every backend. */
export const kept: readonly (readonly [string, unknown])[] = [
  ["an integer", 30],
  ["zero", 0],
  ["a negative integer", -7],
  ["the largest safe integer", Number.MAX_SAFE_INTEGER],
  ["the smallest safe integer", Number.MIN_SAFE_INTEGER],
  ["a fraction", 0.1],
  ["a number with 17 digits", 0.30000000000000004],
  ["the smallest number above zero", 5e-324],
  ["the largest number", Number.MAX_VALUE],
  ["a bigint", 42n],
  ["2^63 - 1", 2n ** 63n - 1n],
  ["-2^63", -(2n ** 63n)],
  ["a bigint beyond 64 bits", 123456789012345678901234567890n],
  ["a text", "Ann"],
  ["an empty text", ""],
  ["a text with spaces at its end", "ann  "],
  ["a text that looks like a number", "007"],
  ["a text that looks like JSON", '{"a":1}'],
  ["quotes, backslashes and brackets", `it's "[a]" \\ \`b\` ? :c $1 %s -- /* */ ;`],
  ["line breaks and control characters", "a\r\n\tb\u0001\u007f"],
  ["emoji and combining characters", "👩‍👩‍👧‍👦 e\u0301 \u00e9"],
  ["a long text", "ä".repeat(100_000)],
  ["true", true],
  ["false", false],
  ["a moment", new Date("2024-02-29T23:59:59.999Z")],
  ["a moment in a gap of daylight saving", new Date("2024-03-10T02:30:00.000Z")],
  ["a moment before 1970", new Date("1815-12-10T00:00:00.000Z")],
  ["the last moment of year 9999", new Date("9999-12-31T23:59:59.999Z")],
  ["bytes", new Uint8Array([0, 1, 127, 128, 255])],
  ["no bytes", new Uint8Array([])],
  ["an object", { theme: "dark", nested: { list: [1, "two", null, { three: 3 }] } }],
  ["an empty object", {}],
  ["an array", [1, 2.5, "x", null, true]],
  ["an empty array", []],
  ["a set", new Set(["a", 1, null])],
  [
    "a map",
    new Map<unknown, unknown>([
      ["a", 1],
      [2, { b: new Date("2020-01-01T00:00:00.000Z") }],
    ]),
  ],
  [
    "rich values inside an object",
    {
      when: new Date("2020-01-01T00:00:00.000Z"),
      big: 2n ** 70n,
      bytes: new Uint8Array([1]),
      set: new Set([1n]),
    },
  ],
  ["an object that looks like the store's own notation", { $type: "date", value: "2020-01-01" }],
  ["an object with odd keys", { "": 1, "a b": 2, "[c]": 3, "👍": 4 }],
];

export const valueCases: ConformanceGroup = {
  name: "values",
  cases: [
    ...kept.map(([what, value]) => ({
      name: `keeps ${what}, in reads, history, and inside an object`,
      *run({ db, name }: Parameters<ConformanceGroup["cases"][number]["run"]>[0]) {
        const things = name("things");
        const saved = yield* wait(db.saveEntity(things, { value, inside: { value, list: [value] } }));
        equal(saved.value, value, "the answer of the save");
        const read = yield* wait(db.getEntity(things, saved.id, { deserialize: true }));
        equal(read?.value, value, "the read");
        equal(read?.inside, { value, list: [value] }, "the read, inside an object");
        const [version] = yield* wait(db.getEntityHistory(things, saved.id, { deserialize: true }));
        equal(version?.value, value, "the history");
        yield* wait(db.saveEntity(things, { id: saved.id, other: 1 }));
        equal(
          (yield* wait(db.getEntity(things, saved.id, { deserialize: true })))?.value,
          value,
          "after a partial save",
        );
        const bulk = yield* wait(db.saveEntities(things, [{ value }, { other: 2 }]));
        const again = yield* wait(db.getEntity(things, bulk[0]?.id ?? "", { deserialize: true }));
        equal(again?.value, value, "after a bulk save");
      },
    })),
    {
      name: "keeps null, and undefined as not given",
      *run({ db, name }) {
        const things = name("things");
        const { id } = yield* wait(db.saveEntity(things, { a: null, b: undefined, c: 1 }));
        const read = yield* wait(db.getEntity(things, id, { deserialize: true }));
        equal([read?.a, read?.c, Object.hasOwn(read ?? {}, "b")], [null, 1, false]);
      },
    },
    {
      name: "compares numbers as numbers",
      *run({ db, name }) {
        const people = name("people");
        yield* wait(db.saveEntities(people, [{ age: 9 }, { age: 25 }, { age: 100 }]));
        const found = yield* wait(
          db.findEntities(people, { where: "[age] > ?", params: [25], deserialize: true }),
        );
        equal(
          found.map(({ age }) => age),
          [100],
        );
      },
    },
    {
      name: "compares moments, booleans and fractions",
      *run({ db, name }) {
        const events = name("events");
        yield* wait(
          db.saveEntities(events, [
            { at: new Date("2024-01-01T00:00:00.000Z"), done: true, cost: 9.5 },
            { at: new Date("2025-01-01T00:00:00.000Z"), done: false, cost: 10 },
          ]),
        );
        const count = (where: string, value: unknown) =>
          wait(db.countEntities(events, { where, params: [value] }));
        equal(yield* count("[at] > ?", new Date("2024-06-01T00:00:00.000Z")), 1);
        equal(yield* count("[done] = ?", true), 1);
        equal(yield* count("[cost] < ?", 10), 1);
      },
    },
    {
      name: "tells ids apart by case, accents and spaces",
      *run({ db, name }) {
        const things = name("things");
        const ids = ["abc", "ABC", "Abc", "abc ", "ábc", "a\u0301bc", "👍", "👎"];
        yield* wait(
          db.saveEntities(
            things,
            ids.map((id) => ({ id, as: id })),
          ),
        );
        for (const id of ids) {
          const read = yield* wait(db.getEntity(things, id, { deserialize: true }));
          equal([read?.id, read?.as, read?.version], [id, id, 1]);
        }
      },
    },
    {
      name: "sorts ids and text by code point, and null first",
      *run({ db, name }) {
        const things = name("things");
        const words = ["b", "B", "a", "Z", "é", null];
        yield* wait(
          db.saveEntities(
            things,
            words.map((word) => ({ word })),
          ),
        );
        const ascending = yield* wait(db.findEntities(things, { orderBy: "word", deserialize: true }));
        equal(
          ascending.map(({ word }) => word),
          [null, "B", "Z", "a", "b", "é"],
        );
        const descending = yield* wait(db.findEntities(things, { orderBy: "word DESC", deserialize: true }));
        equal(
          descending.map(({ word }) => word),
          ["é", "b", "a", "Z", "B", null],
        );
      },
    },
    {
      name: "answers every value as text where that is asked for",
      *run({ db, name }) {
        const things = name("things");
        const at = new Date("2024-02-29T12:00:00.000Z");
        const { id } = yield* wait(
          db.saveEntity(things, {
            n: 30,
            f: 0.5,
            t: "x",
            b: true,
            d: at,
            j: { a: [1] },
            none: null,
            big: 5n,
          }),
        );
        const read = yield* wait(db.getEntity(things, id, { deserialize: false }));
        equal(
          [read?.n, read?.f, read?.t, read?.b, read?.d, read?.none, read?.big, read?.version, read?.id],
          ["30", "0.5", "x", "true", at.toISOString(), null, "5", "1", id],
        );
        equal(JSON.parse(String(read?.j)), { a: [1] });
      },
    },
    {
      name: "saves minus zero as zero",
      *run({ db, name }) {
        const things = name("things");
        const { id } = yield* wait(db.saveEntity(things, { value: -0 }));
        const read = yield* wait(db.getEntity(things, id, { deserialize: true }));
        equal(Object.is(read?.value, 0), true);
      },
    },
    {
      name: "refuses what it could not give back",
      *run({ db, name }) {
        const things = name("things");
        yield* wait(db.saveEntity(things, { id: "one", ok: 1 }));
        const cyclic: { self?: unknown } = {};
        cyclic.self = cyclic;
        const refusedValues: readonly unknown[] = [
          Number.NaN,
          Number.POSITIVE_INFINITY,
          Number.NEGATIVE_INFINITY,
          () => 1,
          Symbol("s"),
          cyclic,
          new Date(Number.NaN),
          "\ud800",
          "a\u0000b",
          { deep: ["\udfff"] },
          [undefined],
          new (class Money {})(),
          JSON.parse('{"__proto__": 1}'),
        ];
        for (const value of refusedValues) {
          yield* refused("STRATA_VALIDATION", () => db.saveEntity(things, { id: "one", value }));
          yield* refused("STRATA_VALIDATION", () => db.saveEntities(things, [{ ok: 2 }, { value }]));
        }
        equal(yield* wait(db.countEntities(things)), 1);
        equal(Object.keys((yield* wait(db.describeEntity(things)))?.fields ?? {}), ["ok"]);
      },
    },
  ],
};
