import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import {
  type Database,
  DatabaseManager,
  type DatabaseOptions,
  LockTimeoutError,
  QueryTimeoutError,
} from "../../src/index.ts";
import { storm } from "../server-backends/database.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";
import { pause, range } from "./scratch.ts";

/** How long a writer may have to queue behind an index that waits for its table: less than the wait lasts. */
const longestQueueMs = 3_000;

describe.each(["postgres", "mysql"] as const)("an index that is made while others work, on %s", (backend) => {
  describe.skipIf("reason" in inject(backend))("on a server", () => {
    const meta = { backend: `${backend}/async` };
    let database: TestDatabase;
    beforeAll(async () => {
      const server = inject(backend);
      if ("reason" in server) throw new Error(server.reason);
      database = await createDatabase(server);
    });
    afterAll(() => database.drop());

    const open = (options: Partial<DatabaseOptions> = {}): Database =>
      DatabaseManager.connect(database.url, { pool: { maxSize: 8 }, ...options });

    /** Writes in a transaction that keeps the table from being changed until the answered function is called. */
    async function write(entity: string): Promise<() => Promise<void>> {
      const db = open({ alias: "slow writer" });
      const connection = await db.connection();
      await connection.beginTransaction();
      await connection.execute(`UPDATE [${entity}] SET [n] = -1 WHERE [id] = ?`, ["held"]);
      return async () => {
        await connection.rollbackTransaction();
        await connection.close();
        await db.close();
      };
    }

    async function fresh(db: Database, entity: string): Promise<void> {
      await db.saveEntities(entity, [
        { id: "held", n: 0, email: "held@x" },
        { id: "a", n: 0, email: "a@x" },
      ]);
    }

    const indexes = async (db: Database, entity: string) => (await db.describeEntity(entity))?.indexes.length;

    it("waits for a writer, and lets the others pass meanwhile", { meta, timeout: 60_000 }, async () => {
      await using db = open();
      await fresh(db, "passed");
      const letGo = await write("passed");
      let tries = 0;
      const stopCounting = db.on("query", ({ error }) => {
        if (error instanceof LockTimeoutError) tries += 1;
      });
      let made: boolean | undefined;
      const making = db.ensureIndex("passed", ["email"], { unique: true }).then((answer) => {
        made = answer;
      });
      const waits: number[] = [];
      await storm(2, 4, async (loop, round) => {
        const before = performance.now();
        if (loop === 0) await db.saveEntity("passed", { id: "a", n: round + 1 });
        else await db.getEntity("passed", "a");
        waits.push(performance.now() - before);
        await pause(5);
      });
      expect(made).toBeUndefined();
      await letGo();
      await making;
      stopCounting();
      expect(made).toBe(true);
      expect(await indexes(db, "passed")).toBe(1);
      expect(Math.max(...waits)).toBeLessThan(longestQueueMs);
      expect(waits.length).toBeGreaterThan(20);
      expect(tries).toBeGreaterThan(1);
    });

    it("gives up in time when the writer stays", { meta, timeout: 30_000 }, async () => {
      await using db = open();
      await fresh(db, "kept");
      const letGo = await write("kept");
      const startedAt = performance.now();
      const failure: unknown = await db
        .ensureIndex("kept", ["n"], { timeout: 2 })
        .catch((error: unknown) => error);
      expect(failure instanceof LockTimeoutError || failure instanceof QueryTimeoutError).toBe(true);
      expect(performance.now() - startedAt).toBeLessThan(4_000);
      // Nothing of it waits on: who comes behind is not kept.
      await db.saveEntity("kept", { id: "a", n: 1 }, { timeout: 5 });
      await letGo();
      expect(await indexes(db, "kept")).toBe(0);
      expect(await db.ensureIndex("kept", ["n"])).toBe(true);
    });

    it("gives up soon inside a transaction, whose end others may wait for", {
      meta,
      timeout: 30_000,
    }, async () => {
      await using db = open();
      await fresh(db, "inside");
      const letGo = await write("inside");
      const startedAt = performance.now();
      const making = db.transaction((tx) => tx.ensureIndex("inside", ["n"]));
      await expect(making).rejects.toBeInstanceOf(LockTimeoutError);
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      await letGo();
      expect(await indexes(db, "inside")).toBe(0);
    });

    it("is made once, however many ask for it at once", { meta, timeout: 30_000 }, async () => {
      await using db = open();
      await fresh(db, "asked");
      await db.warmup(8);
      const answers = await Promise.all(
        range(16).map((n) => db.ensureIndex("asked", [n % 2 === 0 ? "n" : "email"])),
      );
      expect(answers.filter((made) => made)).toHaveLength(2);
      expect(await indexes(db, "asked")).toBe(2);
    });
  });
});
