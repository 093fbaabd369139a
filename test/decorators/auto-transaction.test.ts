import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from "vitest";
import { autoTransaction, timeLimit, withTimeout } from "../../src/decorators/index.ts";
import {
  type Database,
  DatabaseManager,
  QueryTimeoutError,
  type SyncDatabase,
  TransactionStateError,
  WouldBlockError,
} from "../../src/index.ts";

let db: Database;
let sync: SyncDatabase;

beforeEach(() => {
  db = DatabaseManager.connect("sqlite", { database: ":memory:" });
  sync = DatabaseManager.connectSync("sqlite", { database: ":memory:" });
});
afterEach(async () => {
  sync.close();
  await db.close();
});

describe("on the asynchronous face", () => {
  /** Stores two records, and fails between them when told to. */
  const storing = () =>
    autoTransaction(db)(async (id: string, fail = false): Promise<string> => {
      await db.saveEntity("orders", { id: `${id}1` });
      if (fail) throw new Error("declined");
      await db.saveEntity("orders", { id: `${id}2` });
      return id;
    });

  it("commits what answers, and keeps the function's type", async () => {
    const store = storing();
    expectTypeOf(store).toEqualTypeOf<(id: string, fail?: boolean) => Promise<string>>();
    expect(await store("a")).toBe("a");
    expect(await db.countEntities("orders")).toBe(2);
  });

  it("rolls back what throws", async () => {
    await expect(storing()("a", true)).rejects.toThrow("declined");
    expect(await db.countEntities("orders")).toBe(0);
  });

  it("takes part in the transaction that is open", async () => {
    const store = storing();
    const outer = db.transaction(async () => {
      await store("a");
      throw new Error("outer");
    });
    await expect(outer).rejects.toThrow("outer");
    expect(await db.countEntities("orders")).toBe(0);

    await db.transaction(async () => {
      await store("a");
      await expect(store("b", true)).rejects.toThrow("declined");
    });
    expect((await db.findEntities("orders")).map(({ id }) => id)).toEqual(["a1", "a2"]);
  });

  it("takes part in one that was begun by hand on its connection", async () => {
    await db.connection(async (connection) => {
      const store = autoTransaction(connection, { retries: 2 })(async () => {
        await connection.saveEntity("orders", { id: "a" });
      });
      await connection.beginTransaction();
      await store();
      await connection.rollbackTransaction();
      await store();
      expect(await connection.countEntities("orders")).toBe(1);
    });
  });

  it("hands its options on", async () => {
    const attempt = autoTransaction(db, { isolation: "serializable", retries: 2 })(async () => {
      await db.saveEntity("orders", { id: "a" });
    });
    await attempt();
    const inside = autoTransaction(db, { isolation: "serializable" })(async () => {});
    await expect(db.transaction(() => inside())).rejects.toThrow(TransactionStateError);
  });

  it("takes functions that answer promises only", () => {
    // @ts-expect-error the wrapped function would answer a promise where this type says a number
    const wrapped: () => number = autoTransaction(db)(() => 1);
    expect(typeof wrapped).toBe("function");
  });
});

describe("on the synchronous face", () => {
  const storing = () =>
    autoTransaction(sync)((id: string, fail = false): string => {
      sync.saveEntity("orders", { id });
      if (fail) throw new Error("declined");
      return id;
    });

  it("commits, rolls back and takes part, without a promise", () => {
    const store = storing();
    expectTypeOf(store).toEqualTypeOf<(id: string, fail?: boolean) => string>();
    expect(store("a")).toBe("a");
    expect(() => store("b", true)).toThrow("declined");
    const outer = () =>
      sync.transaction(() => {
        store("c");
        throw new Error("outer");
      });
    expect(outer).toThrow("outer");
    expect(sync.findEntities("orders").map(({ id }) => id)).toEqual(["a"]);
  });

  it("refuses a function that answers a promise, and rolls back", async () => {
    const store = autoTransaction(sync)(() => Promise.resolve(sync.saveEntity("orders", { id: "a" })));
    await expect(store()).rejects.toThrow(WouldBlockError);
    expect(sync.countEntities("orders")).toBe(0);
  });
});

describe("a transaction in a time limit", () => {
  it("is rolled back when its statement is stopped by timeLimit", async () => {
    const file = DatabaseManager.connect("sqlite", { database: "", isolation: "process" });
    const endless = "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t";
    const report = withTimeout(0.3)(
      autoTransaction(file)(async () => {
        await file.saveEntity("orders", { id: "a" });
        await file.execute(endless, [], timeLimit());
      }),
    );
    const startedMs = performance.now();
    await expect(report()).rejects.toThrow(QueryTimeoutError);
    expect(performance.now() - startedMs).toBeLessThan(550);
    await expect.poll(() => file.countEntities("orders")).toBe(0);
    await file.close();
  });
});
