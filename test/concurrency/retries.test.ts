import Database from "better-sqlite3";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  LockTimeoutError,
  SerializationError,
  TransactionStateError,
  ValidationError,
} from "../../src/index.ts";
import { pause, range, rejection, Scratch } from "./scratch.ts";

const meta = { backend: "sqlite/async" };

/** A connection that knows nothing of the library, as another program's: it locks the file and waits for nobody. */
function stranger(scratch: Scratch) {
  const raw = new Database(scratch.path);
  onTestFinished(() => raw.close());
  return { begin: () => raw.exec("BEGIN IMMEDIATE"), end: () => raw.exec("COMMIT") };
}

describe("transaction retries", () => {
  it("count the attempts, and come back when a lock is free", { meta }, async () => {
    const scratch = new Scratch();
    const db = scratch.open();
    await db.saveEntity("things", { id: "a", n: 0 });
    const other = stranger(scratch);
    other.begin();
    const attempts: number[] = [];
    const transaction = db.transaction(
      async (tx) => {
        attempts.push(tx.attempt);
        await tx.saveEntity("things", { id: "a", n: tx.attempt });
      },
      { retries: 5, timeout: 0.1 },
    );
    await pause(150);
    other.end();
    await transaction;
    // The first attempt could not even begin.
    expect(attempts).toHaveLength(1);
    expect(attempts[0]).toBeGreaterThan(1);
    expect(await db.getEntityHistory("things", "a")).toHaveLength(2);
  });

  it("end with the last failure, and are none by default", { meta }, async () => {
    const scratch = new Scratch();
    const db = scratch.open();
    await db.saveEntity("things", { id: "a", n: 0 });
    const other = stranger(scratch);
    other.begin();
    let runs = 0;
    const work = () => void runs++;
    for (const retries of [undefined, 2]) {
      const options = { timeout: 0.05, ...(retries !== undefined && { retries }) };
      const reason = await rejection(db.transaction(work, options));
      expect(reason).toBeInstanceOf(LockTimeoutError);
      expect(reason).toMatchObject({ code: "STRATA_BUSY", outcome: "not_sent", retryable: true });
    }
    expect(runs).toBe(0);
    other.end();
    await db.transaction(work);
    expect(runs).toBe(1);
  });

  it("run the whole callback again after a conflict, and leave nothing of the attempts before", {
    meta,
  }, async () => {
    const db = new Scratch().open();
    const attempts: number[] = [];
    await db.transaction(
      async (tx) => {
        attempts.push(tx.attempt);
        await tx.saveEntity("things", { id: `attempt ${tx.attempt}` });
        if (tx.attempt < 3) throw new SerializationError("as another database would say");
      },
      { retries: 3 },
    );
    expect(attempts).toEqual([1, 2, 3]);
    expect((await db.findEntities("things")).map(({ id }) => id)).toEqual(["attempt 3"]);
  });

  it("are not for failures of the callback's own, nor for nested transactions, nor for bad numbers", {
    meta,
  }, async () => {
    const db = new Scratch().open();
    let runs = 0;
    const failing = db.transaction(
      () => {
        runs++;
        throw new RangeError("mine");
      },
      { retries: 5 },
    );
    expect(await rejection(failing)).toBeInstanceOf(RangeError);
    expect(runs).toBe(1);
    const nested = db.transaction((tx) => tx.transaction(() => {}, { retries: 1 }));
    expect(await rejection(nested)).toBeInstanceOf(TransactionStateError);
    for (const retries of [-1, 0.5, Number.NaN]) {
      expect(await rejection(db.transaction(() => {}, { retries }))).toBeInstanceOf(ValidationError);
    }
  });

  it("on a snapshot that was overtaken: a transaction by hand is told to run again", { meta }, async () => {
    const db = new Scratch().open();
    await db.saveEntity("things", { id: "a", n: 0 });
    await using connection = await db.connection();
    await connection.execute("BEGIN");
    await connection.countEntities("things");
    await db.saveEntity("things", { id: "a", n: 1 });
    const reason = await rejection(connection.execute("DELETE FROM [things]"));
    expect(reason).toBeInstanceOf(SerializationError);
    expect(reason).toMatchObject({ retryable: true });
    await connection.execute("ROLLBACK");
    expect(await db.countEntities("things")).toBe(1);
  });

  it("a save waits for a lock as long as its time allows, without being told to", { meta }, async () => {
    const scratch = new Scratch();
    const db = scratch.open();
    await db.saveEntity("things", { id: "a", n: 0 });
    const other = stranger(scratch);
    other.begin();
    const saves = range(8).map((n) => db.saveEntity("things", { id: `${n}`, n }));
    await pause(100);
    other.end();
    await Promise.all(saves);
    expect(await db.countEntities("things")).toBe(9);
  });
});
