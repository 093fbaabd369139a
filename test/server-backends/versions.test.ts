import { expect, it } from "vitest";
import { type Database, DatabaseManager, type DatabaseOptions } from "../../src/index.ts";
import { connectWithoutBlocks } from "../mysql/connect-without-blocks.ts";
import { describeOnServers, storm } from "./database.ts";

const connections = 8;
const pool = { maxSize: connections };

interface Way {
  /** How a version is stored. */
  readonly by: string;
  readonly history: "full" | "delta";
  /** Of each connection. */
  readonly saves: number;
  readonly connect: (url: string, options: Partial<DatabaseOptions>) => Database;
}

const { connect } = DatabaseManager;
const block = "in a block of the server's";
const together = "by statements that are sent together";

const ways: Readonly<Record<"postgres" | "mysql", readonly Way[]>> = {
  postgres: [
    { by: "by one statement", history: "full", saves: 1000, connect },
    { by: "by several statements", history: "delta", saves: 250, connect },
  ],
  mysql: [
    { by: block, history: "full", saves: 1000, connect },
    { by: together, history: "full", saves: 250, connect: connectWithoutBlocks },
    { by: block, history: "delta", saves: 250, connect },
  ],
};

describeOnServers("versions of one record, written by many connections", (place) => {
  let entities = 0;
  const fresh = (name: string) => `${name}${++entities}`;

  /** The versions that the history has, as a run from the first to the last. */
  async function expectGapless(db: Database, entity: string, id: string): Promise<number> {
    const history = await db.getEntityHistory(entity, id, { deserialize: true });
    const versions = history.map(({ version }) => version);
    expect(versions).toEqual(versions.map((_, i) => i + 1));
    return versions.length;
  }

  it.each(ways[place.backend])(
    "counts 1, 2, 3 … without a gap or a double: $by, history: $history",
    async ({ connect, history, saves }) => {
      await using db = connect(place.database.url, { history, pool });
      const entity = fresh("counters");
      await db.saveEntity(entity, { id: "one", by: "nobody", n: -1 });
      const answered: number[] = [];
      await Promise.all(
        Array.from({ length: connections }, async (_, by) => {
          await using connection = await db.connection();
          for (let n = 0; n < saves; n++) {
            answered.push((await connection.saveEntity(entity, { id: "one", by: `c${by}`, n })).version);
          }
        }),
      );
      const total = connections * saves + 1;
      expect(answered.toSorted((a, b) => a - b)).toEqual(Array.from({ length: total - 1 }, (_, i) => i + 2));
      expect(await expectGapless(db, entity, "one")).toBe(total);
      const last = await db.getEntityByVersion(entity, "one", total, { deserialize: true });
      const stored = await db.getEntity(entity, "one", { deserialize: true });
      expect(stored).toMatchObject({ version: total, by: last?.by, n: last?.n });
    },
    120_000,
  );

  it.each(ways[place.backend])(
    "stays gapless while one id is deleted, removed and made again: $by, history: $history",
    async ({ connect, history }) => {
      await using db = connect(place.database.url, { history, pool });
      const entity = fresh("ghosts");
      let changes = 0;
      const change = async (loop: number, round: number): Promise<unknown> => {
        switch ((loop + round) % 4) {
          case 0:
            return await db.deleteEntity(entity, "one");
          case 1:
            return await db.deleteEntity(entity, "one", { permanent: true });
          case 2:
            return await db.restoreEntity(entity, "one");
          default:
            return await db.saveEntity(entity, { id: "one", loop, round });
        }
      };
      await storm(connections, 4, async (loop, round) => {
        await change(loop, round);
        changes += 1;
      });
      expect(changes).toBeGreaterThan(100);
      const last = await expectGapless(db, entity, "one");
      const stored = await db.getEntity(entity, "one", { deserialize: true, includeDeleted: true });
      const newest = await db.getEntityByVersion(entity, "one", last, { deserialize: true });
      if (stored === null) expect(newest?.history_operation).toBe("purge");
      else expect(stored.version).toBe(last);
    },
    60_000,
  );

  it.each(ways[place.backend])(
    "counts on from a past of which only the newest version is left: $by, history: $history",
    async ({ connect, history }) => {
      await using db = connect(place.database.url, { history });
      const entity = fresh("pasts");
      await db.saveEntity(entity, { id: "one", n: 1 });
      await db.saveEntity(entity, { id: "one", n: 2 });
      await db.deleteEntity(entity, "one", { permanent: true });
      expect(await db.pruneHistory(entity, { keepVersions: 1 })).toBe(2);
      // So many that the store takes the next record to be new as well, and does not look first.
      for (let n = 0; n < 5; n++) await db.saveEntity(entity, { id: `new ${n}`, n });
      expect((await db.saveEntity(entity, { id: "one", n: 3 })).version).toBe(4);
    },
  );

  it("takes many new ids at once, each from several connections", async () => {
    await using db = place.open({ pool });
    await db.saveEntity("crowded", { id: "first", by: 0 });
    await storm(connections, 3, (loop, round) => db.saveEntity("crowded", { id: `r${round}`, by: loop }));
    const [main, history, last] = await Promise.all([
      db.execute("SELECT [id], [version] FROM [crowded] ORDER BY [id]"),
      db.execute("SELECT [id], MAX([version]) FROM [crowded_history] GROUP BY [id] ORDER BY [id]"),
      db.execute("SELECT [id], COUNT(*) FROM [crowded_history] GROUP BY [id] ORDER BY [id]"),
    ]);
    expect(main.length).toBeGreaterThan(100);
    expect([...main]).toEqual([...history]);
    expect([...main]).toEqual([...last]);
  }, 30_000);

  it("counts on in bulk saves of records that others save too", async () => {
    await using db = place.open({ pool });
    const ids = ["a", "b", "c", "d", "e"];
    await storm(connections, 3, async (loop, round) => {
      const shuffled = loop % 2 === 0 ? ids : ids.toReversed();
      if (loop < 4)
        await db.saveEntities(
          "crowd",
          shuffled.map((id) => ({ id, loop, round })),
        );
      else await db.saveEntity("crowd", { id: ids[round % ids.length] ?? "a", loop, round });
    });
    for (const id of ids) {
      const versions = await expectGapless(db, "crowd", id);
      expect((await db.getEntity("crowd", id, { deserialize: true }))?.version).toBe(versions);
    }
  }, 30_000);
});
