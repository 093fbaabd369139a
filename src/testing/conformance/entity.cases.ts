import { wait } from "../../operation/index.ts";
import type { ConformanceGroup } from "./case.ts";
import { equal, pick, refused } from "./expect.ts";

export const entityCases: ConformanceGroup = {
  name: "entities",
  cases: [
    {
      name: "reads an entity without tables as nothing",
      *run({ db, name }) {
        const ghosts = name("ghosts");
        equal(yield* wait(db.getEntity(ghosts, "a")), null);
        equal(yield* wait(db.findEntities(ghosts, { where: "[x] = ?", params: [1] })), []);
        equal(yield* wait(db.countEntities(ghosts)), 0);
        equal(yield* wait(db.getEntityHistory(ghosts, "a")), []);
        equal(yield* wait(db.getEntityByVersion(ghosts, "a", 1)), null);
        equal(yield* wait(db.deleteEntity(ghosts, "a")), false);
        equal(yield* wait(db.restoreEntity(ghosts, "a")), false);
        equal(yield* wait(db.describeEntity(ghosts)), null);
      },
    },
    {
      name: "creates with an id of its own, and with a given one",
      *run({ db, name }) {
        const users = name("users");
        const alice = yield* wait(db.saveEntity(users, { name: "Alice" }, { userId: "admin" }));
        equal(/^[0-9a-f-]{36}$/.test(alice.id), true);
        equal(pick(alice, "name", "version", "created_by", "updated_by", "deleted_at"), {
          name: "Alice",
          version: 1,
          created_by: "admin",
          updated_by: "admin",
          deleted_at: null,
        });
        equal(alice.created_at instanceof Date, true);
        const bob = yield* wait(db.saveEntity(users, { id: "bob", name: "Bob" }));
        equal([bob.id, bob.version], ["bob", 1]);
        equal(yield* wait(db.getEntity(users, alice.id, { deserialize: true })), alice);
      },
    },
    {
      name: "changes only the fields that are named",
      *run({ db, name }) {
        const users = name("users");
        const first = yield* wait(db.saveEntity(users, { id: "a", name: "Ann", age: 30 }, { userId: "x" }));
        const second = yield* wait(db.saveEntity(users, { id: "a", age: 31, city: "Oslo" }, { userId: "y" }));
        equal(pick(second, "name", "age", "city", "version", "created_by", "updated_by"), {
          name: "Ann",
          age: 31,
          city: "Oslo",
          version: 2,
          created_by: "x",
          updated_by: "y",
        });
        equal(second.created_at, first.created_at);
        equal(yield* wait(db.getEntity(users, "a", { deserialize: true })), second);
        const third = yield* wait(db.saveEntity(users, { id: "a", age: null }));
        equal([third.age, third.name], [null, "Ann"]);
      },
    },
    {
      name: "makes no version of a save that changes nothing, unless it is told to",
      *run({ db, name, open }) {
        const users = name("users");
        const record = { id: "a", tags: ["x", { y: 1 }], at: new Date(0), n: 1 };
        yield* wait(db.saveEntity(users, record));
        equal((yield* wait(db.saveEntity(users, record))).version, 1);
        equal((yield* wait(db.saveEntity(users, { id: "a" }))).version, 1);
        equal((yield* wait(db.saveEntities(users, [record])))[0]?.version, 1);
        equal((yield* wait(open({ unchangedSaves: "version" }).saveEntity(users, record))).version, 2);
        equal((yield* wait(db.getEntityHistory(users, "a"))).length, 2);
      },
    },
    {
      name: "saves in another way than the entity has long been saved in",
      *run({ db, name }) {
        const users = name("users");
        const versionOf = function* (id: string, n: number) {
          return (yield* wait(db.saveEntity(users, { id, n }))).version;
        };
        for (let n = 1; n <= 40; n++) equal(yield* versionOf("a", n), n);
        equal(yield* versionOf("a", 40), 40);
        equal(yield* versionOf("new", 1), 1);
        for (let n = 41; n <= 80; n++) equal(yield* versionOf("a", n), n);
        yield* wait(db.deleteEntity(users, "a"));
        equal(yield* versionOf("a", 81), 82);
        equal((yield* wait(db.getEntityHistory(users, "a"))).length, 82);
        for (let n = 1; n <= 10; n++) equal(yield* versionOf(`new ${n}`, n), 1);
        equal(yield* versionOf("a", 82), 83);
        equal(yield* versionOf("new 1", 2), 2);
      },
    },
    {
      name: "makes one version for each save that changes something, inside a transaction too",
      *run({ db, name, run }) {
        const users = name("users");
        yield* wait(
          db.transaction((tx) =>
            run(function* () {
              for (const n of [1, 2, 2, 3]) yield* wait(tx.saveEntity(users, { id: "a", n }));
            }),
          ),
        );
        const history = yield* wait(db.getEntityHistory(users, "a", { deserialize: true }));
        equal(
          history.map(({ version, n }) => [version, n]),
          [
            [1, 1],
            [2, 2],
            [3, 3],
          ],
        );
      },
    },
    {
      name: "refuses a stale write",
      *run({ db, name }) {
        const users = name("users");
        const first = yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        yield* wait(db.saveEntity(users, { id: "a", n: 2 }, { expectedVersion: 1 }));
        yield* refused("STRATA_VERSION_CONFLICT", () =>
          db.saveEntity(users, { id: "a", n: 3 }, { expectedVersion: 1 }),
        );
        yield* refused("STRATA_VERSION_CONFLICT", () =>
          db.saveEntity(users, { id: "b", n: 3 }, { expectedVersion: 1 }),
        );
        yield* refused("STRATA_VERSION_CONFLICT", () =>
          db.saveEntity(users, { id: "a", n: 3 }, { expectedVersion: 0 }),
        );
        yield* refused("STRATA_VERSION_CONFLICT", () => db.saveEntity(users, { ...first, n: 3 }));
        yield* refused("STRATA_VERSION_CONFLICT", () => db.deleteEntity(users, "a", { expectedVersion: 1 }));
        yield* refused("STRATA_VERSION_CONFLICT", () =>
          db.revertEntity(users, "a", 1, { expectedVersion: 1 }),
        );
        equal((yield* wait(db.getEntity(users, "a", { deserialize: true })))?.n, 2);
      },
    },
    {
      name: "saves a record again as it was read, and keeps its system fields from being set",
      *run({ db, name }) {
        const users = name("users");
        const first = yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        const second = yield* wait(db.saveEntity(users, { ...first, n: 2 }));
        equal([second.version, second.n], [2, 2]);
        yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, { ...second, created_by: "mallory" }));
        yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, { n: 1, version: 7 }));
        yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, { id: "a", created_at: new Date() }));
      },
    },
    {
      name: "saves many: new ones, known ones, and one of them twice",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1, keep: "me" }));
        const saved = yield* wait(
          db.saveEntities(users, [
            { id: "a", n: 2 },
            { id: "b", n: 1 },
            { n: 5, extra: true },
          ]),
        );
        equal(
          saved.map(({ version, n }) => [version, n]),
          [
            [2, 2],
            [1, 1],
            [1, 5],
          ],
        );
        equal(saved[0]?.keep, "me");
        const twice = yield* wait(
          db.saveEntities(users, [
            { id: "c", n: 1 },
            { id: "c", n: 2 },
          ]),
        );
        equal(
          twice.map(({ version }) => version),
          [1, 2],
        );
        equal(yield* wait(db.saveEntities(users, [])), []);
        for (const record of saved)
          equal(yield* wait(db.getEntity(users, record.id, { deserialize: true })), record);
      },
    },
    {
      name: "saves many or none",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        yield* refused("STRATA_VERSION_CONFLICT", () =>
          db.saveEntities(
            users,
            [
              { id: "b", n: 1 },
              { id: "c", n: 2 },
            ],
            { expectedVersion: 3 },
          ),
        );
        yield* refused("STRATA_VALIDATION", () =>
          db.saveEntities(users, [
            { id: "b", n: 1 },
            { id: "c", n: Number.NaN },
          ]),
        );
        equal(yield* wait(db.countEntities(users)), 1);
      },
    },
    {
      name: "keeps a version of every record of a large bulk save",
      *run({ db, name }) {
        const rows = name("rows");
        const records = Array.from({ length: 1234 }, (_, n) => ({ id: `r${n}`, n, text: `row ${n}` }));
        yield* wait(db.saveEntities(rows, records, { userId: "bulk", comment: "import" }));
        yield* wait(
          db.saveEntities(
            rows,
            records.map(({ id, n }) => ({ id, n: n + 1 })),
            { userId: "bulk" },
          ),
        );
        equal(yield* wait(db.countEntities(rows)), 1234);
        for (const n of [0, 499, 500, 1233]) {
          const history = yield* wait(db.getEntityHistory(rows, `r${n}`, { deserialize: true }));
          equal(
            history.map((version) =>
              pick(version, "version", "n", "text", "history_user_id", "history_comment"),
            ),
            [
              { version: 1, n, text: `row ${n}`, history_user_id: "bulk", history_comment: "import" },
              { version: 2, n: n + 1, text: `row ${n}`, history_user_id: "bulk", history_comment: null },
            ],
          );
        }
      },
    },
    {
      name: "finds with conditions, orders and pages",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(
          db.saveEntities(users, [
            { id: "1", name: "Ann", age: 30 },
            { id: "2", name: "Bob", age: 25 },
            { id: "3", name: "Cid", age: 30 },
            { id: "4", name: "Dan", age: 41 },
          ]),
        );
        const ids = function* (options: object) {
          return (yield* wait(db.findEntities(users, { ...options, deserialize: true }))).map(({ id }) => id);
        };
        equal(yield* ids({ orderBy: "[age] DESC, name" }), ["4", "1", "3", "2"]);
        equal(yield* ids({ orderBy: [{ field: "age", direction: "asc" }, "id"], limit: 2 }), ["2", "1"]);
        equal(yield* ids({ orderBy: "id", offset: 3 }), ["4"]);
        equal(yield* ids({ orderBy: "id", offset: 1, limit: 2 }), ["2", "3"]);
        equal(yield* ids({ limit: 0 }), []);
        equal(yield* ids({ where: "[age] = ? OR [name] = ?", params: [30, "Dan"], orderBy: "id" }), [
          "1",
          "3",
          "4",
        ]);
        equal(yield* ids({ where: "[name] = :who", params: { who: "Bob" } }), ["2"]);
        equal(yield* ids({ where: "[age] > 26 -- a comment at the end", orderBy: "id" }), ["1", "3", "4"]);
        equal(yield* wait(db.countEntities(users, { where: "[age] = ?", params: [30] })), 2);
      },
    },
    {
      name: "keeps a caller's condition inside its parentheses",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(
          db.saveEntities(users, [
            { id: "1", n: 1 },
            { id: "2", n: 2 },
          ]),
        );
        yield* wait(db.deleteEntity(users, "2"));
        const all = yield* wait(db.findEntities(users, { where: "[n] = 1 OR 1 = 1", deserialize: true }));
        equal(
          all.map(({ id }) => id),
          ["1"],
        );
        for (const where of ["1 = 1) OR (1 = 1", "1 = 1; SELECT 1", "[n] = '", "1 = 1 /*", ""]) {
          yield* refused("STRATA_VALIDATION", () => db.findEntities(users, { where }));
        }
      },
    },
    {
      name: "refuses bad names, ids, records and options, and changes nothing",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        const before = yield* wait(db.describeEntity(users));
        const badNames = [
          "",
          "1a",
          "a b",
          'a"b',
          "a]b",
          "a`b",
          "a;b",
          "a\u0000b",
          "__proto__",
          "constructor",
          "a_history",
          "a_meta",
          "x".repeat(64),
          "é",
        ];
        for (const bad of badNames) {
          yield* refused("STRATA_VALIDATION", () => db.saveEntity(bad, { n: 1 }));
          yield* refused("STRATA_VALIDATION", () => db.getEntity(bad, "a"));
          if (bad.endsWith("_history") || bad.endsWith("_meta")) continue;
          const record = Object.fromEntries([[bad, 1]]);
          yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, record));
        }
        for (const id of ["", "a\u0000", "\ud800", "x".repeat(256)]) {
          yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, { id, n: 1 }));
          yield* refused("STRATA_VALIDATION", () => db.getEntity(users, id));
        }
        yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, JSON.parse('{"id": 7}')));
        for (const record of ["null", "[]", "7", '"text"', "true"]) {
          yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, JSON.parse(record)));
        }
        yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, { n: 1, N: 2 }));
        for (const limit of [-1, 1.5, Number.NaN]) {
          yield* refused("STRATA_VALIDATION", () => db.findEntities(users, { limit }));
          yield* refused("STRATA_VALIDATION", () => db.findEntities(users, { offset: limit }));
        }
        for (const orderBy of [
          "n; DROP TABLE x",
          "(SELECT 1)",
          "n DESC NULLS LAST",
          "nothing",
          "n,",
          "random()",
        ]) {
          yield* refused("STRATA_VALIDATION", () => db.findEntities(users, { orderBy }));
        }
        yield* refused("STRATA_VALIDATION", () => db.getEntityByVersion(users, "a", 0));
        yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, { n: 1 }, { timeout: -1 }));
        yield* refused("STRATA_VALIDATION", () => db.saveEntity(users, { n: 1 }, { expectedVersion: -1 }));
        equal(yield* wait(db.countEntities(users)), 1);
        equal(yield* wait(db.describeEntity(users)), before);
      },
    },
  ],
};
