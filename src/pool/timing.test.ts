import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { JumpDetector, setPatientTimer, settleWithin } from "./timing.ts";

describe("setPatientTimer", () => {
  it("calls at its moment", async () => {
    const clock = new FakeClock();
    const calls: number[] = [];
    setPatientTimer(clock, () => calls.push(clock.now()), 50);
    await clock.advance(60);
    expect(calls).toEqual([50]);
  });

  it("lets the loop turn once more when it was blocked, and can be cleared in that turn", async () => {
    const clock = new FakeClock();
    let called = false;
    const timer = setPatientTimer(
      clock,
      () => {
        called = true;
      },
      50,
    );
    clock.setTimer(() => timer.clear(), 50);
    await clock.stall(5_000);
    expect(called).toBe(false);
    expect(clock.timers).toBe(0);
  });
});

describe("settleWithin", () => {
  const expired = () => new Error("too late");

  it("passes on an answer and a failure, and leaves no timer", async () => {
    const clock = new FakeClock();
    await expect(settleWithin(clock, 10, Promise.resolve("done"), expired)).resolves.toBe("done");
    await expect(settleWithin(clock, 10, Promise.reject(new Error("no")), expired)).rejects.toThrow("no");
    expect(clock.timers).toBe(0);
  });

  it("fails when no answer comes in time", async () => {
    const clock = new FakeClock();
    const answer = expect(settleWithin(clock, 10, new Promise(() => {}), expired)).rejects.toThrow(
      "too late",
    );
    await clock.advance(10);
    await answer;
  });
});

describe("JumpDetector", () => {
  it("notices the wall clock moving without the monotonic one, once", () => {
    const detector = new JumpDetector(0, 1_000_000);
    expect(detector.jumped(5_000, 1_005_100)).toBe(false);
    expect(detector.jumped(6_000, 1_066_000)).toBe(true);
    expect(detector.jumped(7_000, 1_067_000)).toBe(false);
    expect(detector.jumped(8_000, 1_008_000)).toBe(true);
  });
});
