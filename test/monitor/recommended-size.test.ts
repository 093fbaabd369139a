import { describe, expect, inject, it } from "vitest";
import { DatabaseManager } from "../../src/index.ts";
import { createDatabase } from "../servers/index.ts";

describe.for(["postgres", "mysql"] as const)("the recommended size of a pool, on %s", (backend) => {
  const server = inject(backend);

  it.skipIf("reason" in server)(
    "follows from what the server accepts, on both faces",
    { meta: { backend: `${backend}/async` } },
    async () => {
      if ("reason" in server) throw new Error(server.reason);
      const database = await createDatabase(server);
      try {
        await using db = DatabaseManager.connect(database.url);
        using sync = DatabaseManager.connectSync(database.url);
        const { maxSize, maxOverflow } = await db.recommendPoolSize({ cores: 4 });
        expect([maxSize, maxOverflow]).toEqual([9, 9]);
        expect(sync.recommendPoolSize({ cores: 4 })).toEqual({ maxSize, maxOverflow });
        const shared = await db.recommendPoolSize({ cores: 4, processes: 3 });
        expect(shared.maxSize).toBe(3);
        // More processes than the server has connections: no size is right.
        await expect(db.recommendPoolSize({ cores: 4, processes: 1_000_000 })).rejects.toThrow(
          'expected "serverMaxConnections" to leave each of 1000000 processes a connection',
        );
        await expect(db.recommendPoolSize({ cores: 0 })).rejects.toThrow('expected "cores" to be 1 or more');
      } finally {
        await database.drop();
      }
    },
  );
});

describe("the recommended size of a pool, on sqlite", () => {
  it("is refused, for there is no server", { meta: { backend: "sqlite/async" } }, async () => {
    await using db = DatabaseManager.connect("sqlite", { database: ":memory:" });
    await expect(db.recommendPoolSize()).rejects.toMatchObject({ code: "STRATA_UNSUPPORTED" });
    using sync = DatabaseManager.connectSync("sqlite", { database: ":memory:" });
    expect(() => sync.recommendPoolSize()).toThrow("sqlite has no server");
  });
});
