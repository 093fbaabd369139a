import { describe, expect, it } from "vitest";
import { ClosedError, TransactionStateError } from "../../src/index.ts";
import { gate, pause, range, rejection, Scratch, unhandledRejections } from "./scratch.ts";

const meta = { backend: "sqlite/async" };

async function idsOf(db: ReturnType<Scratch["open"]>): Promise<string[]> {
  const found = await db.findEntities("things", { orderBy: "id", deserialize: true });
  return found.map(({ id }) => id);
}

describe("nested transactions that are started together", () => {
  it("run one after the other", { meta }, async () => {
    const db = new Scratch().open();
    const steps: string[] = [];
    await db.transaction(async (tx) => {
      await Promise.all(
        range(4).map((n) =>
          tx.transaction(async (inner) => {
            steps.push(`begin ${n}`);
            await inner.saveEntity("things", { id: `${n} first` });
            await pause(2);
            await inner.saveEntity("things", { id: `${n} second` });
            steps.push(`end ${n}`);
          }),
        ),
      );
    });
    expect(steps).toEqual(range(4).flatMap((n) => [`begin ${n}`, `end ${n}`]));
    expect(await idsOf(db)).toHaveLength(8);
  });

  it("are undone one by one: one that fails and is caught leaves the others, and the outer one usable", {
    meta,
  }, async () => {
    const db = new Scratch().open();
    const outcomes = await db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "before" });
      const settled = await Promise.allSettled(
        range(4).map((n) =>
          tx.transaction(async (inner) => {
            await inner.saveEntity("things", { id: `${n}`, [`field_${n}`]: n });
            if (n === 1) throw new Error("not this one");
            if (n === 2) await inner.execute("SELECT * FROM [no_such_table]");
          }),
        ),
      );
      await tx.saveEntity("things", { id: "after" });
      return settled.map(({ status }) => status);
    });
    expect(outcomes).toEqual(["fulfilled", "rejected", "rejected", "fulfilled"]);
    expect(await idsOf(db)).toEqual(["0", "3", "after", "before"]);
    expect(Object.keys((await db.describeEntity("things"))?.fields ?? {})).toEqual(["field_0", "field_3"]);
  });

  it("let calls on the outer transaction wait for their end", { meta }, async () => {
    const db = new Scratch().open();
    await db.saveEntity("things", { id: "a" });
    const counts = await db.transaction(async (tx) => {
      const inner = tx.transaction(async (nested) => {
        await nested.saveEntity("things", { id: "b" });
        await pause(5);
        throw new Error("undone");
      });
      const [, count] = await Promise.allSettled([inner, tx.countEntities("things")]);
      return count;
    });
    // Not 2: what the nested one has written is not there before it has ended.
    expect(counts).toEqual({ status: "fulfilled", value: 1 });
  });

  it("can be nested deeply, from the handle that knows of none", { meta }, async () => {
    const db = new Scratch().open();
    const nest = async (depth: number): Promise<void> => {
      await db.saveEntity("things", { id: `${depth}` });
      if (depth === 5) throw new Error("deepest");
      await db.transaction(() => nest(depth + 1)).catch(() => {});
    };
    await db.transaction(() => nest(0));
    expect(await idsOf(db)).toEqual(["0", "1", "2", "3", "4"]);
  });
});

describe("two repositories that use the outer handle", () => {
  const repositories = (db: ReturnType<Scratch["open"]>) => ({
    addOrder: (total: number) => db.saveEntity("orders", { total }),
    addPayment: async (amount: number) => {
      await pause(1);
      if (amount < 0) throw new RangeError("no refunds");
      return db.saveEntity("payments", { amount });
    },
  });

  it("commit together", { meta }, async () => {
    const db = new Scratch().open();
    const { addOrder, addPayment } = repositories(db);
    await db.transaction(() => Promise.all([addOrder(1), addPayment(1)]));
    expect([await db.countEntities("orders"), await db.countEntities("payments")]).toEqual([1, 1]);
  });

  it("roll back together", { meta }, async () => {
    const db = new Scratch().open();
    const { addOrder, addPayment } = repositories(db);
    const failed = db.transaction(async () => {
      await addOrder(1);
      await addPayment(-1);
    });
    expect(await rejection(failed)).toBeInstanceOf(RangeError);
    expect([await db.countEntities("orders"), await db.countEntities("payments")]).toEqual([0, 0]);
  });

  it("of two databases have each its own transaction", { meta }, async () => {
    const [one, two] = [new Scratch().open(), new Scratch().open()];
    const failed = one.transaction(() =>
      two
        .transaction(async () => {
          await one.saveEntity("things", { id: "a" });
          await two.saveEntity("things", { id: "b" });
        })
        .then(() => Promise.reject(new Error("only the outer one"))),
    );
    await rejection(failed);
    expect([await one.countEntities("things"), await two.countEntities("things")]).toEqual([0, 1]);
  });
});

