import { once } from "node:events";
import { connect } from "node:net";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../testing/fake-clock.ts";
import { TimerWheel } from "./timer-wheel.ts";

describe("a timer wheel", () => {
  it("calls what is due, never early and at most one step late", async () => {
    const delays = fc.array(fc.nat(200_000), { maxLength: 20 }).map((list) => list.map((n) => n / 100));
    await fc.assert(
      fc.asyncProperty(delays, fc.integer({ min: 1, max: 50 }), async (ms, resolutionMs) => {
        const clock = new FakeClock(123.4);
        const wheel = new TimerWheel({ clock, resolutionMs });
        const called = new Map<number, number>();
        const startMs = clock.now();
        for (const [index, delay] of ms.entries())
          wheel.add(() => called.set(index, clock.now() - startMs), delay);
        await clock.advance(2100);
        expect(called.size).toBe(ms.length);
        for (const [index, delay] of ms.entries()) {
          // A timer counts whole milliseconds, so one more may pass.
          expect(called.get(index)).toBeGreaterThanOrEqual(delay - 1e-6);
          expect(called.get(index)).toBeLessThanOrEqual(delay + resolutionMs + 1);
        }
        expect(wheel.size).toBe(0);
      }),
      { numRuns: 30 },
    );
  });

  it("keeps one timer for all, which runs out once the wheel is empty", async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel({ clock });
    const limits = Array.from({ length: 100 }, (_, index) => wheel.add(() => {}, 60_000 + index));
    expect(clock.timers).toBe(1);
    expect(clock.keepAliveTimers).toBe(0);
    expect(wheel.size).toBe(100);
    await clock.advance(10_000);
    expect(clock.timers).toBe(1);
    for (const limit of limits) limit.clear();
    await clock.advance(260);
    expect(clock.timers).toBe(0);
  });

  it("wakes in time for a limit that is sooner than the others", async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel({ clock });
    const called: string[] = [];
    wheel.add(() => called.push("late"), 5000);
    wheel.add(() => called.push("soon"), 30);
    await clock.advance(41);
    expect(called).toEqual(["soon"]);
    await clock.advance(5000);
    expect(called).toEqual(["soon", "late"]);
  });

  it("forgets what is cleared, even by a limit that was due with it", async () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel({ clock });
    const called: string[] = [];
    const cleared = wheel.add(() => called.push("cleared"), 10);
    cleared.clear();
    cleared.clear();
    wheel.add(() => {
      called.push("first");
      second.clear();
    }, 10);
    const second = wheel.add(() => called.push("second"), 10);
    await clock.advance(100);
    expect(called).toEqual(["first"]);
  });

  it("looks for input once more before it calls", () => {
    const clock = new FakeClock();
    const waiting: (() => void)[] = [];
    const wheel = new TimerWheel({ clock, afterInput: (fn) => waiting.push(fn) });
    const called: number[] = [];
    const answered = wheel.add(() => called.push(1), 10);
    wheel.add((lateMs) => called.push(lateMs), 10);
    return clock.stall(800).then(() => {
      expect(called).toEqual([]);
      answered.clear();
      for (const fn of waiting) fn();
      expect(called).toEqual([790]);
    });
  });

  it("does not take an answer in the socket for silence when the event loop was blocked", async () => {
    // On a thread of its own, so that it answers while this one is blocked.
    const server = new Worker(
      `const { createServer } = require("node:net");
       const { parentPort } = require("node:worker_threads");
       const server = createServer((socket) => socket.on("data", () => socket.write("answer")));
       server.listen(0, "127.0.0.1", () => parentPort.postMessage(server.address().port));`,
      { eval: true },
    );
    try {
      const [port] = await once(server, "message");
      const socket = connect(port, "127.0.0.1");
      await once(socket, "connect");
      const wheel = new TimerWheel();
      const seen: string[] = [];
      const limit = wheel.add(() => seen.push("limit"), 20);
      socket.once("data", () => {
        seen.push("answer");
        limit.clear();
      });
      socket.write("question");
      const blockedUntil = performance.now() + 150;
      while (performance.now() < blockedUntil);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(seen).toEqual(["answer"]);
      socket.destroy();
    } finally {
      await server.terminate();
    }
  });

  it("calls the others when one throws", async () => {
    const clock = new FakeClock();
    const thrown: unknown[] = [];
    const collect = (error: unknown) => thrown.push(error);
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.on("uncaughtException", collect);
    try {
      const wheel = new TimerWheel({ clock });
      const called: number[] = [];
      wheel.add(() => {
        throw new Error("broken");
      }, 10);
      wheel.add(() => called.push(2), 10);
      await clock.advance(50);
      expect(called).toEqual([2]);
      expect(thrown).toMatchObject([{ message: "broken" }]);
    } finally {
      process.removeListener("uncaughtException", collect);
      for (const listener of others) process.on("uncaughtException", listener);
    }
  });

  it("never calls after an infinite delay, and refuses what is no number", () => {
    const clock = new FakeClock();
    const wheel = new TimerWheel({ clock });
    wheel.add(() => {}, Number.POSITIVE_INFINITY).clear();
    expect(clock.timers).toBe(0);
    expect(() => wheel.add(() => {}, Number.NaN)).toThrow("expected a delay in milliseconds, got NaN");
    expect(() => new TimerWheel({ resolutionMs: 0 })).toThrow("expected a resolution above 0 ms");
  });
});
