import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Database, DatabaseManager, type QueryEvent, type SyncDatabase } from "../../src/index.ts";
import {
  ConnectionHealthMonitor,
  checkDatabaseHealth,
  checkDatabaseHealthSync,
  getDatabaseInfo,
  getDatabaseInfoSync,
  HealthCheckRegistry,
  onSlowQuery,
} from "../../src/monitor/index.ts";
import { createDatabase } from "../servers/index.ts";

interface Opened {
  readonly url: string;
  readonly drop: () => void | Promise<void>;
}

function sqliteFile(): Opened {
  const folder = mkdtempSync(join(tmpdir(), "strata-monitor-"));
  return {
    url: `sqlite://${join(folder, "test.db")}`,
    drop: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function onServer(backend: "postgres" | "mysql") {
  const found = inject(backend);
  return {
    missing: "reason" in found,
    open: (): Promise<Opened> => {
      if ("reason" in found) throw new Error(found.reason);
      return createDatabase(found);
    },
  };
}

const backends = [
  { backend: "sqlite", version: /^SQLite 3\./, driver: /^better-sqlite3 /, missing: false, open: sqliteFile },
  { backend: "postgres", version: /^PostgreSQL \d/, driver: /^pg /, ...onServer("postgres") },
  { backend: "mysql", version: /^(MariaDB|MySQL) \d/, driver: /^mariadb /, ...onServer("mysql") },
] as const;

for (const { backend, version, driver, missing, open } of backends) {
  describe.skipIf(missing)(backend, { meta: { backend } }, () => {
    let opened: Opened;
    let db: Database;
    let sync: SyncDatabase;

    beforeAll(async () => {
      opened = await open();
      db = DatabaseManager.connect(opened.url, { pool: { maxSize: 4, maxOverflow: 2 } });
      sync = DatabaseManager.connectSync(opened.url);
    });
    afterAll(async () => {
      sync?.close();
      await db?.close();
      await opened?.drop();
    });

    it("answers a ping on both faces", async () => {
      const healthy = {
        healthy: true,
        latencyMs: expect.any(Number),
        timestamp: expect.any(Date),
        error: null,
      };
      expect(await checkDatabaseHealth(db)).toEqual(healthy);
      expect(checkDatabaseHealthSync(sync)).toEqual(healthy);
      expect(await checkDatabaseHealth(sync)).toEqual(healthy);
    });

    it("describes its server, its driver and its connections", async () => {
      const info = await getDatabaseInfo(db);
      expect(info).toEqual({
        backend,
        version: expect.stringMatching(version),
        driver: expect.stringMatching(driver),
        connections: {
          active: expect.any(Number),
          idle: expect.any(Number),
          connecting: 0,
          waiting: 0,
          limit: 6,
        },
        poolSize: 4,
      });
      expect(getDatabaseInfoSync(sync)).toEqual({
        backend,
        version: info.version,
        driver: expect.stringMatching(driver),
        connections: null,
        poolSize: null,
      });
      await db.connection(async () => {
        expect((await getDatabaseInfo(db)).connections).toMatchObject({
          active: expect.toSatisfy((n) => n >= 1),
        });
      });
    });

    it("is well for a monitor, which counts its calls", async () => {
      using monitor = new ConnectionHealthMonitor(db, { latencyWarning: 1 });
      using blocking = new ConnectionHealthMonitor(sync, { latencyWarning: 1 });
      for (let i = 0; i < 3; i++) await db.execute("SELECT 1");
      await expect(db.execute("SELECT no_such_column")).rejects.toThrow();
      sync.execute("SELECT 1");
      const health = await monitor.checkHealth();
      expect(health).toMatchObject({ status: "OK", details: [], metrics: { calls: 4, failures: 0 } });
      expect(health.metrics.poolUtilization).toBeGreaterThanOrEqual(0);
      expect(await blocking.checkHealth()).toMatchObject({
        status: "OK",
        metrics: { calls: 1, poolUtilization: null },
      });
    });

    it("is unusable once every connection is held, and well again after", async () => {
      using monitor = new ConnectionHealthMonitor(db, { timeout: 0.3, latencyWarning: 1 });
      const held = await Promise.all(Array.from({ length: 6 }, () => db.connection()));
      const waiting = db.execute("SELECT 1");
      const startedMs = performance.now();
      const health = await monitor.checkHealth();
      expect(performance.now() - startedMs).toBeLessThan(550);
      expect(health).toMatchObject({
        status: "CRITICAL",
        metrics: { poolUtilization: 1, inUse: 6, waiting: 1, latencyMs: null },
      });
      expect(health.details).toContain("6 of 6 connections are in use");
      expect(health.details[0]).toMatch(/connection/);
      for (const connection of held) await connection.close();
      await waiting;
      await expect.poll(async () => (await monitor.checkHealth()).status).toBe("OK");
    });

    it("can be checked inside a transaction, which is not harmed by it", async () => {
      await db.transaction(async (tx) => {
        expect((await checkDatabaseHealth(db)).healthy).toBe(true);
        await tx.execute("SELECT 1");
      });
    });

    it("tells of slow statements", async () => {
      const slow: QueryEvent[] = [];
      const end = onSlowQuery(db, { threshold: 0 }, (event) => slow.push(event));
      await db.execute("SELECT ?", ["canary"]);
      end();
      await db.execute("SELECT 2");
      expect(slow).toHaveLength(1);
      expect(slow[0]).toMatchObject({ backend, operation: "execute", rowCount: 1 });
      expect(JSON.stringify(slow)).not.toContain("canary");
    });

    it("is one of the checks of a registry", async () => {
      using monitor = new ConnectionHealthMonitor(db, { latencyWarning: 1 });
      const registry = new HealthCheckRegistry();
      registry.register("monitor", monitor.checkHealth);
      registry.register("ping", () => checkDatabaseHealth(db));
      expect(await registry.checkAll()).toMatchObject({
        status: "OK",
        checks: { monitor: { metrics: { failures: 0 } }, ping: { status: "OK" } },
      });
    });
  });
}
