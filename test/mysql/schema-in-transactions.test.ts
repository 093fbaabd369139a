import { afterAll, beforeAll, expect, it } from "vitest";
import { type Database, LockTimeoutError, SchemaConflictError } from "../../src/index.ts";
import { describeOnServer, sleep } from "../server-backends/database.ts";

describeOnServer("a change of the schema inside a transaction, which it would commit,", "mysql", (place) => {
  let db: Database;
  let allowing: Database;
  let entities = 0;
  const fresh = async () => {
    const entity = `inside${++entities}`;
    await db.saveEntity(entity, { id: "a", n: 1 });
    return entity;
  };
  beforeAll(() => {
    db = place.open();
    allowing = place.open({ allowImplicitCommit: true, alias: "allowing" });
  });
  afterAll(async () => {
    await db.close();
    await allowing.close();
  });
  class Refusal extends Error {}
  const ids = async (entity: string) =>
    (await db.findEntities(entity, { orderBy: "id" })).map(({ id }) => id);

  it("is made beforehand where the transaction has not used the entity, and the rest rolls back", async () => {
    const [one, other] = [await fresh(), await fresh()];
    await expect(
      db.transaction(async (tx) => {
        await tx.saveEntity(one, { id: "b", n: 2 });
        await tx.saveEntity(other, { id: "b", added: "x" });
        await tx.saveEntity(`new_${other}`, { id: "c" });
        throw new Refusal();
      }),
    ).rejects.toThrow(Refusal);
    expect(await ids(one)).toEqual(["a"]);
    expect(await ids(other)).toEqual(["a"]);
    expect(Object.keys((await db.describeEntity(other))?.fields ?? {})).toEqual(["added", "n"]);
  });

  it("is refused where it has, and the transaction goes on", async () => {
    const entity = await fresh();
    await db.transaction(async (tx) => {
      await tx.saveEntity(entity, { id: "b", n: 2 });
      const error: unknown = await tx.saveEntity(entity, { id: "c", added: 1 }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(SchemaConflictError);
      expect(Object(error).message).toMatch(/before the transaction/);
      await tx.saveEntity(entity, { id: "d", n: 3 });
    });
    expect(await ids(entity)).toEqual(["a", "b", "d"]);
  });

  it("is refused for an index too", async () => {
    const entity = await fresh();
    await db.transaction(async (tx) => {
      await tx.getEntity(entity, "a");
      await expect(tx.ensureIndex(entity, ["n"])).rejects.toBeInstanceOf(SchemaConflictError);
    });
    await db.transaction(async (tx) => {
      expect(await tx.ensureIndex(entity, ["n"])).toBe(true);
      await tx.saveEntity(entity, { id: "b", n: 2 });
    });
    expect((await db.describeEntity(entity))?.indexes).toHaveLength(1);
  });

  it("ends soon where the transaction has read the table by SQL of its own, and says what to do", async () => {
    const entity = await fresh();
    const startedAt = performance.now();
    await db.transaction(async (tx) => {
      await tx.execute(`SELECT COUNT(*) FROM [${entity}]`);
      const error: unknown = await tx.saveEntity(entity, { id: "b", added: 1 }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(SchemaConflictError);
      expect(Object(error).message).toMatch(/perhaps by this transaction itself/);
      expect(Object(error).cause).toBeInstanceOf(LockTimeoutError);
      await tx.saveEntity(entity, { id: "c", n: 2 });
    });
    expect(performance.now() - startedAt).toBeLessThan(3_000);
    expect(await ids(entity)).toEqual(["a", "c"]);
  });

  it("waits a little where somebody else holds the table, and is made then", async () => {
    const entity = await fresh();
    const tried: unknown[] = [];
    const stopCounting = db.on("query", ({ error }) => {
      if (error instanceof LockTimeoutError) tried.push(error);
    });
    await using reader = await db.connection();
    await reader.beginTransaction();
    await reader.execute(`SELECT COUNT(*) FROM [${entity}]`);
    const saved = db.transaction((tx) => tx.saveEntity(entity, { id: "b", added: 1 }));
    while (tried.length === 0) await sleep(20);
    await reader.rollbackTransaction();
    expect((await saved).version).toBe(1);
    stopCounting();
  });

  it("is refused after a moment where a stream of the transaction's own has read the table", async () => {
    const entity = await fresh();
    await db.transaction(async (tx) => {
      for await (const row of tx.stream(`SELECT * FROM [${entity}]`)) expect(row).toMatchObject({ id: "a" });
      await expect(tx.saveEntity(entity, { id: "b", added: 1 })).rejects.toBeInstanceOf(SchemaConflictError);
    });
  });

  it.each(["saved", "read by SQL"])("commits what was done so far where that is allowed: %s", async (how) => {
    const entity = await fresh();
    await expect(
      allowing.transaction(async (tx) => {
        if (how === "saved") await tx.saveEntity(entity, { id: "b", n: 2 });
        else await tx.execute(`UPDATE [${entity}] SET [n] = [n] + 1`);
        await tx.saveEntity(entity, { id: "c", added: 1 });
        throw new Refusal();
      }),
    ).rejects.toThrow(Refusal);
    expect(await ids(entity)).toEqual(how === "saved" ? ["a", "b"] : ["a"]);
    expect((await db.getEntity(entity, "a", { deserialize: true }))?.n).toBe(how === "saved" ? 1 : 2);
    // Nobody is kept waiting by what the transaction had locked.
    await db.saveEntity(entity, { id: "d", more: 1 }, { timeout: 3 });
  });

  it("is refused as SQL of one's own, and the transaction goes on", async () => {
    const entity = await fresh();
    await db
      .transaction(async (tx) => {
        await tx.saveEntity(entity, { id: "b", n: 2 });
        for (const sql of [
          `CREATE TABLE [${entity}_own] ([n] INT)`,
          `TRUNCATE TABLE [${entity}_history]`,
          `/* tidy */ ANALYZE TABLE [${entity}]`,
          "START TRANSACTION",
        ]) {
          const error: unknown = await tx.execute(sql).catch((e: unknown) => e);
          expect(error).toMatchObject({ code: "STRATA_TRANSACTION_STATE", outcome: "not_sent" });
          expect(Object(error).message).toMatch(/would commit the transaction.*allowImplicitCommit/);
        }
        await expect(tx.query(`DROP TABLE [${entity}]`)).rejects.toThrow(/would commit/);
        await expect(tx.queryOne(`DROP TABLE [${entity}]`)).rejects.toThrow(/would commit/);
        await tx.execute("CREATE TEMPORARY TABLE [mine] ([n] INT)");
        await tx.saveEntity(entity, { id: "c", n: 3 });
        throw new Refusal();
      })
      .catch((error: unknown) => expect(error).toBeInstanceOf(Refusal));
    expect(await ids(entity)).toEqual(["a"]);
  });

  it("commits what was done so far as SQL of one's own where that is allowed, and begins again", async () => {
    const entity = await fresh();
    const work = allowing.transaction(async (tx) => {
      await tx.saveEntity(entity, { id: "b", n: 2 });
      await tx.execute(`CREATE TABLE [${entity}_own] ([n] INT)`);
      await tx.saveEntity(entity, { id: "c", n: 3 });
      const nested = tx.transaction((inner) => inner.execute(`DROP TABLE [${entity}_own]`));
      await expect(nested).rejects.toMatchObject({ code: "STRATA_TRANSACTION_STATE" });
      await tx.saveEntity(entity, { id: "d", n: 4 });
      throw new Refusal();
    });
    await expect(work).rejects.toThrow(Refusal);
    expect(await ids(entity)).toEqual(["a", "b"]);
    await using connection = await allowing.connection();
    await connection.beginTransaction();
    await connection.saveEntity(entity, { id: "e", n: 5 });
    await connection.execute(`DROP TABLE [${entity}_own]`);
    await connection.saveEntity(entity, { id: "f", n: 6 });
    await connection.rollbackTransaction();
    expect(await ids(entity)).toEqual(["a", "b", "e"]);
  });

  it("is refused in a nested transaction even then, which could not be rolled back by itself", async () => {
    const entity = await fresh();
    await allowing.transaction(async (tx) => {
      await tx.saveEntity(entity, { id: "b", n: 2 });
      const nested = tx.transaction((inner) => inner.saveEntity(entity, { id: "c", added: 1 }));
      await expect(nested).rejects.toBeInstanceOf(SchemaConflictError);
    });
    expect(await ids(entity)).toEqual(["a", "b"]);
  });

  it("stays a transaction when the change fails after what was done so far has been committed", async () => {
    const entity = await fresh();
    await using reader = await db.connection();
    await reader.beginTransaction();
    await reader.execute(`SELECT COUNT(*) FROM [${entity}]`);
    await expect(
      allowing.transaction(async (tx) => {
        await tx.saveEntity(entity, { id: "b", n: 2 });
        await expect(tx.saveEntity(entity, { id: "c", added: 1 })).rejects.toThrow();
        await tx.saveEntity(entity, { id: "d", n: 4 });
        throw new Refusal();
      }),
    ).rejects.toThrow();
    await reader.rollbackTransaction();
    expect(await ids(entity)).toEqual(["a", "b"]);
  });
});
