import { describe, expect, it } from "vitest";
import { Call } from "../connection/index.ts";
import {
  CircuitOpenError,
  ConnectionError,
  ConnectTimeoutError,
  type Outcome,
  ReadOnlyError,
  UniqueViolationError,
} from "../errors/index.ts";
import { type Operation, runAsync, wait } from "../operation/index.ts";
import { type CircuitBreakerOptions, type RetryOptions, retryPolicy } from "../resilience/index.ts";
import { fakeEnvironment } from "../testing/fake-environment.ts";
import { Guard, writes } from "./guard.ts";

interface Settings {
  readonly retry?: RetryOptions | false;
  readonly circuitBreaker?: CircuitBreakerOptions;
}

const steady = { delay: 0.1, jitter: "none" } as const;
const reads = () => true;

/** A guard whose pauses take no real time: the clock is moved on until the call has ended. */
function guarded({ retry = steady, circuitBreaker }: Settings = {}) {
  const environment = fakeEnvironment();
  const { clock } = environment;
  const settings = { circuitBreaker, retry: retry === false ? undefined : retryPolicy(retry) };
  const guard = new Guard(environment, settings, environment.events);
  async function run<T>(
    attempt: () => Operation<T>,
    { repeatable = writes, timeoutMs = 60_000, signal }: RunOptions = {},
  ) {
    const call = new Call("test", clock, timeoutMs, signal);
    let running = true;
    const answer = runAsync(guard.run(call, repeatable, attempt)).finally(() => {
      running = false;
    });
    answer.catch(() => {});
    while (running) await clock.advance(50);
    return await answer;
  }
  return { environment, guard, run };
}

