import { describe, expect, it } from "vitest";
import {
  AbortedError,
  ConfigurationError,
  ConnectionError,
  QueryTimeoutError,
  StorageError,
  UniqueViolationError,
} from "../errors/index.ts";
import { Emitter } from "../observe/emitter.ts";
import type { QueryEvent } from "../observe/events.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import {
  ConnectionHealthMonitor,
  type HealthTarget,
  type PoolHealthFigures,
} from "./connection-health-monitor.ts";

// How it judges real databases is in test/monitor.

const quiet: PoolHealthFigures = {
  size: 2,
  inUse: 0,
  idle: 2,
  waiting: 0,
  hardLimit: 10,
  utilization: 0,
  timeouts: 0,
  refused: 0,
};

/** Whatever answers pings, with a pool whose figures can be set. */
class Target implements HealthTarget {
  readonly events = new Emitter<{ query: QueryEvent }>();
  figures = quiet;
  pings: number[] = [];

  async ping({ timeout }: { readonly timeout: number }): Promise<void> {
    this.pings.push(timeout);
  }
  getPoolMetrics(): PoolHealthFigures {
    return this.figures;
  }
  on(name: "query", listener: (event: QueryEvent) => void): () => void {
    return this.events.on(name, listener);
  }
  query(error?: Error): void {
    this.events.emit("query", {
      database: "test",
      backend: "test",
      sql: "SELECT 1",
      operation: "execute",
      durationMs: 1,
      rowCount: error === undefined ? 1 : undefined,
      error,
      tags: undefined,
    });
  }
}

function monitored(target = new Target()) {
  const clock = new FakeClock();
  return { target, clock, monitor: new ConnectionHealthMonitor(target, {}, clock) };
}

describe("checkHealth", () => {
  it("answers the figures of the pool and of the calls, and when they were taken", async () => {
    const { target, monitor } = monitored();
    target.figures = { ...quiet, size: 6, inUse: 4, idle: 2, waiting: 1, utilization: 0.4 };
    for (let i = 0; i < 18; i++) target.query();
    const { checkHealth } = monitor;
    expect(await checkHealth()).toEqual({
      status: "OK",
      details: [],
      metrics: {
        poolUtilization: 0.4,
        poolSize: 6,
        inUse: 4,
        idle: 2,
        waiting: 1,
        calls: 18,
        failures: 0,
        errorRate: 0,
        latencyMs: 0,
        circuit: null,
      },
      checkedAt: expect.any(Date),
    });
  });

  it("counts the failures that speak against the database, for as long as the window", async () => {
    const { target, monitor, clock } = monitored();
    const failures = [new ConnectionError("lost"), new QueryTimeoutError("slow"), new StorageError("full")];
    for (const error of failures) target.query(error);
    target.query(new UniqueViolationError("taken"));
    target.query(new AbortedError("enough"));
    for (let i = 0; i < 6; i++) target.query();
    expect(await monitor.checkHealth()).toMatchObject({
      status: "CRITICAL",
      details: ["3 of 10 calls in the last 60 s failed"],
      metrics: { calls: 10, failures: 3, errorRate: 0.3 },
    });
    await clock.advance(61_000);
    expect(await monitor.checkHealth()).toMatchObject({ status: "OK", metrics: { calls: 0, errorRate: 0 } });
  });

  it("counts callers who got no connection, each once, and none from before its time", async () => {
    const target = new Target();
    target.figures = { ...quiet, timeouts: 100 };
    const { monitor } = monitored(target);
    target.figures = { ...quiet, timeouts: 108, refused: 4 };
    for (let i = 0; i < 2; i++) {
      expect((await monitor.checkHealth()).metrics).toMatchObject({ calls: 12, failures: 12 });
    }
  });

  it("looks at the pool before its own ping", async () => {
    const target = new Target();
    const { monitor } = monitored(target);
    target.ping = async () => {
      target.figures = { ...quiet, inUse: 10, utilization: 1 };
    };
    expect((await monitor.checkHealth()).metrics.inUse).toBe(0);
  });

  it("stops listening when it is closed", async () => {
    const { target, monitor } = monitored();
    expect(target.events.has("query")).toBe(true);
    {
      using closing = monitor;
      await closing.checkHealth();
    }
    expect(target.events.has("query")).toBe(false);
  });

  it("pings outside of the transaction around it", async () => {
    const target: HealthTarget = {
      ping: () => {
        if (!outside) throw new Error("inside");
      },
      outsideTransaction(fn) {
        outside = true;
        return fn();
      },
    };
    let outside = false;
    expect((await new ConnectionHealthMonitor(target).checkHealth()).status).toBe("OK");
  });

  it("does without a pool, events and a breaker", async () => {
    const monitor = new ConnectionHealthMonitor({ ping: () => {} });
    expect((await monitor.checkHealth()).metrics).toMatchObject({
      poolUtilization: null,
      waiting: null,
      circuit: null,
    });
    monitor.close();
  });

  it("knows the circuit breaker's state", async () => {
    const monitor = new ConnectionHealthMonitor({ ping: () => {}, circuit: "half_open" });
    expect(await monitor.checkHealth()).toMatchObject({
      status: "WARNING",
      metrics: { circuit: "half_open" },
    });
  });
});

describe("a target in trouble", () => {
  it("that does not answer is critical within the limit, of which it knows", async () => {
    const target = new Target();
    target.ping = ({ timeout }) => {
      target.pings.push(timeout);
      return new Promise(() => {});
    };
    const monitor = new ConnectionHealthMonitor(target, { timeout: 0.05 });
    const startedMs = performance.now();
    expect(await monitor.checkHealth()).toMatchObject({
      status: "CRITICAL",
      details: ["the database gave no answer within 0.05 s"],
      metrics: { latencyMs: null },
    });
    expect(performance.now() - startedMs).toBeLessThan(300);
    expect(target.pings[0]).toBeCloseTo(0.045);
  });

  it("that throws is critical, and shows no foreign message", async () => {
    const ping = () => {
      throw Object.assign(new Error("password canary"), { code: "EBROKEN" });
    };
    const getPoolMetrics = () => {
      throw new Error("broken");
    };
    const monitor = new ConnectionHealthMonitor({ ping, getPoolMetrics });
    expect(await monitor.checkHealth()).toMatchObject({ status: "CRITICAL", details: ["Error (EBROKEN)"] });
  });

  it("that rejects with an error of the library is critical, in its words", async () => {
    const monitor = new ConnectionHealthMonitor({
      ping: () => Promise.reject(new ConnectionError("the server is gone")),
    });
    expect((await monitor.checkHealth()).details).toEqual(["the server is gone"]);
  });
});

describe("wrong options", () => {
  it("are refused when the monitor is made", () => {
    expect(() => new ConnectionHealthMonitor({ ping: () => {} }, { timeout: -1 })).toThrow(
      ConfigurationError,
    );
  });
});
