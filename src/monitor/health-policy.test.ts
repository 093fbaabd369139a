import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { type Findings, healthPolicy, judge } from "./health-policy.ts";
import type { HealthMetrics } from "./health-status.ts";

const well: HealthMetrics = {
  poolUtilization: 0.2,
  poolSize: 5,
  inUse: 2,
  idle: 3,
  waiting: 0,
  calls: 100,
  failures: 0,
  errorRate: 0,
  latencyMs: 1,
  circuit: "closed",
};

function findings(metrics: Partial<HealthMetrics> = {}, others: Partial<Findings> = {}): Findings {
  return { metrics: { ...well, ...metrics }, hardLimit: 10, failure: null, ...others };
}

const policy = healthPolicy();

describe("judge", () => {
  it("finds nothing where all is well", () => {
    expect(judge(findings(), policy)).toEqual({ status: "OK", details: [] });
  });

  it.each([
    ["utilization", { poolUtilization: 0.8, inUse: 8 }, "WARNING", "8 of 10 connections are in use"],
    ["utilization", { poolUtilization: 1, inUse: 10 }, "CRITICAL", "10 of 10 connections are in use"],
    ["waiting", { waiting: 5 }, "WARNING", "5 callers wait for a connection"],
    ["waiting", { waiting: 20 }, "CRITICAL", "20 callers wait for a connection"],
    ["error rate", { failures: 5, errorRate: 0.05 }, "WARNING", "5 of 100 calls in the last 60 s failed"],
    ["error rate", { failures: 25, errorRate: 0.25 }, "CRITICAL", "25 of 100 calls in the last 60 s failed"],
    ["latency", { latencyMs: 200 }, "WARNING", "a ping took 0.200 s"],
    ["latency", { latencyMs: 1000 }, "CRITICAL", "a ping took 1.000 s"],
    ["breaker", { circuit: "half_open" }, "WARNING", "the circuit breaker lets only trial calls through"],
    [
      "breaker",
      { circuit: "open" },
      "CRITICAL",
      "the circuit breaker is open: calls are refused for a while",
    ],
  ] as const)("grades the %s %o as %s", (_name, metrics, status, detail) => {
    expect(judge(findings(metrics), policy)).toEqual({ status, details: [detail] });
  });

  it("takes a figure just below its limit for well", () => {
    const below = { poolUtilization: 0.799, waiting: 4, failures: 4, errorRate: 0.0499, latencyMs: 199.9 };
    expect(judge(findings(below), policy).status).toBe("OK");
  });

  it("is critical without a sign of life, and says why", () => {
    const found = findings({ latencyMs: null }, { failure: "connection refused" });
    expect(judge(found, policy)).toEqual({ status: "CRITICAL", details: ["connection refused"] });
  });

  it("is as bad as the worst, and names each", () => {
    const { status, details } = judge(findings({ waiting: 5, latencyMs: 2000 }), policy);
    expect(status).toBe("CRITICAL");
    expect(details).toHaveLength(2);
  });

  it("does not look at what is not known, or says too little", () => {
    const unknown = { poolUtilization: null, waiting: null, latencyMs: null, circuit: null };
    expect(judge(findings(unknown, { hardLimit: null }), policy).status).toBe("OK");
    expect(judge(findings({ calls: 9, failures: 9, errorRate: 1 }), policy).status).toBe("OK");
    expect(judge(findings({ poolUtilization: 1, inUse: 1 }, { hardLimit: 1 }), policy).status).toBe("OK");
  });

  it("never gets better when a figure gets worse", () => {
    const order = ["OK", "WARNING", "CRITICAL"];
    const figure = fc.record({
      poolUtilization: fc.double({ min: 0, max: 1, noNaN: true }),
      waiting: fc.nat(50),
      latencyMs: fc.nat(3000),
    });
    fc.assert(
      fc.property(figure, figure, (one, two) => {
        const worse = {
          poolUtilization: Math.max(one.poolUtilization, two.poolUtilization),
          waiting: Math.max(one.waiting, two.waiting),
          latencyMs: Math.max(one.latencyMs, two.latencyMs),
        };
        const grade = (metrics: Partial<HealthMetrics>) =>
          order.indexOf(judge(findings(metrics), policy).status);
        expect(grade(worse)).toBeGreaterThanOrEqual(Math.max(grade(one), grade(two)));
      }),
    );
  });
});

describe("healthPolicy", () => {
  it("takes 0 failures for well even where 0 is the limit", () => {
    expect(judge(findings(), healthPolicy({ errorRateWarning: 0 })).status).toBe("OK");
  });

  it("refuses what cannot be, all at once", () => {
    expect(() => healthPolicy({ timeout: 0, utilizationWarning: 1.5, waitingCritical: 1.5 })).toThrow(
      new ConfigurationError(
        "health options: timeout: expected a number from 0.001 to 86400, got 0; utilizationWarning: expected a number from 0 to 1, got 1.5; waitingCritical: expected a whole number from 1 to 1000000000, got 1.5",
      ),
    );
    expect(() => Reflect.apply(healthPolicy, undefined, [{ utilisation: 1 }])).toThrow(ConfigurationError);
  });

  it.each([
    { utilizationWarning: 0.96 },
    { waitingCritical: 4 },
    { errorRateWarning: 0.5, errorRateCritical: 0.4 },
    { latencyWarning: 2 },
  ])("refuses a warning above its critical limit: %o", (options) => {
    expect(() => healthPolicy(options)).toThrow(/at most/);
  });
});
