import { describe, expect, it } from "vitest";
import { WouldBlockError } from "../../src/index.ts";
import { pause, Scratch, unhandledRejections, warnings } from "./scratch.ts";

const asynchronous = { meta: { backend: "sqlite/async" } };
const synchronous = { meta: { backend: "sqlite/sync" } };

describe("a transaction left open on a connection that is given back", () => {
  it.each(["beginTransaction", "BEGIN IMMEDIATE"])(
    "is rolled back and reported (%s)",
    asynchronous,
    async (how) => {
      const db = new Scratch().open({ alias: "shop", pool: { maxSize: 1, maxOverflow: 0 } });
      await db.saveEntity("things", { id: "a" });
      const reported: unknown[] = [];
      const seen = warnings();
      db.on("transactionAbandoned", (payload) => reported.push(payload));
      {
        await using connection = await db.connection();
        if (how === "beginTransaction") await connection.beginTransaction();
        else await connection.execute(how);
        await connection.execute("DELETE FROM [things]");
        expect(connection.inTransaction).toBe(true);
      }
      expect(await db.countEntities("things")).toBe(1);
      expect(reported).toEqual([{ database: "shop" }]);
      await pause(1);
      expect(seen).toEqual([]);
      await db.saveEntity("things", { id: "b" });
    },
  );

  it("is a warning of the process when nobody listens", asynchronous, async () => {
    const seen = warnings();
    const db = new Scratch().open({ alias: "shop" });
    await db.connection(async (connection) => {
      await connection.beginTransaction();
      await connection.saveEntity("things", { id: "a", secret: "canary-value" });
    });
    expect(await db.countEntities("things")).toBe(0);
    await pause(1);
    expect(seen).toEqual([
      expect.objectContaining({
        name: "StrataWarning",
        code: "STRATA_TRANSACTION_ABANDONED",
        message: expect.stringContaining('"shop"'),
      }),
    ]);
    expect(String(seen[0])).not.toContain("canary");
  });

  it("is rolled back and reported on the synchronous face, and at its close", synchronous, () => {
    const scratch = new Scratch();
    const db = scratch.openSync({ alias: "shop" });
    const reported: unknown[] = [];
    db.on("transactionAbandoned", (payload) => reported.push(payload));
    {
      using connection = db.connection();
      connection.beginTransaction();
      connection.saveEntity("things", { id: "a" });
    }
    expect([db.countEntities("things"), reported.length]).toEqual([0, 1]);
    db.connection().beginTransaction();
    db.saveEntity("things", { id: "b" });
    db.close();
    expect(reported).toHaveLength(2);
    expect(scratch.openSync().countEntities("things")).toBe(0);
  });

  it("does not concern one that was ended", asynchronous, async () => {
    const db = new Scratch().open();
    const reported: unknown[] = [];
    db.on("transactionAbandoned", (payload) => reported.push(payload));
    await db.connection(async (connection) => {
      await connection.beginTransaction();
      await connection.saveEntity("things", { id: "a" });
      await connection.commitTransaction();
      await connection.beginTransaction();
      await connection.saveEntity("things", { id: "b" });
      await connection.rollbackTransaction();
    });
    expect(await db.countEntities("things")).toBe(1);
    expect(reported).toEqual([]);
  });
});

describe("a synchronous callback that answers a promise", () => {
  it.each([
    ["fulfilled", async () => "done"],
    ["rejected", () => Promise.reject(new Error("later"))],
    ["a thenable", () => ({ then: () => {} })],
  ])("is refused and rolled back, and the promise disturbs nobody (%s)", synchronous, async (_, answer) => {
    const unhandled = unhandledRejections();
    const db = new Scratch().openSync();
    db.saveEntity("things", { id: "a" });
    const attempt = () =>
      db.transaction((tx): unknown => {
        tx.saveEntity("things", { id: "b" });
        return answer();
      });
    expect(attempt).toThrow(WouldBlockError);
    expect(db.countEntities("things")).toBe(1);
    expect(() => db.connection((): unknown => answer())).toThrow(WouldBlockError);
    db.saveEntity("things", { id: "c" });
    await pause(5);
    expect(unhandled).toEqual([]);
  });

  it("is refused in a nested transaction, and the outer one goes on", synchronous, () => {
    const db = new Scratch().openSync();
    db.transaction((tx) => {
      tx.saveEntity("things", { id: "a" });
      expect(() =>
        tx.transaction((inner): unknown => {
          inner.saveEntity("things", { id: "b" });
          return Promise.resolve();
        }),
      ).toThrow(WouldBlockError);
      tx.saveEntity("things", { id: "c" });
    });
    expect(db.findEntities("things", { orderBy: "id" }).map(({ id }) => id)).toEqual(["a", "c"]);
  });
});
