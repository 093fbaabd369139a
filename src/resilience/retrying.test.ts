import { describe, expect, it } from "vitest";
import { DeadlockError, UniqueViolationError } from "../errors/index.ts";
import { type Awaitable, type Operation, runAsync, runSync, wait } from "../operation/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { Deadline } from "./deadline.ts";
import { retryPolicy } from "./retry.ts";
import { RetryBudget } from "./retry-budget.ts";
import { retrying } from "./retrying.ts";
import { asyncSleep, blockingSleep } from "./sleep.ts";

/** Work that fails so many times before it answers which try it was. */
function failing(
  times: number,
  error: unknown = new DeadlockError("deadlock"),
  answer?: () => Awaitable<void>,
) {
  return function* work(attempt: number): Operation<number> {
    if (answer !== undefined) yield* wait(answer());
    if (attempt <= times) throw error;
    return attempt;
  };
}

const policy = retryPolicy({ jitter: "none" });

describe("retrying", () => {
  it("serves a caller who awaits", async () => {
    const clock = new FakeClock();
    const events: number[] = [];
    const result = runAsync(
      retrying(
        failing(2, undefined, () => Promise.resolve()),
        policy,
        asyncSleep(clock),
        {
          clock,
          onRetry: ({ retry, delayMs }) => events.push(retry, delayMs),
        },
      ),
    );
    await clock.advance(99);
    expect(events).toEqual([1, 100]);
    await clock.advance(1);
    expect(events).toEqual([1, 100, 2, 200]);
    await clock.advance(200);
    expect(await result).toBe(3);
    expect(clock.timers).toBe(0);
  });

  it("serves a caller who blocks", () => {
    const slept: number[] = [];
    const sleep = (ms: number) => {
      slept.push(ms);
    };
    expect(runSync(retrying(failing(3), policy, sleep))).toBe(4);
    expect(slept).toEqual([100, 200, 400]);
    const startMs = performance.now();
    expect(runSync(retrying(failing(1), retryPolicy({ delay: 0.02, jitter: "none" }), blockingSleep))).toBe(
      2,
    );
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(19);
  });

  it("throws the last error when the policy gives up", () => {
    const tries: number[] = [];
    function* work(attempt: number): Operation<never> {
      tries.push(yield* wait(attempt));
      throw new DeadlockError(`try ${attempt}`);
    }
    expect(() => runSync(retrying(work, policy, () => {}))).toThrow("try 4");
    expect(tries).toEqual([1, 2, 3, 4]);
  });

  it("does not repeat what may not pass", () => {
    const tries: number[] = [];
    function* work(attempt: number): Operation<never> {
      tries.push(yield* wait(attempt));
      throw new UniqueViolationError("taken");
    }
    expect(() => runSync(retrying(work, policy, () => {}))).toThrow("taken");
    expect(tries).toEqual([1]);
  });

  it("keeps to the caller's deadline", () => {
    const clock = new FakeClock();
    const environment = { clock, deadline: Deadline.after(100, clock) };
    expect(() => runSync(retrying(failing(1), policy, () => {}, environment))).toThrow("deadlock");
  });

  it("shares a budget", () => {
    const budget = new RetryBudget({ capacity: 4 });
    expect(runSync(retrying(failing(3), policy, () => {}, { budget }))).toBe(4);
    expect(budget.tokens).toBe(1.1);
    expect(() => runSync(retrying(failing(3), policy, () => {}, { budget }))).toThrow("deadlock");
    expect(budget.tokens).toBeCloseTo(0.1);
  });
});
