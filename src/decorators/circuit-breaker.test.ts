import { describe, expect, expectTypeOf, it } from "vitest";
import {
  CircuitOpenError,
  ConfigurationError,
  ConnectionError,
  UniqueViolationError,
} from "../errors/index.ts";
import { CircuitBreaker } from "../resilience/index.ts";
import { circuitBreaker } from "./circuit-breaker.ts";

function throwing(error: unknown): () => never {
  return () => {
    throw error;
  };
}

function callAll(fn: () => unknown, times: number): unknown[] {
  return Array.from({ length: times }, () => {
    try {
      return fn();
    } catch (error) {
      return error;
    }
  });
}

describe("circuitBreaker", () => {
  it("passes answers and errors on", async () => {
    const guarded = circuitBreaker()(async (a: string) => a);
    expectTypeOf(guarded).toEqualTypeOf<(a: string) => Promise<string>>();
    expect(await guarded("x")).toBe("x");
    expect(circuitBreaker()(() => 1)()).toBe(1);
    expect(circuitBreaker()(throwing(new RangeError("own")))).toThrow(new RangeError("own"));
  });

  it("refuses calls of a function that fails too often, without calling it", () => {
    let calls = 0;
    const guarded = circuitBreaker({ failureThreshold: 3 })(function charge() {
      calls += 1;
      throw new Error("no answer");
    });
    const ends = callAll(guarded, 5);
    expect(calls).toBe(3);
    expect(ends.slice(3)).toEqual([expect.any(CircuitOpenError), expect.any(CircuitOpenError)]);
    expect(ends[3]).toMatchObject({ message: expect.stringContaining('no call was made to "charge"') });
  });

  it("counts rejections alike, and refuses with a rejection", async () => {
    const guarded = circuitBreaker({ failureThreshold: 2 })(() => Promise.reject(new Error("no answer")));
    for (let i = 0; i < 2; i++) await expect(guarded()).rejects.toThrow("no answer");
    await expect(guarded()).rejects.toThrow(CircuitOpenError);
  });

  it("counts of the library's errors those that speak against the database", () => {
    const lost = circuitBreaker({ failureThreshold: 2 })(throwing(new ConnectionError("lost")));
    // Of lost connections it takes four times as many.
    expect(callAll(lost, 9)[8]).toBeInstanceOf(CircuitOpenError);
    const violated = circuitBreaker({ failureThreshold: 2 })(throwing(new UniqueViolationError("taken")));
    expect(callAll(violated, 9)[8]).toBeInstanceOf(UniqueViolationError);
  });

  it("does not count aborts", () => {
    const abort = throwing(new DOMException("stopped", "AbortError"));
    const aborted = circuitBreaker({ failureThreshold: 2 })(abort);
    expect(callAll(aborted, 9)[8]).toBeInstanceOf(DOMException);
  });

  it("counts what isFailure says", () => {
    const isFailure = (error: unknown) => error instanceof RangeError;
    const options = { failureThreshold: 2, isFailure };
    const own = circuitBreaker(options)(throwing(new RangeError("own")));
    expect(callAll(own, 3)[2]).toBeInstanceOf(CircuitOpenError);
    const other = circuitBreaker(options)(throwing(new Error("other")));
    expect(callAll(other, 9)[8]).toMatchObject({ message: "other" });
  });

  it("closes again when trial calls succeed", async () => {
    const name = "recovering";
    const guarded = circuitBreaker({ name, halfOpenMaxCalls: 2, recoveryTimeout: 0.001 })(async () => "up");
    const breaker = CircuitBreaker.getOrCreate(name);
    for (let i = 0; i < 5; i++) breaker.recordFailure();
    await expect.poll(() => breaker.state).toBe("half_open");
    expect([await guarded(), breaker.state]).toEqual(["up", "half_open"]);
    expect([await guarded(), breaker.state]).toEqual(["up", "closed"]);
    CircuitBreaker.forget(name);
  });

  it("lets trial calls through again, also when isFailure threw", async () => {
    const isFailure = () => {
      throw new Error("broken isFailure");
    };
    const name = "broken isFailure";
    const guarded = circuitBreaker({ name, halfOpenMaxCalls: 1, recoveryTimeout: 0.001, isFailure })(
      throwing(new Error("x")),
    );
    const breaker = CircuitBreaker.getOrCreate(name);
    for (let i = 0; i < 5; i++) breaker.recordFailure();
    expect(breaker.state).toBe("open");
    await expect.poll(() => breaker.state).toBe("half_open");
    expect(callAll(guarded, 3)).toEqual(Array(3).fill(new Error("broken isFailure")));
    CircuitBreaker.forget(name);
  });

  it("has a breaker for each function, or one that is shared by name", () => {
    const wrap = circuitBreaker({ failureThreshold: 1 });
    const [first, second] = [wrap(throwing(new Error("down"))), wrap(() => "up")];
    callAll(first, 1);
    expect(second()).toBe("up");

    const shared = circuitBreaker({ name: "payments", failureThreshold: 1 });
    const [down, up] = [
      shared(throwing(new Error("down"))),
      circuitBreaker({ name: "payments" })(() => "up"),
    ];
    callAll(down, 1);
    expect(up).toThrow(CircuitOpenError);
    expect(CircuitBreaker.getOrCreate("payments").state).toBe("open");
    CircuitBreaker.forget("payments");
  });

  it.each([{ name: "" }, { name: 1 }, { isFailure: true }, { failureThreshold: 0 }, { treshold: 1 }])(
    "refuses %o",
    (options) => {
      const wrap = () => Reflect.apply(circuitBreaker, undefined, [options])(() => 1);
      expect(wrap).toThrow(ConfigurationError);
    },
  );
});
