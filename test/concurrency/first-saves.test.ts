import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Database, DatabaseManager, type DatabaseOptions, DeadlockError } from "../../src/index.ts";
import { connectWithoutBlocks } from "../mysql/connect-without-blocks.ts";
import { storm } from "../server-backends/database.ts";
import { createDatabase } from "../servers/index.ts";
import { Scratch } from "./scratch.ts";

const connections = 10;
const pool = { maxSize: connections };

interface Place {
  open(options?: Partial<DatabaseOptions>): Database;
  drop(): Promise<void>;
}

async function onServer(
  backend: "postgres" | "mysql",
  connect: (url: string, options: Partial<DatabaseOptions>) => Database = DatabaseManager.connect,
): Promise<Place> {
  const server = inject(backend);
  if ("reason" in server) throw new Error(server.reason);
  const database = await createDatabase(server);
  return { open: (options = {}) => connect(database.url, { pool, ...options }), drop: database.drop };
}

const places = [
  ["postgres", "postgres", () => onServer("postgres")],
  ["mysql", "mysql", () => onServer("mysql")],
  ["mysql, by statements that are sent together", "mysql", () => onServer("mysql", connectWithoutBlocks)],
] as const;

/** Saves records that nobody has saved before, all connections the same at about the same time, in every way that there is. */
async function saveTheSame(db: Database, entity: string): Promise<void> {
  const retries = 50;
  await storm(connections, 3, async (loop, round) => {
    const [id, other] = [`r${round}`, `r${round} too`];
    const [one, two] = [
      { id, loop },
      { id: other, loop },
    ];
    switch ((loop + round) % 5) {
      case 0:
        return await db.saveEntity(entity, one);
      case 1:
        return await db.saveEntities(entity, [one, two]);
      case 2:
        return await db.saveEntities(entity, [two, one]);
      case 3:
        return await db.transaction((tx) => tx.saveEntity(entity, one), { retries });
      default:
        await db.transaction((tx) => tx.saveEntities(entity, [one, two]), { retries });
        if (round % 3 === 0) await db.deleteEntity(entity, id, { permanent: true });
        if (round % 3 === 1) await db.deleteEntity(entity, other);
        return await db.saveEntities(entity, [two, one]);
    }
  });
}

async function expectGapless(db: Database, entity: string): Promise<void> {
  const [numbers] = await db.execute(`SELECT COUNT(*), MAX([version]) FROM [${entity}_history]`);
  expect(Number(numbers?.[0])).toBeGreaterThan(50);
  expect(Number(numbers?.[1])).toBeGreaterThan(1);
  const gaps = `SELECT [id] FROM [${entity}_history] GROUP BY [id] HAVING COUNT(*) <> MAX([version]) OR MIN([version]) <> 1`;
  expect([...(await db.execute(gaps))]).toEqual([]);
  const newest = `(SELECT MAX([version]) FROM [${entity}_history] WHERE [id] = [${entity}].[id])`;
  const apart = `SELECT [id] FROM [${entity}] WHERE [version] <> ${newest} OR ${newest} IS NULL`;
  expect([...(await db.execute(apart))]).toEqual([]);
}

describe.each(places)("first saves of one id by many at once: %s", (_, backend, make) => {
  describe.skipIf("reason" in inject(backend))("on a server", () => {
    const meta = { backend: `${backend}/async` };
    let place: Place;
    beforeAll(async () => {
      place = await make();
    });
    afterAll(() => place.drop());

    it.each(["full", "delta"] as const)(
      "are tried again, and no caller hears of it (history: %s)",
      { meta, timeout: 60_000 },
      async (history) => {
        await using db = place.open({ history });
        await db.warmup(connections);
        await saveTheSame(db, `fresh_${history}`);
        await expectGapless(db, `fresh_${history}`);
      },
    );

    it("inside a transaction without retries are an error that says to repeat it", {
      meta,
      timeout: 60_000,
    }, async () => {
      await using db = place.open();
      await db.saveEntity("lonely", { id: "first", by: "nobody" });
      const failures: unknown[] = [];
      // Who comes at the same moment is up to chance, and to the machine.
      for (let storms = 0; storms < 20 && failures.length === 0; storms++) {
        await storm(connections, 1, (loop, round) =>
          db
            .transaction((tx) => tx.saveEntities("lonely", [{ id: `r${storms} ${round}`, by: `c${loop}` }]))
            .catch((error: unknown) => failures.push(error)),
        );
      }
      for (const failure of failures) {
        if (failure instanceof DeadlockError) continue;
        expect(failure).toMatchObject({ code: "STRATA_SERIALIZATION", retryable: true });
        expect(Object(failure).message).toMatch(/another transaction saved a record of "lonely"/);
      }
      expect(failures.length).toBeGreaterThan(0);
      await expectGapless(db, "lonely");
    });
  });
});

describe("first saves of one id by many at once: sqlite", () => {
  it.each(["full", "delta"] as const)(
    "are tried again, and no caller hears of it (history: %s)",
    { meta: { backend: "sqlite/async" }, timeout: 60_000 },
    async (history) => {
      const db = new Scratch().open({ history, pool });
      await saveTheSame(db, "fresh");
      await expectGapless(db, "fresh");
    },
  );
});
