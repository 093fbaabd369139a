import { getEventListeners } from "node:events";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { type Operation, runAsync, wait } from "./operation.ts";

const reason = new Error("the caller has gone");
const listeners = (signal: AbortSignal) => getEventListeners(signal, "abort").length;

function never(): Promise<never> {
  return new Promise(() => {});
}

describe("runAsync with a signal that has already aborted", () => {
  it("throws its reason and does not begin", async () => {
    const begin = vi.fn();
    const operation = function* (): Operation<void> {
      begin();
      yield* wait(undefined);
    };
    await expect(runAsync(operation(), AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(begin).not.toHaveBeenCalled();
  });
});

describe("runAsync, when the signal aborts", () => {
  it("throws the reason itself at the pause", async () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    const operation = function* (): Operation<void> {
      try {
        yield* wait(never());
      } catch (error) {
        seen.push(error);
        throw error;
      }
    };
    const running = runAsync(operation(), controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(seen).toEqual([reason]);
  });

  it("throws it at the next pause when none is open", async () => {
    const controller = new AbortController();
    const operation = function* (): Operation<void> {
      yield* wait(Promise.resolve());
      controller.abort(reason);
      yield* wait(never());
    };
    await expect(runAsync(operation(), controller.signal)).rejects.toBe(reason);
  });

  it("changes nothing when no pause follows", async () => {
    const controller = new AbortController();
    const operation = function* (): Operation<string> {
      yield* wait(Promise.resolve());
      controller.abort(reason);
      return yield* wait("ended");
    };
    await expect(runAsync(operation(), controller.signal)).resolves.toBe("ended");
  });

  it("does not interrupt what the operation awaits while it cleans up", async () => {
    const controller = new AbortController();
    const log: string[] = [];
    const operation = function* (): Operation<void> {
      try {
        yield* wait(never());
      } finally {
        for (const step of ["rollback", "release"]) {
          yield* wait(nextTurn());
          log.push(step);
        }
      }
    };
    const running = runAsync(operation(), controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(log).toEqual(["rollback", "release"]);
  });

  it("is not lost when the operation fails by itself in the same moment", async () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    const operation = function* (): Operation<void> {
      for (;;) {
        try {
          yield* wait(seen.length === 0 ? Promise.reject("its own failure") : never());
        } catch (error) {
          seen.push(error);
          if (error === reason) return;
        }
      }
    };
    const running = runAsync(operation(), controller.signal);
    // Aborts after the pause has rejected and before the runner is told.
    queueMicrotask(() => controller.abort(reason));
    await running;
    expect(seen).toEqual(["its own failure", reason]);
  });
});

describe("listeners on the signal", () => {
  it("are one at a pause and none afterwards, however the pause ends", async () => {
    const { signal } = new AbortController();
    const counts: number[] = [];
    const observe = async (fail: boolean) => {
      await nextTurn();
      counts.push(listeners(signal));
      if (fail) throw reason;
    };
    const operation = function* (): Operation<void> {
      for (let round = 0; round < 20; round++) {
        try {
          yield* wait(observe(round % 2 === 0));
        } catch {
          counts.push(listeners(signal));
        }
      }
    };
    await runAsync(operation(), signal);
    expect(new Set(counts)).toEqual(new Set([1, 0]));
    expect(Math.max(...counts)).toBe(1);
    expect(listeners(signal)).toBe(0);
  });

  it("are gone after an abort", async () => {
    const controller = new AbortController();
    const running = runAsync(wait(never()), controller.signal);
    expect(listeners(controller.signal)).toBe(1);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(listeners(controller.signal)).toBe(0);
  });
});
