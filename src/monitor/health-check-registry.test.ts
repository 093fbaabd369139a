import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { ConfigurationError, ConnectionError } from "../errors/index.ts";
import { ConnectionHealthMonitor } from "./connection-health-monitor.ts";
import { checkDatabaseHealth } from "./database-health.ts";
import { type HealthCheck, HealthCheckRegistry } from "./health-check-registry.ts";

function registryOf(checks: Readonly<Record<string, HealthCheck>>): HealthCheckRegistry {
  const registry = new HealthCheckRegistry();
  for (const [name, check] of Object.entries(checks)) registry.register(name, check);
  return registry;
}

const target = { ping: () => {} };
const well = () => true;

describe("checkAll", () => {
  it("is OK without checks", async () => {
    const report = await new HealthCheckRegistry().checkAll();
    expect(report).toEqual({ status: "OK", checks: {}, checkedAt: expect.any(Date) });
  });

  it("reads what checks answer", async () => {
    const { status, checks } = await registryOf({
      monitor: new ConnectionHealthMonitor(target).checkHealth,
      ping: () => checkDatabaseHealth(target),
      flag: () => true,
      own: async () => ({ status: "WARNING", details: ["the queue grows"], metrics: { queued: 7 } }),
    }).checkAll();
    expect(status).toBe("WARNING");
    const result = { status: "OK", details: [], metrics: null, durationMs: expect.any(Number) };
    expect(checks).toEqual({
      monitor: { ...result, metrics: expect.objectContaining({ waiting: null, calls: 0 }) },
      ping: result,
      flag: result,
      own: { ...result, status: "WARNING", details: ["the queue grows"], metrics: { queued: 7 } },
    });
  });

  it("takes one that fails, in whatever way, for critical, and runs the others", async () => {
    const { status, checks } = await registryOf({
      fine: () => true,
      thrown: () => {
        throw new ConnectionError("the server is gone");
      },
      rejected: () => Promise.reject(new TypeError("canary value")),
      refused: () => false,
      unhealthy: () => ({ healthy: false, error: "no answer" }),
      foreign: () => Object({ status: "FINE" }),
    }).checkAll();
    expect(status).toBe("CRITICAL");
    const details = Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, check.details]));
    expect(details).toEqual({
      fine: [],
      thrown: ["the server is gone"],
      rejected: ["TypeError"],
      refused: ["the check answered false"],
      unhealthy: ["no answer"],
      foreign: ["expected the check to answer a boolean, a status or whether it is healthy"],
    });
  });

  it("does not wait for one that never answers, tells it so, and knows the others", async () => {
    const stopped: string[] = [];
    const registry = registryOf({
      never: (signal) => {
        signal.addEventListener("abort", () => stopped.push("never"));
        return new Promise(() => {});
      },
      quick: async () => {
        await sleep(5);
        return true;
      },
    });
    const startedMs = performance.now();
    const { checks } = await registry.checkAll({ timeout: 0.05 });
    expect(performance.now() - startedMs).toBeLessThan(300);
    expect(checks.never).toMatchObject({
      status: "CRITICAL",
      details: ["the check gave no answer within 0.05 s"],
    });
    expect(checks.quick?.status).toBe("OK");
    expect(stopped).toEqual(["never"]);
  });

  it("runs the checks at once", async () => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const registry = registryOf({
      first: () => promise,
      second: () => {
        resolve(true);
        return true;
      },
    });
    expect((await registry.checkAll()).status).toBe("OK");
  });

  it.each([{ timeout: 0 }, { timeout: "2" }, { limit: 2 }])("refuses %o", async (options) => {
    const registry = new HealthCheckRegistry();
    await expect(Reflect.apply(registry.checkAll, registry, [options])).rejects.toThrow(ConfigurationError);
  });
});

describe("register", () => {
  it("keeps each name for one check", async () => {
    const registry = registryOf({ database: () => true });
    expect(() => registry.register("database", () => true)).toThrow(/is registered already/);
    expect(registry.unregister("database")).toBe(true);
    expect(registry.unregister("database")).toBe(false);
    registry.register("database", () => false);
    expect((await registry.checkAll()).status).toBe("CRITICAL");
  });

  it("takes __proto__ for a name", async () => {
    const registry = new HealthCheckRegistry();
    registry.register("__proto__", () => true);
    expect(Object.keys((await registry.checkAll()).checks)).toEqual(["__proto__"]);
  });

  it.each([
    ["", well],
    [1, well],
    ["x", true],
  ])("refuses %o with %o", (name, check) => {
    const registry = new HealthCheckRegistry();
    expect(() => Reflect.apply(registry.register, registry, [name, check])).toThrow(ConfigurationError);
  });
});
