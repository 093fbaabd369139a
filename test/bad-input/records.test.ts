import { describe, expect, it } from "vitest";
import { Bench, type Expected, faces, refusal, untyped } from "./bench.ts";
import { conflictingNames, cyclic, notStorable } from "./samples.ts";

const validation = (says?: RegExp): Expected => ({ code: "STRATA_VALIDATION", ...(says && { says }) });

const badNames: readonly unknown[] = [
  "",
  " ",
  "1a",
  "a b",
  "a-b",
  'a"b',
  "a'b",
  "a`b",
  "a]b",
  "[a]",
  "a;b",
  "a\0b",
  "a\nb",
  "a.b",
  "é",
  "ａ",
  "_a",
  "__proto__",
  "constructor",
  "prototype",
  "x".repeat(64),
  "x".repeat(10_000),
];

describe.each(faces)("records on the %s face", (face) => {
  const meta = { backend: `sqlite/${face}` };

  it.each([
    ...badNames,
    "a_history",
    "a_META",
    "sqlite_a",
    "pg_a",
    "x".repeat(55),
    7,
    null,
    undefined,
    {},
    ["users"],
  ])("refuse the entity %o in every method", { meta }, async (name) => {
    const bench = await Bench.make(face);
    const { db } = bench;
    const entity = untyped(name);
    const works = [
      () => db.saveEntity(entity, { n: 1 }),
      () => db.saveEntities(entity, [{ n: 1 }]),
      () => db.getEntity(entity, "a"),
      () => db.findEntities(entity),
      () => db.countEntities(entity),
      () => db.deleteEntity(entity, "a"),
      () => db.restoreEntity(entity, "a"),
      () => db.revertEntity(entity, "a", 1),
      () => db.getEntityHistory(entity, "a"),
      () => db.getEntityByVersion(entity, "a", 1),
      () => db.getEntityAsOf(entity, "a", new Date()),
      () => db.findEntitiesAsOf(entity, new Date()),
      () => db.diffEntityVersions(entity, "a", 1, 2),
      () => db.ensureIndex(entity, ["n"]),
      () => db.pruneHistory(entity, { keepVersions: 1 }),
      () => db.describeEntity(entity),
      () => db.entity(entity).save({ n: 1 }),
    ];
    for (const work of works) await bench.refuses(validation(/entity name: expected/), work);
  });

  it.each([...badNames, "history_note", "History_note", "CREATED_AT", "Id", "xmin", "DB_ROW_ID"])(
    "refuse the field %o",
    { meta },
    async (name) => {
      const bench = await Bench.make(face);
      const record = Object.fromEntries([
        ["id", "a"],
        [untyped(name), 1],
      ]);
      await bench.refuses(validation(/expected/), () => bench.db.saveEntity("users", record));
      await bench.refuses(validation(/expected/), () => bench.db.saveEntities("users", [{ age: 1 }, record]));
      await bench.refuses(validation(/expected/), () => bench.db.saveEntity("newcomers", record));
    },
  );

  it.each(conflictingNames)("refuse names that differ by case only: %o", { meta }, async (record) => {
    const bench = await Bench.make(face);
    await bench.refuses(validation(/differ by more than case/), () => bench.db.saveEntity("users", record));
  });

  it.each([
    [null],
    [undefined],
    [7],
    ["text"],
    [true],
    [[]],
    [[{ n: 1 }]],
    [() => 1],
    [Symbol("s")],
    [new Map([["n", 1]])],
    [new Set()],
    [new Date()],
    [new Uint8Array(2)],
    [Promise.resolve({})],
    [new Error("e")],
  ])("refuse %o for a record", { meta }, async (record) => {
    const bench = await Bench.make(face);
    const says = /expected the record for "users" to be an object with its fields, got/;
    await bench.refuses(validation(says), () => bench.db.saveEntity("users", untyped(record)));
    await bench.refuses(validation(says), () =>
      bench.db.saveEntities("users", [{ age: 1 }, untyped(record)]),
    );
  });

  it.each([[null], [undefined], [7], ["text"], [{}], [new Set([{ n: 1 }])]])(
    "refuse %o for a list of records",
    { meta },
    async (records) => {
      const bench = await Bench.make(face);
      await bench.refuses(validation(/expected a list of records for "users", got/), () =>
        bench.db.saveEntities("users", untyped(records)),
      );
    },
  );

  it.each([
    [""],
    ["a\0"],
    ["\ud800"],
    ["x".repeat(256)],
    [7],
    [7n],
    [null],
    [true],
    [{}],
    [["a"]],
    [new Date()],
  ])("refuse the id %o in every method", { meta }, async (given) => {
    const bench = await Bench.make(face);
    const { db } = bench;
    const id = untyped(given);
    const works = [
      () => db.saveEntity("users", { id, age: 1 }),
      () =>
        db.saveEntities("users", [
          { id: "a", age: 1 },
          { id, age: 1 },
        ]),
      () => db.getEntity("users", id),
      () => db.deleteEntity("users", id),
      () => db.restoreEntity("users", id),
      () => db.revertEntity("users", id, 1),
      () => db.getEntityHistory("users", id),
      () => db.getEntityByVersion("users", id, 1),
      () => db.getEntityAsOf("users", id, new Date()),
      () => db.diffEntityVersions("users", id, 1, 2),
    ];
    for (const work of works) await bench.refuses(validation(/^id: expected .* came/), work);
  });

  it.each(notStorable)("refuse a value that could not come back: %s", { meta }, async (_, value, says) => {
    const bench = await Bench.make(face);
    const { db } = bench;
    const deep = { list: [1, { here: value }] };
    await bench.refuses(validation(says), () => db.saveEntity("users", { id: "a", name: value }));
    await bench.refuses(validation(says), () => db.saveEntity("users", { id: "a", fresh: value }));
    await bench.refuses(validation(says), () => db.saveEntity("newcomers", { fresh: value }));
    await bench.refuses(validation(says), () =>
      db.saveEntities("users", [{ age: 1 }, { id: "b", age: value }]),
    );
    if (value === undefined) return;
    await bench.refuses(validation(/list\[1\]\.here/), () => db.saveEntity("users", { id: "a", tags: deep }));
  });

  it("refuse cycles, wherever they close", { meta }, async () => {
    const bench = await Bench.make(face);
    for (const value of cyclic()) {
      await bench.refuses(validation(/itself|levels of nesting/), () =>
        bench.db.saveEntity("users", { tags: value }),
      );
    }
  });

  it.each([
    [{ version: 7 }],
    [{ id: "a", created_at: new Date() }],
    [{ id: "a", version: "2", age: 1 }],
    [{ id: "a", version: 2.5 }],
    [{ updated_by: "mallory" }],
    [{ id: "a", deleted_at: null }],
  ])("refuse system fields that were not read: %o", { meta }, async (record) => {
    const bench = await Bench.make(face);
    await bench.refuses(validation(/system fields|typed values/), () =>
      bench.db.saveEntity("users", untyped(record)),
    );
  });

  it("refuse a record that was read as text, and one whose system fields were changed", {
    meta,
  }, async () => {
    const bench = await Bench.make(face);
    const text = await bench.db.getEntity("users", "a", { deserialize: false });
    await bench.refuses(validation(/read as text/), () => bench.db.saveEntity("users", untyped(text)));
    const typed = await bench.db.getEntity("users", "a", { deserialize: true });
    await bench.rejects(validation(/"created_by" as it was read/), () =>
      bench.db.saveEntity("users", { ...typed, created_by: "mallory" }),
    );
  });

  it.each([
    [{ expectedVersion: -1 }, /expectedVersion.*got -1/],
    [{ expectedVersion: 1.5 }, /expectedVersion.*got 1.5/],
    [{ expectedVersion: "1" }, /expectedVersion.*got a string/],
    [{ expectedVersion: Number.NaN }, /expectedVersion.*got NaN/],
    [{ timeout: 0 }, /timeout.*got 0/],
    [{ timeout: -5 }, /timeout.*got -5/],
    [{ timeout: Number.NaN }, /timeout.*got NaN/],
    [{ timeout: "5" }, /timeout.*got string/],
    [{ timeout: 10 ** 9 }, /timeout.*got 1000000000/],
    [{ userId: 7 }, /userId/],
    [{ userId: "a\0" }, /userId/],
    [{ comment: { html: true } }, /comment/],
    [{ comment: "\udc00" }, /comment/],
  ])("refuse the options %o", { meta }, async (given, says) => {
    const bench = await Bench.make(face);
    const options = untyped(given);
    const { db } = bench;
    await bench.refuses(validation(says), () => db.saveEntity("users", { id: "a", age: 1 }, options));
    await bench.refuses(validation(says), () => db.saveEntities("users", [{ id: "a", age: 1 }], options));
    await bench.refuses(validation(says), () => db.deleteEntity("users", "a", options));
    await bench.refuses(validation(says), () => db.restoreEntity("users", "a", options));
    await bench.refuses(validation(says), () => db.revertEntity("users", "a", 1, options));
  });

  it("refuse purgeHistory alone", { meta }, async () => {
    const bench = await Bench.make(face);
    await bench.refuses(validation(/only together with permanent/), () =>
      bench.db.deleteEntity("users", "a", { purgeHistory: true }),
    );
  });

  it("in a transaction: what was refused is not part of it, and it can go on", { meta }, async () => {
    const bench = await Bench.make(face);
    const { db } = bench;
    const refused = () => refusal(face, () => db.saveEntity("users", { id: "a", age: Number.NaN }));
    if (face === "async") {
      await db.transaction(async (tx) => {
        expect((await refused()).code).toBe("STRATA_VALIDATION");
        await tx.saveEntity("users", { id: "a", age: 50 });
      });
    } else {
      db.transaction((tx) => {
        expect(() => tx.saveEntity("users", { id: "a", age: Number.NaN })).toThrow(/expected/);
        tx.saveEntity("users", { id: "a", age: 50 });
      });
    }
    expect(await db.getEntity("users", "a", { deserialize: true })).toMatchObject({ age: 50, version: 3 });
  });
});
