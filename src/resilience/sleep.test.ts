import { describe, expect, it } from "vitest";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { asyncSleep, blockingSleep } from "./sleep.ts";

describe("asyncSleep", () => {
  it("waits, and keeps the process alive meanwhile", async () => {
    const clock = new FakeClock();
    let awake = false;
    Promise.resolve(asyncSleep(clock)(100)).then(() => {
      awake = true;
    });
    expect(clock.keepAliveTimers).toBe(1);
    await clock.advance(99);
    expect(awake).toBe(false);
    await clock.advance(1);
    await settled();
    expect(awake).toBe(true);
    expect(clock.timers).toBe(0);
  });

  it("ends at once when the signal aborts, or had aborted", async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const sleep = asyncSleep(clock, controller.signal);
    const sleeping = sleep(1000);
    controller.abort();
    await sleeping;
    await sleep(1000);
    expect(clock.timers).toBe(0);
  });
});

describe("blockingSleep", () => {
  it("answers at once, after the time", () => {
    const startMs = performance.now();
    expect(blockingSleep(20)).toBeUndefined();
    expect(performance.now() - startMs).toBeGreaterThanOrEqual(19);
    blockingSleep(0);
  });
});
