import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { MysqlConnection } from "../../src/backends/mysql/driver.ts";
import { mysqlBackend } from "../../src/backends/mysql/index.ts";
import { targetOf } from "../backends/mysql-connection.ts";
import { describeOnServer } from "../server-backends/database.ts";

const command = (text: string, ...values: readonly unknown[]) => ({
  statement: { text, readOnly: text.startsWith("select"), reusable: true },
  values,
});

describeOnServer("statements that are one transaction", "mysql", (place) => {
  beforeAll(async () => {
    await place.database.query("create table t (id int primary key, n int) engine=innodb");
    await place.database.query("create table u (id int primary key) engine=innodb");
  });

  const count = async () => Number((await place.database.query("select count(*) from t"))[0]?.[0]);
  const insert = (id: number) => command("insert into t values (?, ?)", id, id);
  const connect = async (preparesBlocks: boolean, statementCacheSize = 100) => {
    const options = mysqlBackend.parseOptions({ statementCacheSize });
    const connection = await mysqlBackend.connect(targetOf(place.database.url, { options }));
    if (!(connection instanceof MysqlConnection)) throw new Error("expected the backend's connection");
    Object.assign(connection.facts, { preparesBlocks });
    return connection;
  };

  describe.each([
    ["in a block", true, 100],
    ["sent together", false, 100],
    ["one after the other", false, 0],
  ] as const)("%s", (_, preparesBlocks, cacheSize) => {
    let connection: MysqlConnection;
    beforeAll(async () => {
      connection = await connect(preparesBlocks, cacheSize);
    });
    afterAll(() => connection.close());
    beforeEach(() => place.database.query("delete t, u from t left join u on true"));

    it("are committed when the last one finds a row, which is answered", async () => {
      const found = await connection.executeAtomically([
        insert(1),
        command("insert into u select id from t where id = ? and row_count() > 0", 1),
        command("select id, n from t where id = ? and row_count() > 0", 1),
      ]);
      expect(found.rows).toEqual([[1, 1]]);
      expect(connection.inTransaction).toBe(false);
      expect(await count()).toBe(1);
    });

    it("are rolled back when it finds none", async () => {
      const found = await connection.executeAtomically([
        insert(2),
        command("select n from t where id = ?", 9),
      ]);
      expect(found.rows).toEqual([]);
      expect(connection.inTransaction).toBe(false);
      expect(await count()).toBe(0);
    });

    it("are committed when the last one has changed a row, and rolled back when it has changed none", async () => {
      const append = command("insert into u select id from t where id = ? and row_count() > 0", 3);
      expect((await connection.executeAtomically([insert(3), append])).rowCount).toBeGreaterThan(0);
      expect(await count()).toBe(1);
      const none = command("insert into u select id from t where id = ? and false", 3);
      const undone = await connection.executeAtomically([insert(4), none]);
      expect([undone.rowCount, undone.rows]).toEqual([0, []]);
      expect(connection.inTransaction).toBe(false);
      expect(await count()).toBe(1);
    });

    it("are rolled back when any of them fails, first or last", async () => {
      await place.database.query("insert into t values (5, 5)");
      const last = command("select 1");
      for (const commands of [
        [insert(5), insert(6), last],
        [insert(6), insert(5), last],
        [insert(6), command("select * from nosuch where id = ?", 1)],
      ]) {
        await expect(connection.executeAtomically(commands)).rejects.toThrow();
        expect(connection.inTransaction).toBe(false);
        expect(connection.usable).toBe(true);
        expect(await count()).toBe(1);
      }
      expect((await connection.executeAtomically([insert(6), last])).rows).toEqual([[1]]);
    });

    it("leave nothing behind when they are stopped half-way", async () => {
      const sleeping = connection.executeAtomically([insert(7), command("select sleep(?), id from t", 30)]);
      const failure = sleeping.catch((error: unknown) => error);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await connection.cancel();
      expect(await failure).toMatchObject({ errno: 1317 });
      expect(connection.inTransaction).toBe(false);
      expect(await count()).toBe(0);
    });
  });

  it("does not say that a block was refused when it was stopped after its COMMIT", async () => {
    const connection = await connect(true);
    await place.database.query("delete from t");
    // As the instant between a block's own COMMIT and its end, which is too short to be hit.
    const commands = [insert(8), command("commit"), command("select sleep(?), id from t", 30)];
    const failure = connection.executeAtomically(commands).catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await connection.cancel();
    expect(await failure).toMatchObject({ name: "ConnectionError", outcome: "unknown" });
    expect(connection.usable).toBe(false);
    expect(await count()).toBe(1);
  });

  it("has a transaction from its begin on, though the server hears of it with the first statement", async () => {
    const connection = await connect(true);
    await place.database.query("delete from t");
    await connection.begin({});
    expect(connection.inTransaction).toBe(true);
    await connection.rollback();
    expect(connection.inTransaction).toBe(false);
    await connection.begin({ isolation: "serializable", readOnly: true });
    await connection.commit();
    await connection.begin({});
    const { statement, values } = insert(1);
    await connection.execute(statement, values);
    expect(connection.inTransaction).toBe(true);
    await connection.rollback();
    expect(await count()).toBe(0);
    await connection.begin({ readOnly: true });
    await expect(connection.execute(statement, values)).rejects.toMatchObject({ errno: 1792 });
    expect(connection.inTransaction).toBe(true);
    await connection.rollback();
    await connection.begin({});
    await connection.executeMany(
      statement,
      Array.from({ length: 20 }, (_, n) => [n, n]),
    );
    expect(connection.inTransaction).toBe(true);
    await connection.reset();
    expect(await count()).toBe(0);
    await connection.ping();
    expect(connection.inTransaction).toBe(false);
    await connection.close();
  });

  it("says of a transaction that could not be begun that what was sent behind it may have been stored", async () => {
    await place.database.query("delete from t");
    const killer = await connect(true);
    const { statement, values } = insert(1);
    let interrupted = 0;
    let notBegun = 0;
    for (let round = 0; round < 60; round++) {
      const victim = await connect(true);
      let finished = false;
      const killing = (async () => {
        // Until the session is gone, which the server says by an error.
        while (!finished) await killer.raw.query(`kill query ${victim.sessionId}`).catch(() => {});
      })();
      for (let n = 0; n < 20 && victim.usable; n++) {
        await victim.begin({});
        const failure: unknown = await victim.execute(statement, values).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (failure !== undefined) interrupted += 1;
        if (victim.usable) await victim.rollback().catch(() => victim.destroy());
        else {
          expect(failure).toMatchObject({ name: "CommitOutcomeUnknownError", outcome: "unknown" });
          notBegun += 1;
          await place.database.query("delete from t");
        }
      }
      finished = true;
      await killing;
      victim.destroy();
      // Whatever was not said to be unknown is gone.
      expect(await count()).toBe(0);
    }
    expect(interrupted).toBeGreaterThan(0);
    expect(notBegun).toBeLessThanOrEqual(interrupted);
    await killer.close();
  }, 60_000);
});
