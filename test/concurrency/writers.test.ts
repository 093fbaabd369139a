import { describe, expect, it } from "vitest";
import { gate, range, Scratch } from "./scratch.ts";

const meta = { backend: "sqlite/async" };
const writers = 64;

describe("64 writers at once", () => {
  it("on one handle: nobody is told that the database is busy", { meta }, async () => {
    const db = new Scratch().open();
    await Promise.all(
      range(writers).map(async (writer) => {
        for (const n of range(5)) await db.saveEntity("things", { id: `${writer}`, n });
      }),
    );
    expect(await db.countEntities("things")).toBe(writers);
    const [history] = await db.execute(
      "SELECT COUNT(*), MIN([version]), MAX([version]) FROM [things_history]",
    );
    expect(history).toEqual([writers * 5, 1, 5]);
  });

  it("on eight pools, half of them in processes of their own: nobody is told so either", {
    meta,
    timeout: 30_000,
  }, async () => {
    const scratch = new Scratch();
    const handles = range(8).map((n) =>
      scratch.open({
        alias: `pool ${n}`,
        isolation: n % 2 === 0 ? "inline" : "process",
        pool: { maxSize: 2 },
      }),
    );
    await Promise.all(
      range(writers).map(async (writer) => {
        const db = handles[writer % handles.length];
        for (const n of range(3))
          await db?.saveEntity("things", { id: `${writer}`, n, [`of_${writer % 8}`]: n });
      }),
    );
    expect(await handles[0]?.countEntities("things")).toBe(writers);
  });

  it("count together in transactions, and none of their counts is lost", { meta }, async () => {
    const scratch = new Scratch();
    const handles = range(4).map((n) => scratch.open({ alias: `pool ${n}` }));
    const [first] = handles;
    await first?.saveEntity("counters", { id: "one", n: 0 });
    await Promise.all(
      range(writers).map((writer) =>
        handles[writer % 4]?.transaction(async (tx) => {
          const counter = await tx.getEntity("counters", "one", { deserialize: true });
          await tx.saveEntity("counters", { id: "one", n: Number(counter?.n) + 1 });
        }),
      ),
    );
    const counter = await first?.getEntity("counters", "one", { deserialize: true });
    expect(counter).toMatchObject({ n: writers, version: writers + 1 });
  });

  it("of one expected version: exactly one succeeds", { meta }, async () => {
    const db = new Scratch().open();
    await db.saveEntity("things", { id: "a", n: 0 });
    const settled = await Promise.allSettled(
      range(writers).map((n) => db.saveEntity("things", { id: "a", n: n + 1 }, { expectedVersion: 1 })),
    );
    expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const refused = settled.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(["STRATA_VERSION_CONFLICT"]));
    expect(await db.getEntityHistory("things", "a")).toHaveLength(2);
  });

  it("delete and make again one id: its versions have no gap, and nobody fails", { meta }, async () => {
    const scratch = new Scratch();
    const handles = range(4).map((n) => scratch.open({ alias: `pool ${n}` }));
    await Promise.all(
      range(writers).map(async (n) => {
        const db = handles[n % 4];
        if (n % 3 === 0) await db?.deleteEntity("things", "a", { permanent: n % 2 === 0 });
        else await db?.saveEntity("things", { id: "a", n });
      }),
    );
    const history = await handles[0]?.getEntityHistory("things", "a", { deserialize: true });
    expect(history?.map(({ version }) => version)).toEqual(range(history?.length ?? 0).map((n) => n + 1));
    expect(history?.length).toBeGreaterThan(40);
  });
});

describe("a reader beside an open write transaction", () => {
  it("is not blocked, and sees nothing that is not committed", { meta }, async () => {
    const scratch = new Scratch();
    const [writer, reader] = [scratch.open(), scratch.open({ alias: "reader" })];
    await writer.saveEntity("things", { id: "a", n: 1 });
    const [written, ended] = [gate(), gate()];
    const transaction = writer.transaction(async (tx) => {
      await tx.saveEntity("things", { id: "a", n: 2 });
      await tx.saveEntity("things", { id: "b", n: 1, fresh: true });
      written.open();
      await ended.opened;
    });
    await written.opened;
    const startedMs = performance.now();
    for (const db of [reader, writer]) {
      expect(await db.getEntity("things", "a", { deserialize: true })).toMatchObject({ n: 1, version: 1 });
      expect(await db.countEntities("things")).toBe(1);
      expect(Object.keys((await db.describeEntity("things"))?.fields ?? {})).toEqual(["n"]);
    }
    expect(performance.now() - startedMs).toBeLessThan(1000);
    ended.open();
    await transaction;
    expect(await reader.getEntity("things", "b", { deserialize: true })).toMatchObject({ n: 1, fresh: true });
  });

  it("in a read-only transaction goes on seeing what was there when it began to read", { meta }, async () => {
    const scratch = new Scratch();
    const [writer, reader] = [scratch.open(), scratch.open({ alias: "reader" })];
    await writer.saveEntity("things", { id: "a", n: 1 });
    const counts = await reader.transaction(
      async (tx) => {
        const before = await tx.countEntities("things");
        await writer.saveEntity("things", { id: "b", n: 1 });
        return [before, await tx.countEntities("things")];
      },
      { readOnly: true },
    );
    expect(counts).toEqual([1, 1]);
    expect(await reader.countEntities("things")).toBe(2);
  });
});
