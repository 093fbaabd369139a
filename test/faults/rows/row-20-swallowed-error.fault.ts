import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Database, DatabaseManager, type SyncDatabase } from "../../../src/index.ts";
import { errorNote } from "../harness/error-note.ts";
import { measure } from "../harness/measure.ts";
import { type FaultDatabase, missing, sharedDatabase, sqliteDatabase } from "../harness/targets.ts";

/** A promise that is kept when `parties` have come. */
function barrier(parties: number): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let come = 0;
  return () => {
    come += 1;
    if (come === parties) resolve();
    return promise;
  };
}

describe.each(["sqlite", "postgres", "mysql"] as const)("row 20: an error is swallowed, on %s", (backend) => {
  const reason = backend === "sqlite" ? undefined : missing(backend);
  let database: FaultDatabase;
  let db: Database;

  beforeAll(async () => {
    if (reason !== undefined) return;
    database = backend === "sqlite" ? sqliteDatabase() : await sharedDatabase(backend);
    db =
      backend === "sqlite"
        ? DatabaseManager.connect("sqlite", { database: database.url })
        : DatabaseManager.connect(database.url, { alias: "strata faults" });
    await db.execute("CREATE TABLE [marks] ([mark] VARCHAR(60) PRIMARY KEY, [n] INTEGER)");
    await db.executemany("INSERT INTO [marks] VALUES (?, ?)", [
      ["a", 0],
      ["b", 0],
    ]);
  });
  afterAll(async () => {
    if (reason !== undefined) return;
    await db.close();
    await database.drop();
  });

  const insert = "INSERT INTO [marks] VALUES (?, ?)";
  const update = "UPDATE [marks] SET [n] = [n] + 1 WHERE [mark] = ?";

  async function stored(pattern: string): Promise<string[]> {
    const rows = await database.query(`SELECT mark FROM marks WHERE mark LIKE '${pattern}' ORDER BY mark`);
    return rows.map(([mark]) => String(mark));
  }

  async function end(call: Promise<unknown>): Promise<string> {
    return await call.then(
      () => "ok",
      (error: unknown) => {
        const { name, outcome } = errorNote(error, []);
        return `${name}/${outcome}`;
      },
    );
  }

  it.skipIf(reason !== undefined)(
    "of a statement: the transaction is never ok, and stores nothing",
    async () => {
      const said = await end(
        db.transaction(async (tx) => {
          await tx.execute(insert, ["before", 1]);
          await tx.execute("SELECT 1 FROM [nowhere]").catch(() => {});
          await tx.execute(insert, ["after", 1]).catch(() => {});
        }),
      );
      measure("20", backend, { "unknown table": said });
      expect(said).toMatch(/^TransactionDoomedError/);
      expect(await stored("before")).toEqual([]);
      expect(await stored("after")).toEqual([]);
    },
  );

  it.skipIf(reason !== undefined)("of a statement in an explicit transaction", async () => {
    const said = await db.connection(async (connection) => {
      await connection.beginTransaction();
      await connection.execute(insert, ["explicit-1", 1]);
      await connection.execute(insert, ["explicit-1", 2]).catch(() => {});
      await connection.execute(insert, ["explicit-2", 1]).catch(() => {});
      return await end(connection.commitTransaction());
    });
    measure("20", backend, { "explicit, duplicate key": said });
    expect(said).toMatch(/^TransactionDoomedError/);
    expect(await stored("explicit%")).toEqual([]);
  });

  it.skipIf(reason !== undefined)("of a statement in a savepoint: the rest goes on", async () => {
    const said = await end(
      db.transaction(async (tx) => {
        await tx.execute(insert, ["outer", 1]);
        await tx
          .transaction(async (inner) => {
            await inner.execute(insert, ["inner", 1]);
            await inner.execute(insert, ["inner", 2]);
          })
          .catch(() => {});
        await tx.execute(insert, ["outer-2", 1]);
      }),
    );
    expect(said).toBe("ok");
    expect(await stored("outer%")).toEqual(["outer", "outer-2"]);
    expect(await stored("inner%")).toEqual([]);
  });

  it.skipIf(reason !== undefined || backend === "sqlite")(
    "of a deadlock: its victim stores nothing",
    async () => {
      const both = barrier(2);
      const run = (mark: string, first: string, second: string) =>
        end(
          db.transaction(async (tx) => {
            await tx.execute(insert, [`${mark}-before`, 1]);
            await tx.execute(update, [first]);
            await both();
            await tx.execute(update, [second]).catch(() => {});
            await tx.execute(insert, [`${mark}-after`, 1]).catch(() => {});
          }),
        );
      const said = await Promise.all([run("dead-1", "a", "b"), run("dead-2", "b", "a")]);
      measure("20", backend, { deadlock: said.join(" ") });
      expect(said.filter((one) => one === "ok").length).toBe(1);
      expect(said.find((one) => one !== "ok")).toMatch(/^TransactionDoomedError/);
      const winner = said[0] === "ok" ? "dead-1" : "dead-2";
      expect(await stored("dead-%")).toEqual([`${winner}-after`, `${winner}-before`]);
    },
  );

  it.skipIf(reason !== undefined || backend === "sqlite")(
    "of a lock that was waited for too long: nothing is stored, not even the first half",
    async () => {
      const limit =
        backend === "postgres" ? "SET LOCAL lock_timeout = '200ms'" : "SET innodb_lock_wait_timeout = 1";
      let said = "";
      await db.transaction(async (holder) => {
        await holder.execute(update, ["a"]);
        said = await db.outsideTransaction(() =>
          end(
            db.transaction(async (tx) => {
              await tx.execute(limit);
              await tx.execute(insert, ["wait-before", 1]);
              await tx.execute(update, ["a"]).catch(() => {});
              await tx.execute(insert, ["wait-after", 1]).catch(() => {});
            }),
          ),
        );
      });
      measure("20", backend, { "lock wait": said });
      expect(said).toMatch(/^TransactionDoomedError/);
      expect(await stored("wait-%")).toEqual([]);
    },
  );

  // The same for callers who block. A deadlock takes two of them, and one blocks the other here.
  describe("by a caller who blocks", () => {
    let sync: SyncDatabase;
    beforeAll(() => {
      if (reason !== undefined) return;
      sync =
        backend === "sqlite"
          ? DatabaseManager.connectSync("sqlite", { database: database.url })
          : DatabaseManager.connectSync(database.url, { alias: "strata faults" });
    });
    afterAll(() => sync?.close());

    function endOf(work: () => unknown): string {
      try {
        work();
        return "ok";
      } catch (error) {
        const { name, outcome } = errorNote(error, []);
        return `${name}/${outcome}`;
      }
    }

    function swallowed(work: () => unknown): void {
      expect(endOf(work)).not.toBe("ok");
    }

    it.skipIf(reason !== undefined)("of a statement: never ok, and nothing stored", async () => {
      const said = endOf(() =>
        sync.transaction((tx) => {
          tx.execute(insert, ["sync-before", 1]);
          swallowed(() => tx.execute("SELECT 1 FROM [nowhere]"));
          swallowed(() => tx.execute(insert, ["sync-after", 1]));
        }),
      );
      measure("20", backend, { "unknown table, sync": said });
      expect(said).toMatch(/^TransactionDoomedError/);
      expect(await stored("sync-%")).toEqual([]);
    });

    it.skipIf(reason !== undefined)("in an explicit transaction", async () => {
      const connection = sync.connection();
      connection.beginTransaction();
      connection.execute(insert, ["sync-explicit", 1]);
      swallowed(() => connection.execute(insert, ["sync-explicit", 2]));
      const said = endOf(() => connection.commitTransaction());
      connection.close();
      expect(said).toMatch(/^TransactionDoomedError/);
      expect(await stored("sync-explicit%")).toEqual([]);
    });

    it.skipIf(reason !== undefined)("in a savepoint: the rest goes on", async () => {
      sync.transaction((tx) => {
        tx.execute(insert, ["sync-outer", 1]);
        swallowed(() =>
          tx.transaction((inner) => {
            inner.execute(insert, ["sync-inner", 1]);
            inner.execute(insert, ["sync-inner", 2]);
          }),
        );
        tx.execute(insert, ["sync-outer-2", 1]);
      });
      expect(await stored("sync-outer%")).toEqual(["sync-outer", "sync-outer-2"]);
      expect(await stored("sync-inner%")).toEqual([]);
    });

    it.skipIf(reason !== undefined || backend === "sqlite")(
      "of a lock that was waited for too long: not even the first half is stored",
      async () => {
        const limit =
          backend === "postgres" ? "SET LOCAL lock_timeout = '200ms'" : "SET innodb_lock_wait_timeout = 1";
        let said = "";
        await db.transaction(async (holder) => {
          await holder.execute(update, ["a"]);
          said = endOf(() =>
            sync.transaction((tx) => {
              tx.execute(limit);
              tx.execute(insert, ["sync-wait-before", 1]);
              swallowed(() => tx.execute(update, ["a"]));
              swallowed(() => tx.execute(insert, ["sync-wait-after", 1]));
            }),
          );
        });
        measure("20", backend, { "lock wait, sync": said });
        expect(said).toMatch(/^TransactionDoomedError/);
        expect(await stored("sync-wait-%")).toEqual([]);
      },
    );
  });
});
