import { wait } from "../../operation/index.ts";
import type { ConformanceGroup } from "./case.ts";
import { equal, pick, refused } from "./expect.ts";
import { kept } from "./value.cases.ts";

export const bulkCases: ConformanceGroup = {
  name: "bulk saves",
  cases: [
    {
      name: "keep values of every kind, of new records and of changed ones",
      *run({ db, name }) {
        for (const [kind, values] of byKind()) {
          const things = name(`things_${kind}`);
          const records = values.map((value, n) => ({ id: `t${n}`, n, value }));
          const created = yield* wait(db.saveEntities(things, [...records, { id: "none", value: null }]));
          equal(
            created.map(({ value }) => value),
            [...values, null],
          );
          equal(yield* wait(db.getEntity(things, created[0]?.id ?? "", { deserialize: true })), created[0]);
          const turned = values.toReversed().map((value, n) => ({ id: `t${n}`, n: -1, value }));
          const changed = yield* wait(db.saveEntities(things, [...turned, { id: "none", value: values[0] }]));
          equal(
            changed.map(({ value, version }) => [value, version]),
            [...values.toReversed(), values[0]].map((value) => [value, 2]),
          );
          const found = yield* wait(db.findEntities(things, { deserialize: true }));
          const byId = new Map(found.map((record) => [record.id, record]));
          for (const record of changed) equal(byId.get(record.id), record);
          const history = yield* wait(db.getEntityHistory(things, "t0", { deserialize: true }));
          equal(
            history.map(({ value }) => value),
            [values[0], values.at(-1)],
          );
        }
      },
    },
    {
      name: "do with each record what a single save would do, and answer in the order given",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(
          db.saveEntities(users, [
            { id: "changed", n: 1, keep: "me" },
            { id: "same", n: 1, keep: "me" },
            { id: "hidden", n: 1, keep: "me" },
            { id: "gone", n: 1, keep: "me" },
          ]),
        );
        yield* wait(db.deleteEntity(users, "hidden"));
        yield* wait(db.deleteEntity(users, "gone", { permanent: true }));
        const saved = yield* wait(
          db.saveEntities(
            users,
            [
              { id: "hidden", n: 2 },
              { n: 5, extra: "x" },
              { id: "same", n: 1 },
              { id: "new", n: 2 },
              { id: "gone", n: 2 },
              { id: "changed", n: 2 },
            ],
            { userId: "ann", comment: "all at once" },
          ),
        );
        const [, fresh] = saved;
        equal(
          saved.map(({ id, version, n, keep }) => [id, version, n, keep]),
          [
            ["hidden", 3, 2, "me"],
            [fresh?.id, 1, 5, null],
            ["same", 1, 1, "me"],
            ["new", 1, 2, null],
            ["gone", 3, 2, null],
            ["changed", 2, 2, "me"],
          ],
        );
        const operations = ["restore", "insert", "insert", "insert", "insert", "update"];
        for (const [i, record] of saved.entries()) {
          equal(yield* wait(db.getEntity(users, record.id, { deserialize: true })), record);
          const version = yield* wait(
            db.getEntityByVersion(users, record.id, record.version, { deserialize: true }),
          );
          equal(pick(version, ...Object.keys(record)), { ...record });
          equal(version?.history_operation, operations[i]);
          equal(
            pick(version, "history_user_id", "history_comment"),
            record.id === "same"
              ? { history_user_id: null, history_comment: null }
              : { history_user_id: "ann", history_comment: "all at once" },
          );
        }
      },
    },
    {
      name: "are refused whole when one record is not at the version that was expected",
      *run({ db, name }) {
        const users = name("users");
        const ids = ["a", "b", "c"];
        yield* wait(
          db.saveEntities(
            users,
            ids.map((id) => ({ id, n: 1 })),
          ),
        );
        const change = (n: number) => ids.map((id) => ({ id, n }));
        yield* wait(db.saveEntities(users, change(2), { expectedVersion: 1 }));
        yield* wait(db.saveEntity(users, { id: "b", n: 3 }));
        yield* refused("STRATA_VERSION_CONFLICT", () =>
          db.saveEntities(users, change(4), { expectedVersion: 2 }),
        );
        const found = yield* wait(db.findEntities(users, { orderBy: "id", deserialize: true }));
        equal(
          found.map(({ n, version }) => [n, version]),
          [
            [2, 2],
            [3, 3],
            [2, 2],
          ],
        );
      },
    },
    {
      name: "keep only differences where they are told to",
      *run({ db, name, open }) {
        const users = name("users");
        const delta = open({ history: "delta" });
        const ids = Array.from({ length: 600 }, (_, n) => `u${n}`);
        const long = "x".repeat(50);
        yield* wait(
          delta.saveEntities(
            users,
            ids.map((id, n) => ({ id, n, text: long })),
          ),
        );
        yield* wait(
          delta.saveEntities(
            users,
            ids.map((id, n) => ({ id, n: n + 1 })),
          ),
        );
        for (const id of ["u0", "u599"]) {
          const history = yield* wait(db.getEntityHistory(users, id, { deserialize: true }));
          const first = Number(id.slice(1));
          equal(
            history.map(({ n, text, version }) => [n, text, version]),
            [
              [first, long, 1],
              [first + 1, long, 2],
            ],
          );
        }
        const [stored] = yield* wait(db.execute(`SELECT COUNT([text]), COUNT(*) FROM [${users}_history]`));
        equal(stored?.map(Number), [600, 1200]);
      },
    },
    {
      name: "take part in a transaction, and roll back with it",
      *run({ db, name, run }) {
        const users = name("users");
        yield* wait(db.saveEntities(users, [{ id: "a", n: 1 }]));
        const failure = new Error("no");
        const work = () =>
          db.transaction((tx) =>
            run(function* () {
              yield* wait(
                tx.saveEntities(users, [
                  { id: "a", n: 2 },
                  { id: "b", n: 2 },
                ]),
              );
              yield* wait(tx.saveEntities(users, [{ id: "a", n: 3 }]));
              throw failure;
            }),
          );
        let thrown: unknown;
        try {
          yield* wait(work());
        } catch (error) {
          thrown = error;
        }
        equal(thrown, failure);
        equal((yield* wait(db.getEntityHistory(users, "a"))).length, 1);
        equal(yield* wait(db.countEntities(users)), 1);
      },
    },
    {
      name: "and searches by more values than a statement can bind: the search is refused before it is sent",
      *run({ db, name, capabilities }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a" }));
        const ids = Array.from({ length: capabilities.maxParameters + 1 }, (_, n) => `u${n}`);
        const error = yield* refused("STRATA_SQL_PARAMETER", () =>
          db.findEntities(users, { where: "[id] IN (?)", params: [ids] }),
        );
        equal(error.outcome, "not_sent");
        equal(error.message.includes(String(capabilities.maxParameters)), true);
        equal(yield* wait(db.countEntities(users)), 1);
      },
    },
  ],
};

/** The values of each JavaScript type and class, which a field can hold without becoming wider. */
function byKind(): Map<string, unknown[]> {
  const kinds = new Map<string, unknown[]>();
  for (const [, value] of kept) {
    const type = typeof value === "object" ? String(value?.constructor.name) : typeof value;
    const kind = Array.isArray(value) || type === "Object" ? "json" : type.toLowerCase();
    kinds.set(kind, [...(kinds.get(kind) ?? []), value]);
  }
  return kinds;
}
