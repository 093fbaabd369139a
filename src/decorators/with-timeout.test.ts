import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, expectTypeOf, it } from "vitest";
import { ConfigurationError, QueryTimeoutError } from "../errors/index.ts";
import { blockingSleep } from "../resilience/index.ts";
import { timeLimit, withTimeout } from "./with-timeout.ts";

describe("withTimeout", () => {
  it("answers what ends in time, and what it throws", async () => {
    const double = withTimeout(5)(async (value: number) => value * 2);
    expectTypeOf(double).toEqualTypeOf<(value: number) => Promise<number>>();
    expect(await double(2)).toBe(4);
    expect(withTimeout()((value: number) => value + 1)(1)).toBe(2);
    const failing = withTimeout(5)(async () => {
      throw new RangeError("own");
    });
    await expect(failing()).rejects.toThrow(new RangeError("own"));
  });

  it("refuses what does not end in time", async () => {
    const forever = withTimeout(0.03)(function forever() {
      return new Promise<never>(() => {});
    });
    const startedMs = performance.now();
    const error = await forever().catch((caught: unknown) => caught);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(29);
    // Nobody asked for timeLimit, so there is nothing to be waited for.
    expect(performance.now() - startedMs).toBeLessThan(170);
    expect(error).toBeInstanceOf(QueryTimeoutError);
    expect(error).toMatchObject({
      message: "forever did not end within its limit of 0.03 s",
      outcome: "unknown",
      operation: "forever",
    });
  });

  it("refuses the late answer of a function that blocks", () => {
    const slow = withTimeout(0.01)(() => {
      blockingSleep(15);
      return "done";
    });
    expect(slow).toThrow(QueryTimeoutError);
  });

  it("keeps each call's limit by itself", async () => {
    const wait = withTimeout(0.05)(async (ms: number) => await sleep(ms, ms));
    const results = await Promise.allSettled([wait(1), wait(2000), wait(2)]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 86_401, "5", null])(
    "refuses a limit of %s",
    (seconds) => {
      expect(() => Reflect.apply(withTimeout, undefined, [seconds])).toThrow(ConfigurationError);
    },
  );
});

describe("timeLimit", () => {
  it("is no limit outside", () => {
    expect(timeLimit()).toEqual({});
  });

  it("tells what is left, and aborts when nothing is, so that the work can end", async () => {
    const ends: string[] = [];
    const report = withTimeout(0.05)(async () => {
      const { timeout, signal } = timeLimit();
      expect(timeout).toBeGreaterThan(0.02);
      expect(timeout).toBeLessThanOrEqual(0.05);
      try {
        await sleep(5000, undefined, { signal });
      } catch (error) {
        ends.push("work");
        throw error;
      }
    });
    const error = await report().catch((caught: unknown) => caught);
    ends.push("caller");
    expect(ends).toEqual(["work", "caller"]);
    expect(error).toBeInstanceOf(QueryTimeoutError);
    expect(error).toMatchObject({ cause: { name: "AbortError" } });
  });

  it("does not wait long for work that ignores it", async () => {
    const stubborn = withTimeout(0.02)(async () => {
      timeLimit();
      await sleep(3000, undefined, { ref: false });
    });
    const startedMs = performance.now();
    await expect(stubborn()).rejects.toThrow(QueryTimeoutError);
    expect(performance.now() - startedMs).toBeLessThan(420);
  });

  it("is that of the sooner of two limits", async () => {
    const inner = withTimeout(60)(async () => timeLimit());
    const outer = withTimeout(0.05)(async () => {
      const { timeout, signal } = await inner();
      expect(timeout).toBeLessThanOrEqual(0.05);
      await sleep(5000, undefined, { signal });
    });
    await expect(outer()).rejects.toThrow(/within its limit of 0.05 s/);
  });

  it("aborts what an inner function waits for when the outer limit ends", async () => {
    const ends: string[] = [];
    const inner = withTimeout(60)(async () => {
      await sleep(5000, undefined, timeLimit()).catch(() => ends.push("inner"));
    });
    const outer = withTimeout(0.03)(async () => {
      timeLimit();
      await inner();
      await new Promise(() => {});
    });
    await expect(outer()).rejects.toThrow(/within its limit of 0.03 s/);
    expect(ends).toEqual(["inner"]);
  });

  it("throws when nothing is left", () => {
    const work = withTimeout(0.01)(() => {
      blockingSleep(12);
      expect(timeLimit).toThrow(QueryTimeoutError);
      throw new Error("own");
    });
    expect(work).toThrow("own");
  });
});
