import { describe, expect, expectTypeOf, it, vi } from "vitest";
import { ConfigurationError, ConnectionError, DeadlockError } from "../errors/index.ts";
import { retryWithBackoff } from "./retry-with-backoff.ts";

/** A function that fails so many times before it answers its argument and how often it was called. */
function flaky(times: number, error: () => unknown = () => new DeadlockError("deadlock")) {
  let calls = 0;
  return (value: string): string => {
    calls += 1;
    if (calls <= times) throw error();
    return `${value} after ${calls}`;
  };
}

const quick = { delay: 0.001, jitter: "none" } as const;

describe("retryWithBackoff", () => {
  it("calls a function that blocks again, with the same arguments, and answers at once", () => {
    const retried = retryWithBackoff(quick)(flaky(2));
    expectTypeOf(retried).toEqualTypeOf<(value: string) => string>();
    const startedMs = performance.now();
    expect(retried("x")).toBe("x after 3");
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(3);
  });

  it("calls a function that promises again, and leaves the thread free meanwhile", async () => {
    const work = flaky(2);
    const retried = retryWithBackoff({ delay: 0.02, jitter: "none" })(async (value: string) => work(value));
    expectTypeOf(retried).toEqualTypeOf<(value: string) => Promise<string>>();
    const others = vi.fn();
    const timer = setInterval(others, 1);
    expect(await retried("x")).toBe("x after 3");
    clearInterval(timer);
    expect(others.mock.calls.length).toBeGreaterThan(5);
  });

  it("throws the last error when it gives up, and others at once", async () => {
    const never = retryWithBackoff({ ...quick, maxRetries: 2 })(flaky(9));
    expect(() => never("x")).toThrow("deadlock");
    expect(() => never("x")).toThrow("deadlock");
    expect(() => never("x")).toThrow("deadlock");
    expect(never("x")).toBe("x after 10");
    const own = retryWithBackoff(quick)(flaky(1, () => new RangeError("own")));
    expect(() => own("x")).toThrow(new RangeError("own"));
    const lost = retryWithBackoff(quick)(flaky(1, () => new ConnectionError("lost", { outcome: "unknown" })));
    expect(() => lost("x")).toThrow("lost");
  });

  it("asks retryable, and tells onRetry", () => {
    const notices: unknown[] = [];
    const retried = retryWithBackoff({
      ...quick,
      retryable: (error) => error instanceof RangeError,
      onRetry: ({ retry, delayMs, error }) => notices.push([retry, delayMs, String(error)]),
    })(flaky(2, () => new RangeError("own")));
    expect(retried("x")).toBe("x after 3");
    expect(notices).toEqual([
      [1, 1, "RangeError: own"],
      [2, 2, "RangeError: own"],
    ]);
  });

  it("keeps this", () => {
    const work = flaky(1);
    const client = {
      host: "db1",
      call: retryWithBackoff(quick)(function (this: { host: string }) {
        return work(this.host);
      }),
    };
    expect(client.call()).toBe("db1 after 2");
  });

  it("ends a pause when its signal aborts, and does not call again", async () => {
    const controller = new AbortController();
    const work = vi.fn(async () => {
      throw new DeadlockError("deadlock");
    });
    const options = { delay: 60, maxDelay: 60, totalTimeout: 600, jitter: "none" } as const;
    const retried = retryWithBackoff({ ...options, signal: controller.signal })(work);
    const result = retried();
    controller.abort(new Error("enough"));
    await expect(result).rejects.toThrow("enough");
    await expect(retried()).rejects.toThrow("enough");
    expect(work).toHaveBeenCalledOnce();
  });

  it.each([{ maxRetries: -1 }, { delay: Number.NaN }, { retries: 3 }, { onRetry: 1 }, { retryable: "x" }])(
    "refuses %o",
    (options) => {
      expect(() => Reflect.apply(retryWithBackoff, undefined, [options])).toThrow(ConfigurationError);
    },
  );
});
