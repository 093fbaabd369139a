import { createServer } from "node:net";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { DatabaseManager } from "../../src/index.ts";
import { createDatabase, type TestDatabase } from "../servers/index.ts";

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 1;
}

describe.for(["postgres", "mysql"] as const)("several hosts of %s", (backend) => {
  const server = inject(backend);
  const missing = "reason" in server;
  let database: TestDatabase;

  beforeAll(async () => {
    if (!missing) database = await createDatabase(server);
  });
  afterAll(async () => {
    if (!missing) await database.drop();
  });

  async function several(options: object) {
    const url = new URL(database.url);
    const dead = `127.0.0.1:${await closedPort()}`;
    return {
      database: url.pathname.slice(1),
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      hosts: [dead, url.host],
      ...options,
    };
  }

  it.skipIf(missing)(
    "pass over one that is down, on both faces",
    { meta: { backend: `${backend}/async` } },
    async () => {
      await using db = DatabaseManager.connect(backend, await several({ role: "primary" }));
      expect((await db.execute("SELECT 1")).map(([one]) => Number(one))).toEqual([1]);
      using sync = DatabaseManager.connectSync(backend, await several({ role: "primary" }));
      expect(sync.execute("SELECT 1").map(([one]) => Number(one))).toEqual([1]);
    },
  );

  it.skipIf(missing)("are refused when none can be reached, within the time for connecting", async () => {
    const dead = `127.0.0.1:${await closedPort()}`;
    const options = await several({ hosts: [dead, dead], connectionAcquisitionTimeout: 1 });
    await using db = DatabaseManager.connect(backend, options);
    const started = performance.now();
    await expect(db.execute("SELECT 1")).rejects.toMatchObject({ code: "STRATA_POOL_TIMEOUT" });
    expect(performance.now() - started).toBeLessThan(1500);
  });
});

describe("a primary that takes no more writes", () => {
  const server = inject("mysql");
  const usable = !("reason" in server) && server.origin !== "environment";

  it.skipIf(!usable)(
    "is left, and refused where a primary is wanted",
    { meta: { backend: "mysql/async" } },
    async () => {
      const { startPrivateMariadb, isMissing } = await import("../servers/index.ts");
      const own = await startPrivateMariadb();
      if (isMissing(own)) throw new Error(own.reason);
      try {
        const database = await createDatabase(own);
        const url = new URL(database.url);
        await using db = DatabaseManager.connect("mysql", {
          database: database.name,
          user: decodeURIComponent(url.username),
          password: decodeURIComponent(url.password),
          hosts: [url.host],
          role: "primary",
          connectionAcquisitionTimeout: 2,
        });
        await db.saveEntity("users", { name: "Ann" });
        await db.execute("SET GLOBAL read_only = 1");
        // The account may write all the same, so only a new connection finds out; the old one has to be idle to be closed.
        await expect.poll(() => db.clearIdle()).toBe(1);
        const failure = await db.saveEntity("users", { name: "Bob" }).then(
          () => undefined,
          (error: unknown) => error,
        );
        expect(failure).toMatchObject({
          code: expect.stringMatching(/STRATA_(POOL_TIMEOUT|CONNECTION|READ_ONLY)/),
        });
        expect(failure).not.toBeInstanceOf(TypeError);
        await database.query("SET GLOBAL read_only = 0");
        await db.saveEntity("users", { name: "Cid" });
        expect(await db.countEntities("users")).toBe(2);
      } finally {
        await own.close();
      }
    },
  );

  it.skipIf(!usable)(
    "is left by whoever may not write there, and waited for where a primary is wanted",
    { meta: { backend: "mysql/async" } },
    async () => {
      const { startPrivateMariadb, isMissing } = await import("../servers/index.ts");
      const own = await startPrivateMariadb();
      if (isMissing(own)) throw new Error(own.reason);
      try {
        const database = await createDatabase(own);
        // An account that read_only applies to.
        await database.query("CREATE USER app@'%' IDENTIFIED BY 'app'");
        await database.query(`GRANT ALL ON ${database.name}.* TO app@'%'`);
        const options = {
          database: database.name,
          user: "app",
          password: "app",
          host: new URL(database.url).hostname,
          port: Number(new URL(database.url).port),
        };
        await using anyServer = DatabaseManager.connect("mysql", { ...options, retry: false });
        await using primary = DatabaseManager.connect("mysql", { ...options, role: "primary" });
        using blocking = DatabaseManager.connectSync("mysql", { ...options, retry: false });
        for (const db of [anyServer, primary]) await db.saveEntity("users", { name: "Ann" });
        blocking.saveEntity("users", { name: "Ann" });

        await database.query("SET GLOBAL read_only = 1");
        const refusal = { code: "STRATA_READ_ONLY_SERVER", outcome: "rejected", retryable: true };
        const before = anyServer.getPoolMetrics().destroyed;
        await expect(anyServer.saveEntity("users", { name: "Bob" })).rejects.toMatchObject(refusal);
        expect(anyServer.getPoolMetrics().destroyed).toBe(before + 1);
        await expect(
          anyServer.transaction((tx) => tx.saveEntity("users", { name: "Bob" })),
        ).rejects.toMatchObject(refusal);
        expect(() => blocking.saveEntity("users", { name: "Bob" })).toThrow(expect.objectContaining(refusal));
        // In time for the end of the call, whatever becomes of its first tries.
        const waiting = primary.saveEntity("users", { name: "Cid" }, { timeout: 20 });
        await new Promise((resolve) => setTimeout(resolve, 500));
        await database.query("SET GLOBAL read_only = 0");
        await waiting;
        await anyServer.saveEntity("users", { name: "Dan" });
        blocking.saveEntity("users", { name: "Dan" });
        expect(await primary.countEntities("users")).toBe(6);
      } finally {
        await own.close();
      }
    },
  );
});
