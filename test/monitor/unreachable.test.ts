import { createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, inject, it } from "vitest";
import { type Database, DatabaseManager } from "../../src/index.ts";
import { ConnectionHealthMonitor, checkDatabaseHealth, getDatabaseInfo } from "../../src/monitor/index.ts";

const opened: Database[] = [];
const servers: Server[] = [];
const sockets = new Set<Socket>();

function connect(url: string): Database {
  const db = DatabaseManager.connect(url);
  opened.push(db);
  return db;
}

/** Accepts connections and never says a word. */
async function silentPort(): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  servers.push(server);
  return await portOf(server);
}

async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("expected a port");
  return address.port;
}

afterEach(async () => {
  await Promise.all(opened.splice(0).map((db) => db.close({ timeout: 0.1 })));
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  for (const server of servers.splice(0)) server.close();
});

describe.each(["postgres", "mysql"] as const)("%s", (backend) => {
  const urlOf = (port: number) => `${backend}://user:secret-canary@127.0.0.1:${port}/app`;

  it("is unhealthy where nobody listens", async () => {
    const db = connect(urlOf(await closedPort()));
    const startedMs = performance.now();
    const health = await checkDatabaseHealth(db, { timeout: 0.5 });
    expect(performance.now() - startedMs).toBeLessThan(750);
    expect(health).toMatchObject({ healthy: false, error: expect.stringMatching(/./) });
    expect(JSON.stringify(health)).not.toContain("secret-canary");
  });

  it("is unhealthy within the limit where a server accepts and never answers", async () => {
    const db = connect(urlOf(await silentPort()));
    using monitor = new ConnectionHealthMonitor(db, { timeout: 0.4 });
    const startedMs = performance.now();
    const health = await monitor.checkHealth();
    expect(performance.now() - startedMs).toBeLessThan(650);
    expect(health).toMatchObject({ status: "CRITICAL", metrics: { latencyMs: null } });
    expect(health.details).not.toEqual([]);
    expect(JSON.stringify(health)).not.toContain("secret-canary");
  });
});

describe("a server that refuses the login", () => {
  it.for(["postgres", "mysql"] as const)(
    "%s is unhealthy, and no secret is shown",
    async (backend, { skip }) => {
      const found = inject(backend);
      if ("reason" in found) return skip(found.reason);
      const url = new URL(found.url);
      url.password = "secret-canary";
      url.username = "nobody_of_that_name";
      const db = connect(url.href);
      const health = await checkDatabaseHealth(db);
      expect(health.healthy).toBe(false);
      expect(health.error).not.toContain("secret-canary");
      await expect(getDatabaseInfo(db)).rejects.toMatchObject({ outcome: "not_sent" });
    },
  );
});
