import { expect, it } from "vitest";
import { describeOnServers } from "./database.ts";
import { type Watched, watch } from "./refusals.ts";

interface Server {
  readonly longestName: string;
  /** Calls that name something by more. The server would cut some of the names in silence, and take them for others. */
  readonly longerNames: readonly (readonly [what: string, call: (db: Watched["db"]) => Promise<unknown>])[];
  /** How many of the 70,000 records are changed again, all at once. */
  readonly changed: number;
}

const servers: Readonly<Record<"postgres" | "mysql", Server>> = {
  postgres: {
    longestName: "63 bytes",
    longerNames: [
      ["an entity", (db) => db.saveEntity("e".repeat(64), { n: 1 })],
      ["an entity's history", (db) => db.saveEntity("e".repeat(60), { n: 1 })],
      ["a field", (db) => db.saveEntity("short", { ["f".repeat(64)]: 1 })],
      ["a name in a query", (db) => db.execute(`SELECT 1 AS [${"n".repeat(64)}]`)],
      ["a name in a query, in bytes", (db) => db.execute(`SELECT 1 AS [${"ñ".repeat(32)}]`)],
    ],
    changed: 70_000,
  },
  mysql: {
    longestName: "64 characters",
    longerNames: [
      ["an entity", (db) => db.saveEntity("e".repeat(65), { n: 1 })],
      ["an entity's history", (db) => db.saveEntity("e".repeat(60), { n: 1 })],
      ["a field", (db) => db.saveEntity("short", { ["f".repeat(65)]: 1 })],
      ["a table in a query", (db) => db.execute(`SELECT 1 FROM [${"n".repeat(65)}]`)],
    ],
    changed: 5_000,
  },
};

describeOnServers("limits of statements", (place) => {
  const { longestName, longerNames, changed } = servers[place.backend];
  const watched = watch(place);

  it.each(longerNames)(`refuses a name over ${longestName} before any SQL: %s`, async (_, call) => {
    const error = await watched.refusal(() => call(watched.db));
    expect(["STRATA_VALIDATION", "STRATA_SQL_SYNTAX"]).toContain(error.code);
    expect(error.outcome).toBe("not_sent");
    expect(watched.sent).toEqual([]);
  });

  it("takes 65,535 values in one statement, and says the limit to those who bring more", async () => {
    const { db, refusal } = watched;
    const ids = Array.from({ length: 70_000 }, (_, n) => `id${n}`);
    await db.saveEntities("many", [{ id: "id3", n: 3 }, { id: "id69999" }]);
    const found = await db.findEntities("many", { where: "[id] IN (?)", params: [ids.slice(0, 65_535)] });
    expect(found.map(({ id }) => id)).toEqual(["id3"]);
    const errors = [
      await refusal(() => db.findEntities("many", { where: "[id] IN (?)", params: [ids] })),
      await refusal(() => db.execute("SELECT COUNT(*) FROM [many] WHERE [id] IN (?)", [ids])),
    ];
    for (const error of errors) {
      expect(error).toMatchObject({ code: "STRATA_SQL_PARAMETER", outcome: "not_sent" });
      expect(error.message).toMatch(/at most 65535 values.*got 70000/);
    }
    // Nothing was written to the socket, so the connection goes on.
    expect([...(await db.execute("SELECT COUNT(*) FROM [many]"))]).toEqual([[2]]);
  });

  it("saves and changes 70,000 records at once, and reads what it has changed by id", async () => {
    const { db } = watched;
    const records = Array.from({ length: 70_000 }, (_, n) => ({ id: `b${n}`, n }));
    await db.saveEntities("bulky", records);
    const again = await db.saveEntities(
      "bulky",
      records.slice(0, changed).map(({ id }) => ({ id, n: -1 })),
    );
    expect(again).toHaveLength(changed);
    expect(again.every(({ version, n }) => version === 2 && n === -1)).toBe(true);
    const [row] = await db.execute("SELECT COUNT(*), MAX([version]) FROM [bulky_history]");
    expect(row).toEqual([70_000 + changed, 2]);
  }, 120_000);
});
