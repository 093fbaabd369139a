import { deepStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { afterAll, beforeAll, describe, it } from "vitest";
import type { Face, Queries } from "../../src/face/index.ts";
import { ValidationError } from "../../src/index.ts";
import { type Operation, runAsync, runSync, wait } from "../../src/operation/index.ts";
import { type Prepared, type Target, targets } from "../conformance/targets.ts";
import { kindOf } from "./reference-values.ts";
import { verdictOn } from "./storable.ts";

const chosen = process.env.CI === "true" ? 20_261 : Math.trunc(Math.random() * 2 ** 31);
const seed = Number(process.env.STRATA_TEST_SEED ?? chosen);
const runs = Number(process.env.STRATA_TEST_RUNS ?? 0);
const limitMs = 1_000;

const anything = fc.anything({
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withObjectString: true,
  withTypedArray: true,
  withSparseArray: true,
  stringUnit: "binary",
  maxDepth: 3,
});

class Money {
  readonly cents = 1;
}

const sharing = { x: 1 };

/** What is at the edge of what some database, driver or encoding can hold. */
const edges: readonly unknown[] = [
  -0,
  [-0],
  2 ** 53 - 1,
  2 ** 53,
  2 ** 53 + 2,
  -(2 ** 63),
  2 ** 63,
  5e-324,
  Number.MAX_VALUE,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  10n ** 65n - 1n,
  10n ** 65n,
  [10n ** 70n],
  "",
  "\0",
  "\ud83d",
  "é",
  "e\u0301",
  "ß\u200d\ufeff\u2028",
  "x".repeat(1_000_000),
  "👍".repeat(100_000),
  new Uint8Array(1_000_000).fill(0xff),
  Buffer.from("buffer"),
  new Uint8Array(Buffer.from("a view on more").buffer, 2, 4),
  new Uint16Array([1]),
  new Date(Number.NaN),
  new Date("0001-01-01T00:00:00.000Z"),
  new Date(-62_135_596_800_001),
  new Date("9999-12-31T23:59:59.999Z"),
  new Date(253_402_300_800_000),
  new Date("2024-03-31T01:30:00.000Z"),
  [undefined],
  { gone: undefined, stays: null },
  JSON.parse('{"__proto__": {"polluted": true}}'),
  JSON.parse('{"constructor": {"prototype": 1}}'),
  { [Symbol("s")]: 1, text: "symbols as keys are no data" },
  { toJSON: () => "forged" },
  { $type: "date", value: "2020-01-01T00:00:00.000Z" },
  { $type: "set", value: [1], more: 1 },
  [sharing, sharing],
  new Map<unknown, unknown>([
    [{ key: [1n] }, new Set([new Date(0)])],
    ["__proto__", 1],
  ]),
  new Set([new Set([new Set()])]),
  new Money(),
  [new Money()],
  Symbol.iterator,
  () => 1,
  new Error("no data"),
  /no data/,
  Promise.resolve(),
  Object.create({ inherited: 1 }),
  Object.assign(() => 1, { a: 1 }),
  new Proxy({ a: 1 }, {}),
];

/** Saves any value in every way and reads it in every way: it comes back equal, or was refused, on every backend alike. */
export function defineRoundTrips(backend: Target["backend"]): void {
  for (const target of targets.filter((candidate) => candidate.backend === backend)) {
    describe.skipIf(target.missing !== undefined)(`${target.name}: any value, seed ${seed}`, () => {
      let prepared: Prepared;
      beforeAll(async () => {
        prepared = await target.prepare();
      });
      afterAll(() => prepared.dispose());

      it("comes back equal, or is refused", {
        meta: { backend: target.name },
        timeout: 600_000,
      }, async () => {
        const database = prepared.database();
        const db = database.open(backend === "sqlite" ? { synchronous: "off" } : {});
        let tried = 0;
        const trip = async (value: unknown) => {
          const work = roundTrip(db, `id${tried++}`, value);
          await (database.face === "sync" ? runSync(work) : runAsync(work));
        };
        try {
          for (const [i, value] of edges.entries()) {
            await trip(value).catch((error: unknown) => {
              throw new Error(`edge ${i}`, { cause: error });
            });
          }
          const limits =
            runs > 0 ? { numRuns: runs } : { numRuns: 100_000, interruptAfterTimeLimit: limitMs };
          const given = anything.filter((value) => value !== undefined);
          await fc.assert(fc.asyncProperty(given, trip), { seed, ...limits });
        } finally {
          await database.close();
        }
      });
    });
  }
}

const entity = "values";

function* roundTrip(db: Queries<Face>, id: string, value: unknown): Operation<void> {
  // A field for each kind, so that none is widened.
  const field = `as_${kindOf(value).replace("/", "_")}`;
  const verdict = verdictOn(value);
  if (verdict === "refused") {
    yield* refuses(db, () => db.saveEntity(entity, { id, [field]: value }));
    if (verdictOn([value]) === "refused") {
      yield* refuses(db, () => db.saveEntity(entity, { id, inside: { value: [value] } }));
    }
    yield* refuses(db, () => db.saveEntities(entity, [{ id, ok: 1 }, { [field]: value }]));
    return;
  }
  const inside = { value, list: [value] };
  const expected = { [field]: verdict.kept, inside: { value: verdict.kept, list: [verdict.kept] } };
  const check = (read: object | null | undefined, how: string) => {
    const record = new Map(Object.entries(read ?? {}));
    for (const [name, kept] of Object.entries(expected))
      deepStrictEqual(record.get(name), kept, `${how}: ${name}`);
  };
  const typed = { deserialize: true } as const;
  check(yield* wait(db.saveEntity(entity, { id, [field]: value, inside })), "the answer of saveEntity");
  check(yield* wait(db.getEntity(entity, id, typed)), "getEntity");
  check((yield* wait(db.getEntityHistory(entity, id, typed)))[0], "getEntityHistory");
  const where = { where: "[id] = ?", params: [id] };
  check((yield* wait(db.findEntities(entity, { ...where, ...typed })))[0], "findEntities");
  const again = yield* wait(db.saveEntity(entity, { id, [field]: value, inside }));
  deepStrictEqual(again.version, 1, "a save of what is stored already made a version");
  const [first] = yield* wait(
    db.saveEntities(entity, [{ id: `${id} bulk`, [field]: value, inside }, { ok: 2 }]),
  );
  check(first, "the answer of saveEntities");
  check(yield* wait(db.getEntity(entity, `${id} bulk`, typed)), "getEntity after saveEntities");
}

function* refuses(db: Queries<Face>, work: () => unknown): Operation<void> {
  const before = [yield* wait(db.countEntities(entity)), yield* wait(db.describeEntity(entity))];
  let refusal: unknown;
  try {
    yield* wait(work());
  } catch (error) {
    refusal = error;
  }
  deepStrictEqual(
    refusal instanceof ValidationError && refusal.outcome,
    "not_sent",
    `got ${String(refusal)}`,
  );
  const after = [yield* wait(db.countEntities(entity)), yield* wait(db.describeEntity(entity))];
  deepStrictEqual(after, before, "what was refused has changed the database");
}
