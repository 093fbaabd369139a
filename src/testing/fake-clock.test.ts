import { describe, expect, it } from "vitest";
import { FakeClock } from "./fake-clock.ts";

describe("FakeClock", () => {
  it("calls timers in the order in which they are due, each at its moment", async () => {
    const clock = new FakeClock(100);
    const calls: string[] = [];
    clock.setTimer(() => calls.push(`late ${clock.now()}`), 30);
    clock.setTimer(() => calls.push(`early ${clock.now()}`), 10);
    clock.setTimer(() => calls.push(`never ${clock.now()}`), 51);
    await clock.advance(50);
    expect(calls).toEqual(["early 110", "late 130"]);
    expect(clock.now()).toBe(150);
    expect(clock.timers).toBe(1);
  });

  it("lets promises settle between two timers, and calls timers that they set", async () => {
    const clock = new FakeClock();
    const calls: number[] = [];
    clock.setTimer(() => {
      Promise.resolve().then(() => clock.setTimer(() => calls.push(clock.now()), 5));
    }, 10);
    await clock.advance(20);
    expect(calls).toEqual([15]);
  });

  it("does not call a timer that was cleared", async () => {
    const clock = new FakeClock();
    let called = false;
    clock
      .setTimer(() => {
        called = true;
      }, 10)
      .clear();
    await clock.advance(20);
    expect(called).toBe(false);
  });

  it("moves the time first and calls timers late after a stall", async () => {
    const clock = new FakeClock();
    const calls: number[] = [];
    clock.setTimer(() => calls.push(clock.now()), 10);
    await clock.stall(1_000);
    expect(calls).toEqual([1_000]);
  });

  it("tells which timers keep a process alive", () => {
    const clock = new FakeClock();
    clock.setTimer(() => {}, 10);
    clock.setTimer(() => {}, 10, { keepAlive: true });
    expect([clock.timers, clock.keepAliveTimers]).toEqual([2, 1]);
  });
});
