import { wait } from "../../operation/index.ts";
import type { ConformanceGroup } from "./case.ts";
import { equal, refused } from "./expect.ts";

class Refusal extends Error {}

export const transactionCases: ConformanceGroup = {
  name: "transactions",
  cases: [
    {
      name: "commits when the callback ends, and answers what it answered",
      *run({ db, name, run }) {
        const orders = name("orders");
        const id = yield* wait(
          db.transaction((tx) =>
            run(function* () {
              const order = yield* wait(tx.saveEntity(orders, { total: 1 }));
              return order.id;
            }),
          ),
        );
        equal((yield* wait(db.getEntity(orders, id, { deserialize: true })))?.total, 1);
      },
    },
    {
      name: "rolls everything back when the callback throws, tables and history too",
      *run({ db, name, run }) {
        const [orders, payments] = [name("orders"), name("payments")];
        yield* wait(db.saveEntity(orders, { total: 1 }));
        try {
          yield* wait(
            db.transaction((tx) =>
              run(function* () {
                yield* wait(tx.saveEntity(orders, { total: 2 }));
                yield* wait(tx.saveEntity(payments, { amount: 2 }));
                throw new Refusal();
              }),
            ),
          );
        } catch (error) {
          equal(error instanceof Refusal, true);
        }
        equal(yield* wait(db.countEntities(orders)), 1);
        equal(yield* wait(db.countEntities(payments)), 0);
      },
    },
    {
      name: "takes calls on the outer handle into the transaction around them",
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(db.saveEntity(orders, { total: 1 }));
        try {
          yield* wait(
            db.transaction(() =>
              run(function* () {
                yield* wait(db.saveEntity(orders, { total: 2 }));
                equal(yield* wait(db.countEntities(orders)), 2);
                throw new Refusal();
              }),
            ),
          );
        } catch (error) {
          equal(error instanceof Refusal, true);
        }
        equal(yield* wait(db.countEntities(orders)), 1);
      },
    },
    {
      name: "nests: a failure that is caught leaves the outer transaction usable",
      needs: ["savepoints"],
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(
          db.transaction((tx) =>
            run(function* () {
              yield* wait(tx.saveEntity(orders, { id: "outer" }));
              try {
                yield* wait(
                  tx.transaction((inner) =>
                    run(function* () {
                      yield* wait(inner.saveEntity(orders, { id: "inner" }));
                      throw new Refusal();
                    }),
                  ),
                );
              } catch (error) {
                equal(error instanceof Refusal, true);
              }
              yield* wait(
                tx.transaction((inner) =>
                  run(function* () {
                    yield* wait(inner.saveEntity(orders, { id: "second" }));
                  }),
                ),
              );
              yield* wait(tx.saveEntity(orders, { id: "last" }));
            }),
          ),
        );
        const found = yield* wait(db.findEntities(orders, { orderBy: "id", deserialize: true }));
        equal(
          found.map(({ id }) => id),
          ["last", "outer", "second"],
        );
      },
    },
    {
      name: "refuses to nest where a transaction cannot be rolled back in part, and goes on",
      skip: ({ savepoints }) => (savepoints ? "its transactions nest" : undefined),
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(db.saveEntity(orders, { id: "a", n: 1 }));
        yield* wait(
          db.transaction((tx) =>
            run(function* () {
              yield* wait(tx.saveEntity(orders, { id: "a", n: 2 }));
              yield* refused("STRATA_UNSUPPORTED", () => tx.transaction(() => undefined));
              yield* wait(tx.saveEntity(orders, { id: "b", n: 3 }));
            }),
          ),
        );
        equal(yield* wait(db.countEntities(orders)), 2);
        yield* refused("STRATA_TRANSACTION_DOOMED", () =>
          db.transaction((tx) =>
            run(function* () {
              const stale = [
                { id: "c", n: 4 },
                { id: "a", n: 4 },
              ];
              const save = () => tx.saveEntities(orders, stale, { expectedVersion: 0 });
              yield* refused("STRATA_VERSION_CONFLICT", save);
            }),
          ),
        );
        equal(yield* wait(db.countEntities(orders)), 2);
      },
    },
    {
      name: "rolls a new field back with the nested transaction that brought it",
      needs: ["savepoints", "transactionalDdl"],
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(
          db.transaction((tx) =>
            run(function* () {
              yield* wait(tx.saveEntity(orders, { id: "outer", n: 1 }));
              try {
                yield* wait(
                  tx.transaction((inner) =>
                    run(function* () {
                      yield* wait(inner.saveEntity(orders, { id: "inner", n: "one", fresh: true }));
                      throw new Refusal();
                    }),
                  ),
                );
              } catch (error) {
                equal(error instanceof Refusal, true);
              }
              yield* wait(tx.saveEntity(orders, { id: "outer", n: 2, fresh: "yes" }));
            }),
          ),
        );
        equal((yield* wait(db.describeEntity(orders)))?.fields, { fresh: "text", n: "integer" });
        equal((yield* wait(db.getEntity(orders, "outer", { deserialize: true })))?.fresh, "yes");
      },
    },
    {
      name: "never commits by a change of the schema: it is made beforehand, refused, or allowed",
      skip: ({ transactionalDdl }) => (transactionalDdl ? "its DDL is part of transactions" : undefined),
      *run({ db, name, run, open }) {
        const [orders, payments] = [name("orders"), name("payments")];
        yield* wait(db.saveEntity(orders, { id: "a", n: 1 }));
        const save = (handle: typeof db, twice: boolean) =>
          handle.transaction((tx) =>
            run(function* () {
              yield* wait(tx.saveEntity(orders, { id: "b", n: 1 }));
              yield* wait(tx.saveEntity(payments, { id: "b", n: 1 }));
              if (twice) yield* wait(tx.saveEntity(orders, { id: "c", fresh: true }));
              throw new Refusal();
            }),
          );
        const attempt = function* (handle: typeof db, twice: boolean) {
          try {
            yield* wait(save(handle, twice));
          } catch (error) {
            return error instanceof Refusal ? "rolled back" : Object.getPrototypeOf(error).constructor.name;
          }
        };
        equal(yield* attempt(db, false), "rolled back");
        equal([yield* wait(db.countEntities(orders)), yield* wait(db.countEntities(payments))], [1, 0]);
        equal(yield* attempt(db, true), "SchemaConflictError");
        equal(yield* wait(db.countEntities(orders)), 1);
        equal(yield* attempt(open({ allowImplicitCommit: true }), true), "rolled back");
        const kept = yield* wait(db.findEntities(orders, { orderBy: "id", deserialize: true }));
        equal(
          kept.map(({ id }) => id),
          ["a", "b"],
        );
      },
    },
    {
      name: "cannot commit after a failed statement, whatever the callback swallows",
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(db.saveEntity(orders, { total: 1 }));
        yield* refused("STRATA_TRANSACTION_DOOMED", () =>
          db.transaction((tx) =>
            run(function* () {
              yield* wait(tx.saveEntity(orders, { total: 2 }));
              yield* refused("STRATA_SQL_SYNTAX", () => tx.execute("SELECT * FROM [no_such_table]"));
              yield* refused("STRATA_TRANSACTION_DOOMED", () => tx.execute("SELECT 1"));
            }),
          ),
        );
        equal(yield* wait(db.countEntities(orders)), 1);
      },
    },
    {
      name: "goes on after a failed statement in a nested transaction",
      needs: ["savepoints"],
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(
          db.transaction((tx) =>
            run(function* () {
              yield* wait(tx.saveEntity(orders, { total: 2 }));
              yield* refused("STRATA_SQL_SYNTAX", () =>
                tx.transaction((inner) => inner.execute("SELECT * FROM [no_such_table]")),
              );
              yield* wait(tx.saveEntity(orders, { total: 3 }));
            }),
          ),
        );
        equal(yield* wait(db.countEntities(orders)), 2);
      },
    },
    {
      name: "does not go on after a refused value: nothing was sent, so nothing is lost",
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(
          db.transaction((tx) =>
            run(function* () {
              yield* wait(tx.saveEntity(orders, { total: 2 }));
              yield* refused("STRATA_VALIDATION", () => tx.saveEntity(orders, { total: Number.NaN }));
              yield* wait(tx.saveEntity(orders, { total: 3 }));
            }),
          ),
        );
        equal(yield* wait(db.countEntities(orders)), 2);
      },
    },
    {
      name: "refuses its handle after its end",
      *run({ db }) {
        let kept: typeof db | undefined;
        yield* wait(
          db.transaction((tx) => {
            kept = tx;
          }),
        );
        yield* refused("STRATA_CLOSED", () => kept?.execute("SELECT 1"));
      },
    },
    {
      name: "refuses writes in a read-only transaction",
      *run({ db, name, run }) {
        const orders = name("orders");
        yield* wait(db.saveEntity(orders, { total: 1 }));
        yield* refused("STRATA_READ_ONLY", () =>
          db.transaction((tx) => tx.saveEntity(orders, { total: 2 }), { readOnly: true }),
        );
        const count = yield* wait(
          db.transaction((tx) => run(() => wait(tx.countEntities(orders))), { readOnly: true }),
        );
        equal(count, 1);
        yield* wait(db.saveEntity(orders, { total: 2 }));
      },
    },
    {
      name: "refuses an isolation level that the backend does not have",
      skip: ({ isolationLevels }) => (isolationLevels.length === 4 ? "it has all four" : undefined),
      *run({ db, capabilities }) {
        const levels = ["read uncommitted", "read committed", "repeatable read", "serializable"] as const;
        const isolation = levels.find((level) => !capabilities.isolationLevels.includes(level));
        if (isolation === undefined) return;
        yield* refused("STRATA_UNSUPPORTED", () => db.transaction(() => undefined, { isolation }));
      },
    },
    {
      name: "takes the isolation levels that the backend has",
      *run({ db, capabilities }) {
        for (const isolation of capabilities.isolationLevels) {
          const rows = yield* wait(db.transaction((tx) => tx.execute("SELECT 1"), { isolation }));
          equal(Number(rows[0]?.[0]), 1);
        }
      },
    },
  ],
};
