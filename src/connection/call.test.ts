import { describe, expect, it } from "vitest";
import { AbortedError, QueryTimeoutError, ValidationError } from "../errors/index.ts";
import { FakeClock } from "../testing/fake-clock.ts";
import { later, never } from "../testing/fake-resource.ts";
import { Call } from "./call.ts";

const clock = () => new FakeClock(1000);

describe("Call.from", () => {
  it("takes the default limit, or the caller's own in seconds", () => {
    expect(Call.from("execute", clock(), undefined, 60_000).timeoutMs).toBe(60_000);
    expect(Call.from("execute", clock(), {}, 60_000).limitMs).toBe(60_000);
    expect(Call.from("execute", clock(), { timeout: 0.5 }, 60_000).limitMs).toBe(500);
    expect(Call.from("execute", clock(), { timeout: 24 * 86_400 }, 60_000).limitMs).toBe(24 * 86_400_000);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 25 * 86_400, "5", null, {}])(
    "refuses a timeout of %o",
    (timeout) => {
      const options = Object.assign(Object.create(null), { timeout });
      const make = () => Call.from("execute", clock(), options, 60_000);
      expect(make).toThrow(ValidationError);
      expect(make).toThrow("expected timeout to be a number of seconds above 0");
    },
  );
});

describe("the time of a call", () => {
  it("runs out, and is then never negative", async () => {
    const time = clock();
    const call = new Call("execute", time, 300);
    await time.advance(100);
    expect(call.timeoutMs).toBe(200);
    await time.advance(500);
    expect(call.timeoutMs).toBe(0);
    expect(call.limitMs).toBe(300);
  });

  it("begins anew for `again`, with the same signal and tags", async () => {
    const time = clock();
    const { signal } = new AbortController();
    const call = new Call("transaction", time, 300, signal, { app: "shop" });
    await time.advance(200);
    const commit = call.again("commit");
    expect([commit.timeoutMs, call.timeoutMs]).toEqual([300, 100]);
    expect(commit).toMatchObject({ operation: "commit", signal, tags: { app: "shop" } });
  });
});

describe("Call.check", () => {
  it("refuses what has no time left, or is no longer wanted: nothing was sent", async () => {
    const time = clock();
    const controller = new AbortController();
    const call = new Call("execute", time, 300, controller.signal);
    expect(() => call.check()).not.toThrow();
    await time.advance(300);
    expect(() => call.check()).toThrow(QueryTimeoutError);
    expect(() => call.check()).toThrow(
      expect.objectContaining({ outcome: "not_sent", operation: "execute" }),
    );
    controller.abort("no more");
    expect(() => call.check()).toThrow(AbortedError);
    expect(() => call.check()).toThrow(expect.objectContaining({ outcome: "not_sent", cause: "no more" }));
  });
});

describe("Call.within", () => {
  it("answers as what it waits for, and leaves no timer and no listener behind", async () => {
    const time = clock();
    const controller = new AbortController();
    const call = new Call("execute", time, 300, controller.signal);
    expect(await call.within(Promise.resolve(7))).toBe(7);
    await expect(call.within(Promise.reject(new Error("mine")))).rejects.toThrow("mine");
    expect(time.timers).toBe(0);
    controller.abort();
  });

  it("waits no longer than the call may, and keeps the process alive meanwhile", async () => {
    const time = clock();
    const call = new Call("execute", time, 300);
    await time.advance(100);
    const waiting = call.within(never());
    expect(time.keepAliveTimers).toBe(1);
    const failed = expect(waiting).rejects.toMatchObject({
      code: "STRATA_QUERY_TIMEOUT",
      outcome: "not_sent",
    });
    await time.advance(199);
    expect(time.timers).toBe(1);
    await time.advance(1);
    expect(time.timers).toBe(0);
    await failed;
  });

  it("ends when the signal aborts, also when it has done so before", async () => {
    const time = clock();
    const controller = new AbortController();
    const call = new Call("execute", time, 300, controller.signal);
    const waiting = call.within(never());
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toMatchObject({ code: "STRATA_ABORTED", outcome: "not_sent" });
    await expect(call.within(never())).rejects.toMatchObject({ code: "STRATA_ABORTED" });
    expect(time.timers).toBe(0);
  });

  it("ignores what comes too late", async () => {
    const time = clock();
    const call = new Call("execute", time, 100);
    const failed = expect(call.within(later(time, 200, new Error("late")))).rejects.toThrow(
      QueryTimeoutError,
    );
    await time.advance(300);
    await failed;
  });
});

describe("the errors of a call", () => {
  it("say the limit in seconds, the outcome and the cause", () => {
    const call = new Call("saveEntity", clock(), 1500);
    const cause = new Error("driver");
    expect(call.timedOut("unknown", cause)).toMatchObject({
      message: "saveEntity did not end within its limit of 1.5 s and was stopped",
      outcome: "unknown",
      operation: "saveEntity",
      cause,
    });
    expect("cause" in call.timedOut("rejected")).toBe(false);
    expect(call.aborted("rejected")).toMatchObject({ outcome: "rejected", operation: "saveEntity" });
  });
});
