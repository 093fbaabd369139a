import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { Deadline } from "./deadline.ts";

describe("Deadline", () => {
  it("counts down and stays at 0", async () => {
    const clock = new FakeClock(1000);
    const deadline = Deadline.after(50, clock);
    expect(deadline.remainingMs()).toBe(50);
    await clock.advance(30);
    expect(deadline.remainingMs()).toBe(20);
    expect(deadline.expired).toBe(false);
    await clock.advance(20);
    expect(deadline.expired).toBe(true);
    await clock.advance(100);
    expect(deadline.remainingMs()).toBe(0);
  });

  it("may be over at once, or never", () => {
    expect(Deadline.after(0).expired).toBe(true);
    expect(Deadline.never.expired).toBe(false);
    expect(Deadline.never.remainingMs()).toBe(Number.POSITIVE_INFINITY);
    expect(Deadline.after(Number.POSITIVE_INFINITY).expired).toBe(false);
  });

  it("is joined with another to the sooner", () => {
    const clock = new FakeClock();
    const early = Deadline.after(10, clock);
    const late = Deadline.after(20, clock);
    expect(early.sooner(late)).toBe(early);
    expect(late.sooner(early)).toBe(early);
    expect(Deadline.never.sooner(late)).toBe(late);
    expect(late.sooner(Deadline.never)).toBe(late);
  });

  it.each([-1, Number.NaN])("refuses %d", (ms) => {
    expect(() => Deadline.after(ms)).toThrow("expected a time of 0 ms or more");
  });
});
