import { expect, it } from "vitest";
import { LockTimeoutError } from "../../src/index.ts";
import { describeOnServer, sleep, storm } from "../server-backends/database.ts";

describeOnServer("schemas that grow while others work", "mysql", (place) => {
  it("stores no value of the old kind while a column is changed, nor shows one half-way", async () => {
    await using db = place.open({ pool: { maxSize: 6 } });
    const kinds: readonly (readonly [unknown, readonly string[]])[] = [
      [true, ["true", "later"]],
      [new Date("2024-02-29T12:34:56.789Z"), ["2024-02-29T12:34:56.789Z", "later"]],
      [1.5e-7, ["1.5e-7", "later"]],
    ];
    for (const [i, [value, texts]] of kinds.entries()) {
      const entity = `changing${i}`;
      await db.saveEntities(
        entity,
        Array.from({ length: 2_000 }, (_, n) => ({ id: `r${n}`, value, n })),
      );
      const saving = storm(4, 2, async (loop, round) => {
        await using own = place.open({ alias: `writer ${loop}` });
        for (let n = 0; n < 20; n++) await own.saveEntity(entity, { id: `w${loop}-${round}-${n}`, value, n });
      });
      await sleep(500);
      await db.saveEntity(entity, { id: "wide", value: "later" });
      await saving;
      const found = await db.findEntities(entity, { deserialize: true });
      expect(found.length).toBeGreaterThan(2_001);
      for (const record of found) expect(texts).toContain(record.value);
    }
  }, 60_000);

  it("goes on where an attempt to widen a field has been cut off between its two tables", async () => {
    await using db = place.open();
    await db.saveEntities("halfway", [
      { id: "yes", flag: true },
      { id: "no", flag: false },
    ]);
    // What a process leaves that ends after the first of the two: the column is text, and nobody has been told.
    await place.database.query("ALTER TABLE halfway ADD COLUMN _strata_0 LONGTEXT CHARACTER SET utf8mb4");
    await place.database.query("UPDATE halfway SET _strata_0 = IF(flag, 'true', 'false')");
    await place.database.query("ALTER TABLE halfway DROP COLUMN flag, CHANGE COLUMN _strata_0 flag LONGTEXT");
    await place.database.query("ALTER TABLE halfway_history ADD COLUMN _strata_1 LONGTEXT");
    await db.saveEntity("halfway", { id: "other", flag: "perhaps" });
    const flags = (await db.findEntities("halfway", { orderBy: "id", deserialize: true })).map(
      ({ flag }) => flag,
    );
    expect(flags).toEqual(["false", "perhaps", "true"]);
    const first = await db.getEntityByVersion("halfway", "no", 1, { deserialize: true });
    expect(first?.flag).toBe("false");
    expect(Object.keys((await db.describeEntity("halfway"))?.fields ?? {})).toEqual(["flag"]);
  });

  it("keeps a field of its own columns' name apart from them", async () => {
    await using db = place.open();
    await db.saveEntity("own", { id: "a", strata_live: 1, email: "a@x" });
    await db.ensureIndex("own", ["email"], { unique: true });
    await db.saveEntity("own", { id: "b", strata_live: 2, email: "b@x" });
    expect((await db.getEntity("own", "b", { deserialize: true }))?.strata_live).toBe(2);
  });

  it("waits for another process that changes the same tables, but not for ever", async () => {
    await using db = place.open();
    await db.saveEntity("locked", { id: "a", n: 1 });
    await using other = await db.connection();
    const lock = "SELECT GET_LOCK(CONCAT('strata:', SHA1(CONCAT(DATABASE(), '.', ?))), 1)";
    expect([...(await other.execute(lock, ["locked"]))]).toEqual([[1]]);
    const startedAt = performance.now();
    const growing = db.transaction((tx) => tx.saveEntity("locked", { id: "a", added: 1 }));
    const failure: unknown = await growing.catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LockTimeoutError);
    expect(Object(failure).message).toMatch(/another process was changing the tables of "locked"/);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
    // Outside of a transaction it is tried again.
    const patient = db.saveEntity("locked", { id: "a", added: 2 });
    await sleep(300);
    await other.execute("SELECT RELEASE_ALL_LOCKS()");
    expect((await patient).version).toBe(2);
  }, 30_000);
});
