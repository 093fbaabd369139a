import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DatabaseManager } from "../../src/index.ts";
import {
  createDatabase,
  type PrivateServer,
  privatePostgres,
  type Standby,
  standbyMissing,
  startStandby,
  type TestDatabase,
} from "../servers/index.ts";

describe.skipIf(standbyMissing() !== undefined)("a standby of PostgreSQL", () => {
  let primary: PrivateServer;
  let standby: Standby;
  let database: TestDatabase;
  let standbyUrl: string;

  beforeAll(async () => {
    primary = await privatePostgres({ binaries: "system" });
    database = await createDatabase(primary);
    await using db = DatabaseManager.connect(database.url);
    await db.saveEntity("users", { id: "a", name: "Ann" });
    // It is copied with all that is there, and its role has to be the primary's.
    standby = await startStandby(primary);
    standbyUrl = standby.urlOf(database.url);
  });
  afterAll(async () => {
    await standby?.close();
    await primary?.close();
  });

  const refusal = {
    name: "ReadOnlyError",
    code: "STRATA_READ_ONLY_SERVER",
    outcome: "rejected",
    retryable: true,
  };

  it("is read from, and left by whoever writes", { meta: { backend: "postgres/async" } }, async () => {
    await using db = DatabaseManager.connect(standbyUrl, { retry: false });
    expect(await db.getEntity("users", "a")).toMatchObject({ name: "Ann" });
    const before = db.getPoolMetrics().destroyed;
    await expect(db.saveEntity("users", { id: "a", name: "Bea" })).rejects.toMatchObject(refusal);
    expect(db.getPoolMetrics().destroyed).toBe(before + 1);
    await expect(db.transaction((tx) => tx.execute("DELETE FROM [users]"))).rejects.toMatchObject(refusal);
    expect(db.getPoolMetrics().destroyed).toBe(before + 2);
    expect(await db.getEntity("users", "a")).toMatchObject({ name: "Ann" });
  });

  it("is left by callers who block, too", { meta: { backend: "postgres/sync" } }, () => {
    using db = DatabaseManager.connectSync(standbyUrl, { retry: false });
    expect(() => db.saveEntity("users", { id: "a", name: "Bea" })).toThrow(expect.objectContaining(refusal));
    expect(db.getEntity("users", "a")).toMatchObject({ name: "Ann" });
  });

  it("is no primary, which is waited for as long as the call may take", async () => {
    await using db = DatabaseManager.connect(standbyUrl, {
      role: "primary",
      connectionAcquisitionTimeout: 0.5,
    });
    await expect(db.execute("SELECT 1")).rejects.toMatchObject({
      code: expect.stringMatching(/STRATA_(POOL_TIMEOUT|READ_ONLY_SERVER)/),
      outcome: "not_sent",
    });
  });

  it("is not what refuses a write in a transaction that only reads, whose connection stays", async () => {
    await using db = DatabaseManager.connect(database.url);
    await db.execute("SELECT 1");
    const before = db.getPoolMetrics().destroyed;
    const write = db.transaction((tx) => tx.execute("DELETE FROM [users]"), { readOnly: true });
    await expect(write).rejects.toMatchObject({ code: "STRATA_READ_ONLY", retryable: false });
    expect(db.getPoolMetrics().destroyed).toBe(before);
    expect(await db.countEntities("users")).toBe(1);
  });
});