describe("what was not awaited", () => {
  it("is refused when it comes after the end, on the transaction's handle and on the outer one", {
    meta,
  }, async () => {
    const db = new Scratch().open();
    await db.saveEntity("things", { id: "a" });
    const ended = gate();
    const late: Promise<unknown>[] = [];
    await db.transaction((tx) => {
      const later = (work: () => Promise<unknown>) => late.push(rejection(ended.opened.then(work)));
      later(() => tx.saveEntity("things", { id: "late" }));
      later(() => db.saveEntity("things", { id: "late" }));
      later(() => tx.transaction(() => {}));
      later(() => db.transaction(() => {}));
      later(() => tx.execute("SELECT 1"));
    });
    ended.open();
    for (const reason of await Promise.all(late)) {
      expect(reason).toBeInstanceOf(ClosedError);
      expect(reason).toMatchObject({ code: "STRATA_CLOSED", outcome: "not_sent" });
    }
    expect(await idsOf(db)).toEqual(["a"]);
  });

  it("is refused after a rollback as well", { meta }, async () => {
    const db = new Scratch().open();
    const ended = gate();
    let late: Promise<unknown> = Promise.resolve();
    const failed = db.transaction(async () => {
      late = rejection(ended.opened.then(() => db.saveEntity("things", { id: "late" })));
      throw new Error("rolled back");
    });
    await rejection(failed);
    ended.open();
    expect(await late).toMatchObject({
      code: "STRATA_CLOSED",
      message: expect.stringContaining("rolled back"),
    });
    expect(await db.countEntities("things")).toBe(0);
  });

  it("as a nested transaction that is still running at the end rolls back both", { meta }, async () => {
    const db = new Scratch().open();
    const unhandled = unhandledRejections();
    let inner: Promise<unknown> = Promise.resolve();
    const outer = db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "outer" });
      const begun = gate();
      inner = rejection(
        tx.transaction(async (nested) => {
          begun.open();
          await pause(5);
          await nested.saveEntity("things", { id: "inner" });
        }),
      );
      await begun.opened;
    });
    expect(await rejection(outer)).toBeInstanceOf(TransactionStateError);
    expect(await inner).toMatchObject({ code: "STRATA_CLOSED" });
    expect(await db.countEntities("things")).toBe(0);
    expect(unhandled).toEqual([]);
  });

  it("can go on outside of the transaction where that is said", { meta }, async () => {
    const db = new Scratch().open();
    let job: Promise<unknown> = Promise.resolve();
    await db.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "a" });
      job = db.outsideTransaction(() => pause(5).then(() => db.saveEntity("things", { id: "job" })));
    });
    await job;
    expect(await idsOf(db)).toEqual(["a", "job"]);
  });
});

describe("a pool of one connection", () => {
  it("refuses at once to lend a second one inside the transaction that has it", { meta }, async () => {
    const db = new Scratch().open({ pool: { maxSize: 1, maxOverflow: 0 } });
    await db.saveEntity("things", { id: "a" });
    const startedMs = performance.now();
    await db.transaction(async (tx) => {
      const read = async () => {
        for await (const row of db.stream("SELECT 1")) return row;
      };
      for (const work of [() => db.connection(), () => db.connection(() => {}), read]) {
        const error = await rejection(work());
        expect(error).toMatchObject({ code: "STRATA_POOL_SELF_DEADLOCK", outcome: "not_sent" });
        const here = String.raw`\S*transactions\.test\.ts:\d+:\d+`;
        expect(String(error)).toMatch(
          new RegExp(`asked for at .*${here}.* by .*the only one: transaction at .*${here}`),
        );
      }
      await tx.saveEntity("things", { id: "b" });
    });
    expect(performance.now() - startedMs).toBeLessThan(1000);
    expect(await db.countEntities("things")).toBe(2);
    await db.connection((connection) => connection.ping());
  });

  it("serves what the transaction's own calls and the outer handle ask for", { meta }, async () => {
    const db = new Scratch().open({ pool: { maxSize: 1, maxOverflow: 0 } });
    await db.transaction(async (tx) => {
      await Promise.all([tx.saveEntity("things", { id: "a" }), db.saveEntity("things", { id: "b" })]);
      await db.transaction(() => db.saveEntity("things", { id: "c" }));
    });
    expect(await idsOf(db)).toEqual(["a", "b", "c"]);
  });
});
