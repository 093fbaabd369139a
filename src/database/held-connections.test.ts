import { afterEach, describe, expect, it } from "vitest";
import { DatabaseConfig } from "../config/index.ts";
import { PoolTimeoutError } from "../errors/index.ts";
import { FakeDriver, fakeBackend } from "../testing/fake-driver.ts";
import { Database } from "./database.ts";
import { pooledDatabase } from "./pooled-database.ts";

const opened: Database[] = [];

function open(maxSize: number): Database {
  const config = new DatabaseConfig({ database: `of ${maxSize}`, pool: { maxSize, maxOverflow: 0 } });
  const backend = fakeBackend(() => new FakeDriver());
  const db = new Database(pooledDatabase(backend, config));
  opened.push(db);
  return db;
}

afterEach(async () => {
  for (const db of opened.splice(0)) await db.close({ timeout: 0 });
});

async function refusal(call: Promise<unknown>): Promise<PoolTimeoutError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PoolTimeoutError) return error;
  throw new Error("expected a PoolTimeoutError");
}

describe("code that holds all connections of a pool and asks for another one", () => {
  it("is refused at once, with both places and the size that it needs", async () => {
    const db = open(1);
    const works = [() => db.connection(), () => db.execute("a"), () => db.transaction(() => 1)];
    for (const work of works) {
      const error = await db.connection(() => refusal(work()));
      expect(error).toMatchObject({ code: "STRATA_POOL_SELF_DEADLOCK", outcome: "not_sent" });
      // A program's own line is what is shown of each; this test stands inside the library.
      expect(error.message).toMatch(
        /was asked for at .+ by \w+, while the same code holds the only one: connection at .+\. It/,
      );
      expect(error.message).toMatch(/let maxSize \+ maxOverflow be 2$/);
    }
    await db.transaction(async () => {
      const error = await refusal(db.connection());
      expect(error.message).toContain("the only one: transaction at ");
    });
  });

  it("is refused when each level of it holds one, and not before", async () => {
    const db = open(2);
    await db.connection(async (outer) => {
      await db.connection(async () => {
        expect((await refusal(db.execute("a"))).message).toContain("holds all 2: connection at ");
        await outer.execute("b");
      });
      await db.execute("c");
      await db.transaction(async () => {
        await db.execute("in the transaction");
        expect((await refusal(db.connection())).message).toMatch(/transaction at .*, connection at /);
      });
    });
  });

  it("is refused in a transaction on a connection that was taken without a callback", async () => {
    const db = open(1);
    await using connection = await db.connection();
    await connection.transaction(async () => {
      expect((await refusal(db.connection())).code).toBe("STRATA_POOL_SELF_DEADLOCK");
    });
  });

  it("is not refused what others hold, what was given back, nor where it is said to be another's work", async () => {
    const db = open(1);
    const other = open(1);
    await db.connection(() => other.execute("a"));
    let late: Promise<unknown> = Promise.resolve();
    let job: Promise<unknown> = Promise.resolve();
    await db.connection(async () => {
      late = new Promise((resolve) => setTimeout(resolve, 5)).then(() => db.execute("late"));
      job = db.outsideTransaction(() => db.execute("job"));
    });
    await Promise.all([late, job]);
    const waiting = db.connection();
    await (await waiting).close();
  });
});
