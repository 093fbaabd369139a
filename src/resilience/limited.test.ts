import { describe, expect, it } from "vitest";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { type LimitOptions, limited } from "./limited.ts";
import { TimerWheel } from "./timer-wheel.ts";

/** Some work, its limit and everything that was done about it, in order. */
function race(options: Partial<LimitOptions<string>> = {}) {
  const clock = new FakeClock();
  const wheel = new TimerWheel({ clock });
  const work = Promise.withResolvers<string>();
  const stopping = Promise.withResolvers<void>();
  const log: string[] = [];
  const result = limited(work.promise, {
    timeoutMs: 1000,
    graceMs: 100,
    wheel,
    onStop: (reason) => {
      log.push(`stop: ${reason}`);
      return stopping.promise;
    },
    onAbandon: () => log.push("abandon"),
    onLate: (value) => log.push(`late: ${value}`),
    failure: (reason, cause, answered) => new Error(`${reason}, answered ${answered}`, { cause }),
    ...options,
  });
  result.then(
    (value) => log.push(`value: ${value}`),
    (error: Error) => log.push(`error: ${error.message}`),
  );
  return { clock, wheel, work, stopping, log, result };
}

describe("work in time", () => {
  it("is answered, and leaves nothing behind", async () => {
    const controller = new AbortController();
    const { clock, wheel, work, log } = race({ signal: controller.signal });
    await clock.advance(999);
    work.resolve("done");
    await settled();
    expect(log).toEqual(["value: done"]);
    expect(wheel.size).toBe(0);
    controller.abort();
    await clock.advance(5000);
    expect(log).toEqual(["value: done"]);
    expect(clock.timers).toBe(0);
  });

  it("fails with its own error", async () => {
    const { work, result } = race();
    const error = new Error("constraint");
    work.reject(error);
    await expect(result).rejects.toBe(error);
  });
});

describe("work that is out of time", () => {
  it("is stopped, and its caller answered once the stopping has ended", async () => {
    const { clock, work, stopping, log, result } = race();
    await clock.advance(1010);
    expect(log).toEqual(["stop: timeout"]);
    const cause = new Error("cancelled by the server");
    work.reject(cause);
    await settled();
    expect(log).toEqual(["stop: timeout"]);
    stopping.resolve();
    await expect(result).rejects.toMatchObject({ message: "timeout, answered true", cause });
    await clock.advance(5000);
    expect(log).toEqual(["stop: timeout", "error: timeout, answered true"]);
  });

  it("may end after the stopping", async () => {
    const { clock, work, stopping, log } = race();
    await clock.advance(1010);
    stopping.resolve();
    await settled();
    work.reject(new Error("cancelled"));
    await settled();
    expect(log).toEqual(["stop: timeout", "error: timeout, answered true"]);
  });

  it("has succeeded when it succeeds while it is being stopped", async () => {
    const { clock, work, stopping, log } = race();
    await clock.advance(1010);
    work.resolve("just");
    stopping.resolve();
    await clock.advance(5000);
    expect(log).toEqual(["stop: timeout", "value: just"]);
  });

  it("is abandoned when nothing ends it, within limit and grace", async () => {
    const { clock, work, log } = race();
    await clock.advance(1000);
    await clock.advance(10 + 100 + 10);
    expect(log).toEqual(["stop: timeout", "abandon", "error: timeout, answered false"]);
    work.resolve("connection");
    await settled();
    expect(log.at(-1)).toBe("late: connection");
  });

  it("is abandoned with its answer when only the stopping does not end", async () => {
    const { clock, work, log } = race();
    await clock.advance(1010);
    work.resolve("done");
    await clock.advance(120);
    expect(log).toEqual(["stop: timeout", "abandon", "value: done"]);
  });

  it("is abandoned at once when it cannot be stopped", async () => {
    const failing = race({ onStop: () => Promise.reject(new Error("no connection for the cancel")) });
    await failing.clock.advance(1010);
    expect(failing.log).toEqual(["abandon", "error: timeout, answered false"]);
    const throwing = race({
      onStop: () => {
        throw new Error("broken");
      },
    });
    await throwing.clock.advance(1010);
    expect(throwing.log).toEqual(["abandon", "error: timeout, answered false"]);
    const graceless = race({ graceMs: 0, onStop: () => {} });
    await graceless.clock.advance(1010);
    expect(graceless.log).toEqual(["abandon", "error: timeout, answered false"]);
  });

  it("never becomes an unhandled rejection, however late it fails", async () => {
    const unhandled: unknown[] = [];
    const collect = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", collect);
    const { clock, work, stopping, log } = race();
    await clock.advance(2000);
    work.reject(new Error("late"));
    stopping.reject(new Error("late too"));
    await settled();
    await settled();
    process.removeListener("unhandledRejection", collect);
    expect(unhandled).toEqual([]);
    expect(log).toEqual(["stop: timeout", "abandon", "error: timeout, answered false"]);
  });

  it("is answered with the error of a failure function that throws", async () => {
    const { clock, log } = race({
      failure: () => {
        throw new Error("broken failure");
      },
    });
    await clock.advance(2000);
    expect(log).toEqual(["stop: timeout", "abandon", "error: broken failure"]);
  });
});

describe("work whose signal aborts", () => {
  it("is stopped at once", async () => {
    const controller = new AbortController();
    const { clock, work, stopping, log } = race({
      signal: controller.signal,
      timeoutMs: Number.POSITIVE_INFINITY,
    });
    await clock.advance(10);
    controller.abort();
    expect(log).toEqual(["stop: abort"]);
    work.reject(new Error("cancelled"));
    stopping.resolve();
    await settled();
    expect(log).toEqual(["stop: abort", "error: abort, answered true"]);
  });

  it("is stopped when it had aborted before", async () => {
    const { clock, log } = race({ signal: AbortSignal.abort() });
    expect(log).toEqual(["stop: abort"]);
    await clock.advance(110);
    expect(log).toEqual(["stop: abort", "abandon", "error: abort, answered false"]);
  });

  it("is stopped once, for the reason that came first", async () => {
    const controller = new AbortController();
    const { clock, log } = race({ signal: controller.signal });
    await clock.advance(1010);
    controller.abort();
    await clock.advance(2000);
    expect(log).toEqual(["stop: timeout", "abandon", "error: timeout, answered false"]);
  });
});
