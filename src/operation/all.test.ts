import { setImmediate as nextTurn } from "node:timers/promises";
import * as fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { all } from "./all.ts";
import { type Awaitable, type Operation, runAsync, runSync, WouldBlockError, wait } from "./operation.ts";

function never(): Promise<never> {
  return new Promise(() => {});
}

/** An operation that waits for each answer in turn and writes down when it begins and ends. */
function* steps<T>(log: string[], name: string, answers: readonly (() => Awaitable<T>)[]): Operation<string> {
  log.push(`${name} begins`);
  try {
    for (const answer of answers) yield* wait(answer());
  } finally {
    log.push(`${name} ends`);
  }
  return name;
}

describe("all, for a blocking caller", () => {
  it("runs one after another and answers in order", () => {
    const log: string[] = [];
    const answer = runSync(all(["a", "b"].map((name) => steps(log, name, [() => 1, () => 2]))));
    expect(answer).toEqual(["a", "b"]);
    expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("answers an empty list for none", async () => {
    expect(runSync(all([]))).toEqual([]);
    await expect(runAsync(all([]))).resolves.toEqual([]);
  });

  it("throws the first failure, after it has run the others", () => {
    const log: string[] = [];
    const failing = (message: string) => () => {
      throw new Error(message);
    };
    const operations = [
      steps(log, "a", [failing("first")]),
      steps(log, "b", [() => 1]),
      steps(log, "c", [failing("second")]),
    ];
    expect(() => runSync(all(operations))).toThrow("first");
    expect(log.filter((line) => line.endsWith("ends"))).toEqual(["a ends", "b ends", "c ends"]);
  });

  it("refuses to wait, and lets every operation that does clean up", () => {
    const log: string[] = [];
    const operations = [steps(log, "a", [never]), steps(log, "b", [() => 1]), steps(log, "c", [never])];
    expect(() => runSync(all(operations))).toThrow(WouldBlockError);
    expect(log).toEqual(["a begins", "b begins", "b ends", "c begins", "a ends", "c ends"]);
  });
});

describe("all, for an awaiting caller", () => {
  it("begins every operation before the first has ended", async () => {
    const log: string[] = [];
    const answer = await runAsync(all(["a", "b", "c"].map((name) => steps(log, name, [nextTurn, nextTurn]))));
    expect(answer).toEqual(["a", "b", "c"]);
    expect(log.slice(0, 3)).toEqual(["a begins", "b begins", "c begins"]);
  });

  it("answers in the order given, whatever ends first, mixed with plain answers", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(4), { maxLength: 8 }), async (turns) => {
        const log: string[] = [];
        const names = turns.map((count, index) => `${index}:${count}`);
        const operations = turns.map((count, index) =>
          steps(
            log,
            names[index] ?? "",
            Array.from({ length: count }, () => nextTurn),
          ),
        );
        expect(await runAsync(all(operations))).toEqual(names);
      }),
      { numRuns: 50 },
    );
  });

  it("throws the failure that is first in order, after all have ended", async () => {
    const log: string[] = [];
    const late = async () => {
      await nextTurn();
      await nextTurn();
      throw new Error("first in order");
    };
    const operations = [
      steps(log, "a", [late]),
      steps(log, "b", [() => Promise.reject(new Error("first in time"))]),
      steps(log, "c", [nextTurn, nextTurn, nextTurn, nextTurn]),
    ];
    await expect(runAsync(all(operations))).rejects.toThrow("first in order");
    expect(log).toContain("c ends");
  });

  it("interrupts every operation when the caller aborts, and waits until they have cleaned up", async () => {
    const controller = new AbortController();
    const reason = new Error("the caller has gone");
    const released = vi.fn();
    const holding = function* (): Operation<string> {
      try {
        return yield* wait(never());
      } finally {
        yield* wait(nextTurn());
        released();
      }
    };
    const log: string[] = [];
    const running = runAsync(all([holding(), steps(log, "a", [() => 1]), holding()]), controller.signal);
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(released).toHaveBeenCalledTimes(2);
  });

  it("ignores an answer that comes after its operation was interrupted", async () => {
    const controller = new AbortController();
    const slow = Promise.withResolvers<string>();
    const falling = function* (): Operation<string> {
      try {
        return yield* wait(slow.promise);
      } catch {
        yield* wait(nextTurn());
        return yield* wait(nextTurn().then(() => "fallback"));
      }
    };
    const running = runAsync(all([falling()]), controller.signal);
    controller.abort(new Error("the caller has gone"));
    slow.resolve("too late");
    await expect(running).resolves.toEqual(["fallback"]);
  });

  it("keeps to one stack frame for many operations and many waits", async () => {
    const operations = Array.from({ length: 1_000 }, (_, index) =>
      steps(
        [],
        String(index),
        Array.from({ length: 20 }, () => () => Promise.resolve()),
      ),
    );
    await expect(runAsync(all(operations))).resolves.toHaveLength(1_000);
  });
});
