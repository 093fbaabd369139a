import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  CircuitOpenError,
  ConfigurationError,
  ConnectionError,
  DeadlockError,
  UniqueViolationError,
} from "../errors/index.ts";
import { nextDelay, type RetryState, retryPolicy } from "./retry.ts";
import { RetryBudget } from "./retry-budget.ts";

const fresh: RetryState = { retries: 0, startedAtMs: 0, endsAtMs: Number.POSITIVE_INFINITY, budget: 10 };
const transient = new DeadlockError("deadlock");

describe("nextDelay", () => {
  const plain = retryPolicy({ jitter: "none" });

  it("doubles the pause up to the longest", () => {
    const policy = retryPolicy({ jitter: "none", maxRetries: 10, maxDelay: 1, totalTimeout: 1000 });
    const delays = Array.from({ length: 6 }, (_, retries) =>
      nextDelay(policy, { ...fresh, retries }, transient, 0, 0.5),
    );
    expect(delays).toEqual([100, 200, 400, 800, 1000, 1000].map((delayMs) => ({ retry: true, delayMs })));
  });

  it("gives up, and says why", () => {
    const why = (state: Partial<RetryState>, error: unknown = transient, nowMs = 0) =>
      nextDelay(plain, { ...fresh, ...state }, error, nowMs, 0);
    expect(why({ retries: 3 })).toEqual({ retry: false, why: "retries_spent" });
    expect(why({ budget: 0.9 })).toEqual({ retry: false, why: "budget_spent" });
    expect(why({}, transient, 29_900)).toEqual({ retry: false, why: "out_of_time" });
    expect(why({}, transient, 29_899)).toEqual({ retry: true, delayMs: 100 });
    expect(why({ endsAtMs: 100 })).toEqual({ retry: false, why: "out_of_time" });
  });

  it.each([
    [new UniqueViolationError("x"), false],
    [new ConnectionError("x", { outcome: "unknown" }), false],
    [new ConnectionError("x", { outcome: "not_sent" }), true],
    [transient, true],
    [new Error("x"), false],
    ["text", false],
    [undefined, false],
  ])("takes an error for transient only when it says so (%s)", (error, retry) => {
    expect(nextDelay(plain, fresh, error, 0, 0).retry).toBe(retry);
  });

  it("never comes sooner than an open circuit asks for", () => {
    const open = new CircuitOpenError("open", 2500);
    expect(nextDelay(plain, fresh, open, 0, 0)).toEqual({ retry: true, delayMs: 2500 });
    expect(nextDelay(plain, { ...fresh, endsAtMs: 2500 }, open, 0, 0)).toMatchObject({ why: "out_of_time" });
  });

  it("keeps every bound for any policy and any failures", () => {
    const options = fc.record({
      maxRetries: fc.nat(8),
      delay: fc.double({ min: 0, max: 5, noNaN: true }),
      backoffFactor: fc.double({ min: 1, max: 10, noNaN: true }),
      maxDelay: fc.double({ min: 0, max: 20, noNaN: true }),
      totalTimeout: fc.double({ min: 0, max: 60, noNaN: true }),
    });
    const randoms = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }));
    const workMs = fc.infiniteStream(fc.nat(5000));
    fc.assert(
      fc.property(options, fc.nat(60_000), randoms, workMs, (given, endsAtMs, random, work) => {
        const policy = retryPolicy(given);
        let nowMs = 0;
        let retries = 0;
        for (;;) {
          nowMs += work.next().value;
          const state = { retries, startedAtMs: 0, endsAtMs, budget: 5 - retries };
          const decision = nextDelay(policy, state, transient, nowMs, random.next().value);
          if (!decision.retry) break;
          expect(decision.delayMs).toBeGreaterThanOrEqual(0);
          expect(decision.delayMs).toBeLessThanOrEqual(policy.maxDelayMs);
          expect(decision.delayMs).toBeLessThanOrEqual(policy.delayMs * policy.backoffFactor ** retries);
          nowMs += decision.delayMs;
          expect(nowMs).toBeLessThan(Math.min(policy.totalTimeoutMs, endsAtMs));
          retries += 1;
        }
        expect(retries).toBeLessThanOrEqual(Math.min(policy.maxRetries, 5));
      }),
    );
  });
});

describe("retryPolicy", () => {
  it("has the documented defaults", () => {
    expect(retryPolicy()).toMatchObject({
      maxRetries: 3,
      delayMs: 100,
      backoffFactor: 2,
      maxDelayMs: 10_000,
      jitter: "full",
      totalTimeoutMs: 30_000,
    });
  });

  it("refuses what is wrong, all at once", () => {
    const wrong = {
      maxRetries: 1.5,
      delay: -1,
      jitter: "some",
      retryable: true,
      maxDelay: Number.NaN,
      tries: 3,
    };
    const error = thrown(() => Reflect.apply(retryPolicy, undefined, [wrong]));
    expect(error).toBeInstanceOf(ConfigurationError);
    expect(String(error)).toContain("maxRetries: expected a whole number from 0 to 1000, got 1.5");
    expect(String(error)).toContain("delay: expected a number from 0 to 86400, got -1");
    expect(String(error)).toContain('jitter: expected "full" or "none", got a string');
    expect(String(error)).toContain("retryable: expected a function, got a boolean");
    expect(String(error)).toContain("maxDelay: expected a number from 0 to 86400, got NaN");
    expect(String(error)).toContain("tries is unknown; the options are maxRetries, delay");
  });
});

describe("RetryBudget", () => {
  it("gives one retry for ten successes once it is empty", () => {
    const budget = new RetryBudget({ capacity: 2 });
    expect([budget.spend(), budget.spend(), budget.spend()]).toEqual([true, true, false]);
    for (let success = 0; success < 9; success++) budget.succeeded();
    expect(budget.spend()).toBe(false);
    budget.succeeded();
    expect(budget.tokens).toBe(1);
    expect(budget.spend()).toBe(true);
  });

  it("never holds more than its capacity", () => {
    const budget = new RetryBudget();
    budget.succeeded();
    expect(budget.tokens).toBe(10);
    expect(() => new RetryBudget({ capacity: 0 })).toThrow("capacity: expected a number from 1");
  });
});

function thrown(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error;
  }
}
