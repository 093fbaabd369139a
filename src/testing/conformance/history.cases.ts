import { wait } from "../../operation/index.ts";
import type { ConformanceGroup } from "./case.ts";
import { equal, pick, refused } from "./expect.ts";

function* pause() {
  yield* wait(undefined);
  const until = Date.now() + 2;
  while (Date.now() < until);
}

export const historyCases: ConformanceGroup = {
  name: "history",
  cases: [
    {
      name: "keeps who, when and why of every version, ascending",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1 }, { userId: "ann", comment: "first" }));
        yield* wait(db.saveEntity(users, { id: "a", n: 2 }, { userId: "bob" }));
        yield* wait(db.deleteEntity(users, "a", { userId: "cid", comment: "gone" }));
        yield* wait(db.restoreEntity(users, "a", { userId: "dan" }));
        const history = yield* wait(db.getEntityHistory(users, "a", { deserialize: true }));
        equal(
          history.map((version) =>
            pick(version, "version", "n", "history_user_id", "history_comment", "history_operation"),
          ),
          [
            {
              version: 1,
              n: 1,
              history_user_id: "ann",
              history_comment: "first",
              history_operation: "insert",
            },
            { version: 2, n: 2, history_user_id: "bob", history_comment: null, history_operation: "update" },
            {
              version: 3,
              n: 2,
              history_user_id: "cid",
              history_comment: "gone",
              history_operation: "delete",
            },
            { version: 4, n: 2, history_user_id: "dan", history_comment: null, history_operation: "restore" },
          ],
        );
        equal(
          history.every((version) => version.history_timestamp instanceof Date),
          true,
        );
        equal(
          history.map(({ deleted_at }) => deleted_at === null),
          [true, true, false, true],
        );
      },
    },
    {
      name: "answers one version, and null for one that is not there",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        yield* wait(db.saveEntity(users, { id: "a", n: 2, later: true }));
        const first = yield* wait(db.getEntityByVersion(users, "a", 1, { deserialize: true }));
        equal(pick(first, "n", "later", "version"), { n: 1, later: null, version: 1 });
        equal((yield* wait(db.getEntityByVersion(users, "a", 1, { deserialize: false })))?.n, "1");
        equal(yield* wait(db.getEntityByVersion(users, "a", 3)), null);
      },
    },
    {
      name: "compares versions",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1, same: [1], gone: "x" }));
        yield* wait(db.saveEntity(users, { id: "a", n: 2, gone: null, fresh: { a: 1 } }));
        const differences = yield* wait(db.diffEntityVersions(users, "a", 1, 2));
        equal(differences.map(({ field, before, after }) => [field, before, after]).sort(), [
          ["fresh", null, { a: 1 }],
          ["gone", "x", null],
          ["n", 1, 2],
        ]);
        equal(yield* wait(db.diffEntityVersions(users, "a", 2, 2)), []);
        yield* refused("STRATA_NOT_FOUND", () => db.diffEntityVersions(users, "a", 1, 9));
      },
    },
    {
      name: "reverts to a version as a new version, also what was deleted",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        yield* wait(db.saveEntity(users, { id: "a", n: 2, later: true }));
        const reverted = yield* wait(db.revertEntity(users, "a", 1, { userId: "ann" }));
        equal(pick(reverted, "n", "later", "version", "updated_by"), {
          n: 1,
          later: null,
          version: 3,
          updated_by: "ann",
        });
        yield* wait(db.deleteEntity(users, "a"));
        equal((yield* wait(db.revertEntity(users, "a", 2))).version, 5);
        equal((yield* wait(db.getEntity(users, "a", { deserialize: true })))?.later, true);
        yield* wait(db.deleteEntity(users, "a", { permanent: true }));
        equal(pick(yield* wait(db.revertEntity(users, "a", 1)), "n", "version"), { n: 1, version: 7 });
        yield* refused("STRATA_NOT_FOUND", () => db.revertEntity(users, "a", 99));
        yield* refused("STRATA_NOT_FOUND", () => db.revertEntity(users, "b", 1));
      },
    },
    {
      name: "hides what is deleted, and brings it back",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntities(users, [{ id: "a" }, { id: "b" }]));
        equal(yield* wait(db.deleteEntity(users, "a")), true);
        equal(yield* wait(db.deleteEntity(users, "a")), false);
        equal(yield* wait(db.getEntity(users, "a")), null);
        equal((yield* wait(db.getEntity(users, "a", { includeDeleted: true })))?.id, "a");
        equal(yield* wait(db.countEntities(users)), 1);
        equal(yield* wait(db.countEntities(users, { includeDeleted: true })), 2);
        equal(yield* wait(db.restoreEntity(users, "a")), true);
        equal(yield* wait(db.restoreEntity(users, "a")), false);
        equal((yield* wait(db.getEntity(users, "a", { deserialize: true })))?.version, 3);
      },
    },
    {
      name: "restores a deleted record that is saved again",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1, keep: "me" }));
        yield* wait(db.deleteEntity(users, "a"));
        const saved = yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        equal(pick(saved, "n", "keep", "version", "deleted_at"), {
          n: 1,
          keep: "me",
          version: 3,
          deleted_at: null,
        });
      },
    },
    {
      name: "removes for good, says so in the history, and counts on when the id comes again",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1, other: "x" }));
        equal(yield* wait(db.deleteEntity(users, "a", { permanent: true, userId: "ann" })), true);
        equal(yield* wait(db.getEntity(users, "a", { includeDeleted: true })), null);
        const history = yield* wait(db.getEntityHistory(users, "a", { deserialize: true }));
        equal(
          history.map((v) => [v.version, v.history_operation, v.history_user_id]),
          [
            [1, "insert", null],
            [2, "purge", "ann"],
          ],
        );
        const again = yield* wait(db.saveEntity(users, { id: "a", n: 5 }));
        equal(pick(again, "version", "n", "other"), { version: 3, n: 5, other: null });
        const bulk = yield* wait(db.deleteEntity(users, "a", { permanent: true }));
        equal(bulk, true);
        equal((yield* wait(db.saveEntities(users, [{ id: "a", n: 6 }])))[0]?.version, 5);
        yield* wait(db.deleteEntity(users, "a", { permanent: true, purgeHistory: true }));
        equal(yield* wait(db.getEntityHistory(users, "a")), []);
        yield* refused("STRATA_VALIDATION", () => db.deleteEntity(users, "a", { purgeHistory: true }));
      },
    },
    {
      name: "answers a record, and a search, as of a moment",
      *run({ db, name }) {
        const users = name("users");
        const before = new Date(Date.now() - 60_000);
        yield* wait(
          db.saveEntities(users, [
            { id: "a", n: 1 },
            { id: "b", n: 1 },
          ]),
        );
        yield* pause();
        const middle = new Date();
        yield* pause();
        yield* wait(db.saveEntity(users, { id: "a", n: 2 }));
        yield* wait(db.deleteEntity(users, "b"));
        yield* wait(db.saveEntity(users, { id: "c", n: 1 }));
        const asOf = function* (at: Date) {
          const found = yield* wait(
            db.findEntitiesAsOf(users, at, {
              where: "[n] = ?",
              params: [1],
              orderBy: "id",
              deserialize: true,
            }),
          );
          return found.map(({ id }) => id);
        };
        equal(yield* asOf(before), []);
        equal(yield* asOf(middle), ["a", "b"]);
        equal(yield* asOf(new Date(Date.now() + 1000)), ["c"]);
        equal((yield* wait(db.getEntityAsOf(users, "a", middle, { deserialize: true })))?.n, 1);
        equal(yield* wait(db.getEntityAsOf(users, "a", before)), null);
        equal((yield* wait(db.getEntityAsOf(users, "b", middle, { deserialize: true })))?.version, 1);
        equal(yield* wait(db.getEntityAsOf(users, "b", new Date(Date.now() + 1000))), null);
      },
    },
    {
      name: "keeps only differences where it is told to, and reads them as whole versions",
      *run({ db, name, open }) {
        const users = name("users");
        const delta = open({ history: "delta" });
        yield* wait(delta.saveEntity(users, { id: "a", text: "x".repeat(1000), n: 1 }));
        for (let n = 2; n <= 6; n++) yield* wait(delta.saveEntity(users, { id: "a", n }));
        yield* wait(delta.saveEntity(users, { id: "a", late: true }));
        yield* wait(delta.deleteEntity(users, "a"));
        yield* wait(delta.restoreEntity(users, "a"));
        const expected = [1, 2, 3, 4, 5, 6, 6, 6, 6].map((n, i) => [
          "x".repeat(1000),
          n,
          i < 6 ? null : true,
        ]);
        const read = function* (handle: typeof db) {
          const history = yield* wait(handle.getEntityHistory(users, "a", { deserialize: true }));
          return history.map(({ text, n, late }) => [text, n, late]);
        };
        equal(yield* read(delta), expected);
        equal(yield* read(db), expected);
        equal(
          (yield* wait(delta.getEntityByVersion(users, "a", 5, { deserialize: true })))?.text,
          "x".repeat(1000),
        );
        const [stored] = yield* wait(db.execute(`SELECT COUNT([text]) FROM [${users}_history]`));
        equal(Number(stored?.[0]), 1);
        equal(yield* wait(delta.pruneHistory(users, { keepVersions: 3 })), 6);
        equal(yield* read(delta), expected.slice(6));
        const [found] = yield* wait(
          delta.findEntitiesAsOf(users, new Date(Date.now() + 1000), { deserialize: true }),
        );
        equal([found?.text, found?.n], ["x".repeat(1000), 6]);
      },
    },
    {
      name: "removes old versions in batches, and never the newest",
      *run({ db, name }) {
        const users = name("users");
        for (let n = 1; n <= 10; n++)
          yield* wait(
            db.saveEntities(users, [
              { id: "a", n },
              { id: "b", n },
            ]),
          );
        equal(yield* wait(db.pruneHistory(users, { keepVersions: 4, batchSize: 5 })), 12);
        const versions = function* (id: string) {
          return (yield* wait(db.getEntityHistory(users, id, { deserialize: true }))).map(
            ({ version }) => version,
          );
        };
        equal(yield* versions("a"), [7, 8, 9, 10]);
        equal(yield* wait(db.pruneHistory(users, { olderThan: new Date(Date.now() - 60_000) })), 0);
        equal(yield* wait(db.pruneHistory(users, { olderThan: new Date(Date.now() + 60_000) })), 6);
        equal(yield* versions("b"), [10]);
        equal((yield* wait(db.saveEntity(users, { id: "a", n: 11 }))).version, 11);
        yield* refused("STRATA_VALIDATION", () => db.pruneHistory(users, {}));
        yield* refused("STRATA_VALIDATION", () => db.pruneHistory(users, { keepVersions: 0 }));
      },
    },
  ],
};
