import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { describe, expect, expectTypeOf, it, onTestFinished } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { blockingSleep } from "../resilience/index.ts";
import { type SlowCall, trackSlow } from "./track-slow.ts";

function recording(threshold: number) {
  const calls: SlowCall[] = [];
  return { calls, wrap: trackSlow({ threshold, onSlow: (call) => calls.push(call) }) };
}

function collectWarnings(): Error[] {
  const warnings: Error[] = [];
  const record = (warning: Error) => warnings.push(warning);
  process.on("warning", record);
  onTestFinished(() => {
    process.off("warning", record);
  });
  return warnings;
}

describe("trackSlow", () => {
  it("tells of a slow call, and of no other", async () => {
    const { calls, wrap } = recording(0.02);
    const load = wrap(async function load(ms: number) {
      await sleep(ms);
      return ms;
    });
    expectTypeOf(load).toEqualTypeOf<(ms: number) => Promise<number>>();
    expect(await Promise.all([load(0), load(30)])).toEqual([0, 30]);
    expect(calls).toEqual([
      { name: "load", durationMs: expect.any(Number), threshold: 0.02, error: undefined },
    ]);
    expect(calls[0]?.durationMs).toBeGreaterThanOrEqual(20);
  });

  it("tells of a function that blocks, and of one that fails", async () => {
    const { calls, wrap } = recording(0.005);
    const error = new Error("own");
    const block = wrap(() => {
      blockingSleep(6);
      throw error;
    });
    expect(block).toThrow(error);
    const fail = wrap(async () => {
      await sleep(6);
      throw error;
    });
    await expect(fail()).rejects.toBe(error);
    expect(calls.map((call) => call.error)).toEqual([error, error]);
  });

  it("warns by default, without the arguments", async () => {
    const warnings = collectWarnings();
    const login = trackSlow({ threshold: 0 })(function login(_password: string) {
      return "ok";
    });
    expect(login("secret-canary")).toBe("ok");
    await nextTurn();
    expect(warnings).toEqual([
      expect.objectContaining({
        name: "StrataWarning",
        code: "STRATA_SLOW_CALL",
        message: expect.stringMatching(/^login took 0\.\d{3} s, and is slow from 0 s on$/),
      }),
    ]);
  });

  it("keeps the answer when onSlow throws, and reports that", async () => {
    const warnings = collectWarnings();
    const work = trackSlow({
      threshold: 0,
      onSlow: () => {
        throw new Error("broken listener");
      },
    })(function work() {
      return 1;
    });
    expect(work()).toBe(1);
    await nextTurn();
    expect(warnings.map(({ message }) => message)).toEqual(["onSlow of work threw: broken listener"]);
  });

  it.each([{ threshold: -1 }, { threshold: "2" }, { onSlow: 1 }, { treshold: 1 }])(
    "refuses %o",
    (options) => {
      expect(() => Reflect.apply(trackSlow, undefined, [options])).toThrow(ConfigurationError);
    },
  );
});