interface RunOptions {
  readonly repeatable?: () => boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** Work that fails so many times, and then answers how often it was tried. */
function failing(times: number, error: () => Error) {
  const work = {
    tries: 0,
    block: () => {
      work.tries += 1;
      if (work.tries <= times) throw error();
      return work.tries;
    },
    attempt: () => operation(work.block),
  };
  return work;
}

function* operation<T>(work: () => T): Operation<T> {
  return yield* wait(work());
}

const lost = (outcome: Outcome) => () => new ConnectionError("lost", { outcome });
/** What speaks against the database as a whole. */
const down = () => new ConnectionError("refused", { outcome: "not_sent", operation: "connect" });

describe("Guard.run", () => {
  it("runs a call once when it succeeds", async () => {
    const { run, environment } = guarded();
    expect(await run(failing(0, lost("unknown")).attempt)).toBe(1);
    expect(environment.pauses).toEqual([]);
  });

  it("repeats whatever was not sent, with growing pauses", async () => {
    const { run, environment } = guarded();
    expect(await run(failing(3, lost("not_sent")).attempt)).toBe(4);
    expect(environment.pauses).toEqual([100, 200, 400]);
  });

  it("repeats a read whose answer was lost, and never a write", async () => {
    const { run } = guarded();
    expect(await run(failing(2, lost("unknown")).attempt, { repeatable: reads })).toBe(3);
    const write = failing(1, lost("unknown"));
    await expect(run(write.attempt)).rejects.toThrow("lost");
    expect(write.tries).toBe(1);
  });

  it("does not repeat a write that was sent by the second try", async () => {
    const { run } = guarded();
    const work = failing(
      2,
      () => new ConnectionError("lost", { outcome: work.tries === 1 ? "not_sent" : "unknown" }),
    );
    await expect(run(work.attempt)).rejects.toMatchObject({ outcome: "unknown" });
    expect(work.tries).toBe(2);
  });

  it.each([
    ["an answer of the database", () => new UniqueViolationError("there")],
    [
      "a refused login",
      () => new ConnectionError("no", { outcome: "not_sent" }, "STRATA_CONNECTION_REFUSED"),
    ],
    ["a connect that took all its time", () => new ConnectTimeoutError("late")],
    ["an error of the caller's own", () => new RangeError("mine")],
  ])("does not repeat after %s", async (_, error) => {
    const { run } = guarded();
    const work = failing(1, error);
    await expect(run(work.attempt, { repeatable: reads })).rejects.toThrow(error().message);
    expect(work.tries).toBe(1);
  });

  it("repeats a write that a standby refused, and none that a transaction refused", async () => {
    const { run } = guarded();
    const standby = failing(1, () => new ReadOnlyError("standby", {}, "STRATA_READ_ONLY_SERVER"));
    expect(await run(standby.attempt)).toBe(2);
    const transaction = failing(1, () => new ReadOnlyError("read-only transaction"));
    await expect(run(transaction.attempt, { repeatable: reads })).rejects.toThrow("read-only transaction");
    expect(transaction.tries).toBe(1);
  });

  it("asks whether a call may be repeated only when that matters", async () => {
    const { run } = guarded();
    const repeatable = (): boolean => {
      throw new Error("asked");
    };
    expect(await run(failing(1, lost("not_sent")).attempt, { repeatable })).toBe(2);
    await expect(run(failing(1, lost("unknown")).attempt, { repeatable })).rejects.toThrow("asked");
  });

  it("gives up after maxRetries, with the last error", async () => {
    const { run } = guarded({ retry: { ...steady, maxRetries: 2 } });
    const work = failing(9, () => new ConnectionError(`lost ${work.tries}`, { outcome: "not_sent" }));
    await expect(run(work.attempt)).rejects.toThrow("lost 3");
    expect(work.tries).toBe(3);
  });

  it("begins no try beyond the call's own time, nor after its signal has aborted", async () => {
    const { run } = guarded();
    const slow = failing(9, lost("not_sent"));
    await expect(run(slow.attempt, { timeoutMs: 250 })).rejects.toThrow("lost");
    expect(slow.tries).toBe(2);
    const controller = new AbortController();
    const aborted = failing(9, () => {
      controller.abort();
      return new ConnectionError("lost", { outcome: "not_sent" });
    });
    await expect(run(aborted.attempt, { signal: controller.signal })).rejects.toThrow("lost");
    expect(aborted.tries).toBe(1);
  });

  it("ends a pause at once when the signal aborts, with the abort", async () => {
    const { run, environment } = guarded({ retry: { delay: 20, maxDelay: 20, jitter: "none" } });
    const controller = new AbortController();
    const work = failing(9, lost("not_sent"));
    environment.clock.setTimer(() => controller.abort(new Error("enough")), 500);
    await expect(run(work.attempt, { signal: controller.signal })).rejects.toMatchObject({
      code: "STRATA_ABORTED",
      outcome: "not_sent",
      cause: new Error("enough"),
    });
    expect(work.tries).toBe(1);
    expect(environment.clock.now()).toBeLessThan(1_000);
  });

  it("repeats nothing when retries are switched off, or the policy says no", async () => {
    for (const retry of [
      false,
      { ...steady, retryable: () => false },
      { ...steady, maxRetries: 0 },
    ] as const) {
      const { run } = guarded({ retry });
      const work = failing(1, lost("not_sent"));
      await expect(run(work.attempt, { repeatable: reads })).rejects.toThrow("lost");
      expect(work.tries).toBe(1);
    }
  });

  it("shares one budget among all calls: when it is spent, errors go to their callers at once", async () => {
    const { run } = guarded({ retry: { ...steady, maxRetries: 1 } });
    const tries: number[] = [];
    for (let i = 0; i < 12; i++) {
      const work = failing(9, lost("not_sent"));
      await expect(run(work.attempt)).rejects.toThrow("lost");
      tries.push(work.tries);
    }
    expect(tries).toEqual([...Array(10).fill(2), 1, 1]);
    for (let i = 0; i < 10; i++) await run(failing(0, lost("not_sent")).attempt);
    const work = failing(1, lost("not_sent"));
    expect(await run(work.attempt)).toBe(2);
  });
});

describe("the circuit breaker of a guard", () => {
  const circuitBreaker = { failureThreshold: 2, recoveryTimeout: 10, halfOpenMaxCalls: 1 };

  it("opens after failures, refuses without a try, and closes after a trial call; each is told", async () => {
    const { run, guard, environment } = guarded({ retry: false, circuitBreaker });
    const changes: unknown[] = [];
    environment.events.on("circuitChanged", (change) => changes.push(change));
    for (let i = 0; i < 2; i++) await expect(run(failing(1, down).attempt)).rejects.toThrow("refused");
    expect(guard.breaker.state).toBe("open");
    const refused = failing(0, lost("unknown"));
    await expect(run(refused.attempt)).rejects.toBeInstanceOf(CircuitOpenError);
    expect(refused.tries).toBe(0);
    await environment.clock.advance(10_000);
    expect(await run(failing(0, lost("unknown")).attempt)).toBe(1);
    expect(changes).toEqual([
      { database: "fake", from: "closed", to: "open" },
      { database: "fake", from: "open", to: "half_open" },
      { database: "fake", from: "half_open", to: "closed" },
    ]);
  });

  it("is not opened by what the database answers", async () => {
    const { run, guard } = guarded({ retry: false, circuitBreaker });
    for (let i = 0; i < 5; i++) {
      await expect(run(failing(1, () => new UniqueViolationError("there")).attempt)).rejects.toThrow("there");
    }
    expect(guard.breaker.state).toBe("closed");
  });

  it("is not opened by connections that are ended one by one while others are made", async () => {
    const { run, guard } = guarded({ retry: false, circuitBreaker });
    for (let i = 0; i < 3; i++)
      await expect(run(failing(1, lost("unknown")).attempt)).rejects.toThrow("lost");
    expect(guard.breaker.state).toBe("closed");
    for (let i = 0; i < 20; i++) await run(failing(0, down).attempt);
    for (let i = 0; i < 5; i++) {
      await expect(run(failing(1, down).attempt)).rejects.toThrow("refused");
      guard.breaker.signOfLife();
    }
    expect(guard.breaker.state).toBe("closed");
  });

  it("counts each try, and ends the retries of a call when it opens", async () => {
    const { run, guard } = guarded({ circuitBreaker });
    const work = failing(9, down);
    await expect(run(work.attempt)).rejects.toBeInstanceOf(CircuitOpenError);
    expect(work.tries).toBe(2);
    expect(guard.breaker.state).toBe("open");
  });

  it("stays closed when it is switched off", async () => {
    const { run, guard } = guarded({ retry: false });
    for (let i = 0; i < 20; i++)
      await expect(run(failing(1, lost("unknown")).attempt)).rejects.toThrow("lost");
    expect(guard.breaker.state).toBe("closed");
  });
});

describe("Guard.runBlocking", () => {
  function blocking(
    settings: { readonly retry?: RetryOptions | false; readonly circuitBreaker?: CircuitBreakerOptions } = {},
  ) {
    const { retry = steady, circuitBreaker } = settings;
    const environment = fakeEnvironment({ blocking: true });
    const policy = retry === false ? undefined : retryPolicy(retry);
    const guard = new Guard(environment, { circuitBreaker, retry: policy }, environment.events);
    const run = <T>(attempt: () => T, repeatable = writes) =>
      guard.runBlocking(new Call("test", environment.clock, 60_000), repeatable, attempt);
    return { environment, guard, run };
  }

  it("repeats what was not sent, and reads whose answer was lost, sleeping in between", () => {
    const { run, environment } = blocking();
    expect(run(failing(2, lost("not_sent")).block)).toBe(3);
    expect(run(failing(1, lost("unknown")).block, reads)).toBe(2);
    expect(environment.pauses).toEqual([100, 200, 100]);
  });

  it("never repeats a write that may have happened, nor anything when retries are off", () => {
    const write = failing(1, lost("unknown"));
    expect(() => blocking().run(write.block)).toThrow("lost");
    const off = failing(1, lost("not_sent"));
    expect(() => blocking({ retry: false }).run(off.block, reads)).toThrow("lost");
    expect([write.tries, off.tries]).toEqual([1, 1]);
  });

  it("spends the same budget", () => {
    const { run } = blocking({ retry: { ...steady, maxRetries: 20 } });
    const work = failing(99, lost("not_sent"));
    expect(() => run(work.block)).toThrow("lost");
    expect(work.tries).toBe(11);
  });

  it("refuses while the circuit is open", () => {
    const { run, guard } = blocking({ retry: false, circuitBreaker: { failureThreshold: 1 } });
    expect(() => run(failing(1, down).block)).toThrow("refused");
    expect(guard.breaker.state).toBe("open");
    expect(() => run(() => 1)).toThrow(CircuitOpenError);
  });
});
