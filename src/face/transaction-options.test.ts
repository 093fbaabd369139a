import { describe, expect, it } from "vitest";
import {
  DatabaseError,
  DeadlockError,
  LockTimeoutError,
  SerializationError,
  TransactionDoomedError,
  TransactionStateError,
  UniqueViolationError,
  ValidationError,
} from "../errors/index.ts";
import { runAsync, runSync, wait } from "../operation/index.ts";
import { fakeEnvironment } from "../testing/fake-environment.ts";
import { beginOptions, retryingTransaction } from "./transaction-options.ts";

/** Runs a transaction whose attempts fail with these errors, one after the other, and then succeed. */
function attempts(errors: readonly unknown[], retries?: number, nested = false) {
  const environment = fakeEnvironment({ blocking: true });
  const counted: number[] = [];
  const operation = retryingTransaction(
    environment,
    retries === undefined ? undefined : { retries },
    nested,
    function* (attempt) {
      yield* wait(undefined);
      counted.push(attempt);
      const error = errors[attempt - 1];
      if (error !== undefined) throw error;
      return "done";
    },
  );
  let outcome: unknown;
  try {
    outcome = runSync(operation);
  } catch (error) {
    outcome = error;
  }
  return { outcome, counted, pauses: environment.pauses };
}

const deadlock = () => new DeadlockError("x");

describe("retryingTransaction", () => {
  it("runs once when nothing fails, and answers what it answers", () => {
    expect(attempts([])).toEqual({ outcome: "done", counted: [1], pauses: [] });
    expect(attempts([], 5)).toEqual({ outcome: "done", counted: [1], pauses: [] });
  });

  it("runs again as often as it may, counting the attempts", () => {
    expect(attempts([deadlock(), deadlock()], 2)).toMatchObject({ outcome: "done", counted: [1, 2, 3] });
    const last = deadlock();
    expect(attempts([deadlock(), deadlock(), last], 2)).toMatchObject({ outcome: last, counted: [1, 2, 3] });
    expect(attempts([last])).toMatchObject({ outcome: last, counted: [1] });
    expect(attempts([last], 0)).toMatchObject({ outcome: last, counted: [1] });
  });

  it.each([
    new DeadlockError("x"),
    new SerializationError("x"),
    new LockTimeoutError("x"),
    new TransactionDoomedError("swallowed", { cause: new SerializationError("x") }),
  ])("runs again after %o", (error) => {
    expect(attempts([error], 1)).toMatchObject({ outcome: "done", counted: [1, 2] });
  });

  it.each([
    new Error("the callback's own"),
    "no error at all",
    new UniqueViolationError("x"),
    new DatabaseError("x"),
    new DeadlockError("x", { outcome: "unknown" }),
    new TransactionDoomedError("swallowed", { cause: new UniqueViolationError("x") }),
    new TransactionDoomedError("swallowed", { cause: new DeadlockError("x", { outcome: "unknown" }) }),
    new TransactionDoomedError("swallowed"),
    new Error("wrapped", { cause: new DeadlockError("x") }),
  ])("does not run again after %o", (error) => {
    expect(attempts([error], 5)).toEqual({ outcome: error, counted: [1], pauses: [] });
  });

  it("waits longer from try to try, up to a second, with full jitter", () => {
    const { pauses } = attempts(Array.from({ length: 30 }, deadlock), 30);
    expect(pauses).toHaveLength(30);
    const limits = pauses.map((_, i) => Math.min(1000, 10 * 2 ** (i + 1)));
    for (const [i, pause] of pauses.entries()) {
      expect(pause).toBeGreaterThanOrEqual(0);
      expect(pause).toBeLessThan(limits[i] ?? 0);
    }
    expect(new Set(pauses).size).toBeGreaterThan(20);
  });

  it("pauses in the way of the face", async () => {
    const environment = fakeEnvironment();
    let runs = 0;
    const done = runAsync(
      retryingTransaction(environment, { retries: 1 }, false, function* () {
        yield* wait(undefined);
        if (runs++ === 0) throw deadlock();
      }),
    );
    expect(runs).toBe(1);
    await environment.clock.advance(1000);
    await done;
    expect(runs).toBe(2);
  });

  it("ends the pause at once when the signal aborts, with the abort", async () => {
    const environment = fakeEnvironment();
    const controller = new AbortController();
    let runs = 0;
    const done = runAsync(
      retryingTransaction(environment, { retries: 50, signal: controller.signal }, false, function* () {
        yield* wait(undefined);
        runs += 1;
        throw deadlock();
      }),
    );
    done.catch(() => {});
    while (environment.clock.timers === 0) await environment.clock.advance(0);
    const before = environment.clock.now();
    controller.abort(new Error("enough"));
    await expect(done).rejects.toMatchObject({
      code: "STRATA_ABORTED",
      outcome: "rolled_back",
      cause: new Error("enough"),
    });
    expect([runs, environment.clock.now(), environment.clock.timers]).toEqual([1, before, 0]);
  });

  it("is refused for a nested transaction, before it runs", () => {
    const { outcome, counted } = attempts([], 1, true);
    expect(outcome).toBeInstanceOf(TransactionStateError);
    expect(counted).toEqual([]);
    expect(attempts([], 0, true).outcome).toBe("done");
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "2", null])("refuses retries of %o", (retries) => {
    const { outcome, counted } = attempts([], JSON.parse(JSON.stringify({ retries })).retries ?? Number.NaN);
    expect(outcome).toBeInstanceOf(ValidationError);
    expect(counted).toEqual([]);
  });
});

describe("beginOptions", () => {
  it("takes what concerns the beginning, and leaves out what is not given", () => {
    expect(beginOptions(undefined)).toEqual({});
    expect(beginOptions({ retries: 3, timeout: 5 })).toEqual({});
    expect(beginOptions({ isolation: "serializable", readOnly: false })).toEqual({
      isolation: "serializable",
      readOnly: false,
    });
  });
});
