import { describe, expect, it } from "vitest";
import { describeOnServer } from "../server-backends/database.ts";
import { watch } from "../server-backends/refusals.ts";

describeOnServer("what MySQL could not take", "mysql", (place) => {
  const watched = watch(place);

  it("takes names of 64 bytes, which every server takes", async () => {
    for (const name of ["n".repeat(64), "ñ".repeat(32)]) {
      await watched.db.execute(`CREATE TABLE [${name}] ([${name}] INT)`);
      await watched.db.execute(`INSERT INTO [${name}] VALUES (?)`, [7]);
      const found = await watched.db.execute(`SELECT [${name}] FROM [${name}]`);
      expect(found.columns).toEqual([name]);
      expect([...found]).toEqual([[7]]);
    }
  });

  it("saves wide records at once, by fewer of them in a statement", async () => {
    const wide = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`f${n}`, n]));
    await watched.db.saveEntities(
      "wide",
      Array.from({ length: 1_500 }, () => wide),
    );
    const [row] = await watched.db.execute("SELECT COUNT(*), SUM([f119]) FROM [wide_history]");
    expect(row?.map(Number)).toEqual([1_500, 1_500 * 119]);
  }, 60_000);

  describe("beyond max_allowed_packet", () => {
    const limit = async () => Number((await watched.db.execute("SELECT @@max_allowed_packet"))[0]?.[0]);

    it("refuses a statement before it is sent, so that the connection goes on", async () => {
      const id = async () => (await watched.db.execute("SELECT CONNECTION_ID()"))[0]?.[0];
      const before = await id();
      const text = "x".repeat((await limit()) + 1);
      const error = await watched.refusal(() => watched.db.execute("SELECT LENGTH(?)", [text]));
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "not_sent" });
      expect(error.message).toMatch(/max_allowed_packet/);
      expect(error.message.length).toBeLessThan(500);
      const saved = await watched.refusal(() => watched.db.saveEntity("large", { text }));
      expect(saved.code).toBe("STRATA_SQL_PARAMETER");
      expect(await id()).toBe(before);
      expect(await watched.db.countEntities("large")).toBe(0);
    }, 60_000);

    it("stores nothing where one of many is too large, and keeps no connection", async () => {
      await watched.db.execute("CREATE TABLE [sets] ([n] INT, [text] LONGTEXT)");
      const text = "x".repeat((await limit()) + 1);
      const sets = Array.from({ length: 30 }, (_, n) => [n, n === 20 ? text : "short"]);
      const records = sets.map(([n, value]) => ({ id: `r${n}`, text: value }));
      for (const call of [
        () => watched.db.executemany("INSERT INTO [sets] VALUES (?, ?)", sets),
        () => watched.db.saveEntities("one_too_large", records),
        () => watched.db.transaction((tx) => tx.saveEntities("one_too_large", records)),
      ]) {
        expect(await watched.refusal(call)).toMatchObject({ code: "STRATA_SQL_PARAMETER" });
        expect(watched.db.getPoolMetrics()).toMatchObject({ inUse: 0, waiting: 0 });
      }
      expect([...(await watched.db.execute("SELECT COUNT(*) FROM [sets]"))]).toEqual([[0]]);
      expect(await watched.db.countEntities("one_too_large")).toBe(0);
    }, 60_000);

    it("saves many records that are too large together by several statements", async () => {
      const most = await limit();
      const text = "y".repeat(Math.floor(most / 5));
      await watched.db.saveEntities(
        "together",
        Array.from({ length: 12 }, (_, n) => ({ id: `r${n}`, text })),
      );
      const [row] = await watched.db.execute("SELECT COUNT(*), SUM(LENGTH([text])) FROM [together_history]");
      expect(row?.map(Number)).toEqual([12, 12 * text.length]);
    }, 60_000);

    it("says so when the server meets the limit in what it computes", async () => {
      await watched.db.execute("CREATE TABLE [computed] ([text] LONGTEXT)");
      const error = await watched.refusal(() =>
        watched.db.execute("INSERT INTO [computed] SELECT REPEAT('x', @@max_allowed_packet + 1)"),
      );
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "rejected" });
      expect([...(await watched.db.execute("SELECT COUNT(*) FROM [computed]"))]).toEqual([[0]]);
    });
  });
});
