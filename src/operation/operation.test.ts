import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Awaitable,
  isPromiseLike,
  type Operation,
  runAsync,
  runSync,
  start,
  WouldBlockError,
  wait,
} from "./operation.ts";

function* sum(a: Awaitable<number>, b: Awaitable<number>): Operation<number> {
  return (yield* wait(a)) + (yield* wait(b));
}

/** Writes down what it does: work that fails or is interrupted, in two nested blocks that both clean up. */
function* nested(log: string[], answer: (step: string) => Awaitable<unknown>): Operation<string> {
  const step = function* (name: string): Operation<void> {
    log.push(name);
    yield* wait(answer(name));
    log.push(`${name} done`);
  };
  try {
    try {
      yield* step("work");
    } finally {
      yield* step("inner clean-up");
    }
  } finally {
    yield* step("outer clean-up");
  }
  return "ended";
}

const cleanedUp = ["work", "inner clean-up", "inner clean-up done", "outer clean-up", "outer clean-up done"];

/** Rejections that nobody handles while the test runs; look after a turn of the event loop. */
function recordUnhandledRejections(): unknown[] {
  const reasons: unknown[] = [];
  const others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  const record = (reason: unknown) => reasons.push(reason);
  process.on("unhandledRejection", record);
  onTestFinished(() => {
    process.off("unhandledRejection", record);
    for (const other of others) process.on("unhandledRejection", other);
  });
  return reasons;
}

describe("runSync and runAsync", () => {
  it("answer the operation's value", async () => {
    expect(runSync(sum(1, 2))).toBe(3);
    await expect(runAsync(sum(1, 2))).resolves.toBe(3);
    await expect(runAsync(sum(1, Promise.resolve(2)))).resolves.toBe(3);
  });

  it("throw what the operation throws", async () => {
    const boom = new Error("boom");
    const failing = function* (): Operation<void> {
      yield* wait(undefined);
      throw boom;
    };
    expect(() => runSync(failing())).toThrow(boom);
    await expect(runAsync(failing())).rejects.toBe(boom);
  });

  it("let an operation catch what its driver throws", async () => {
    const recovering = function* (query: () => Awaitable<number>): Operation<string> {
      try {
        return `got ${yield* wait(query())}`;
      } catch (error) {
        return `caught ${error}`;
      }
    };
    const throwing = () => {
      throw "boom";
    };
    expect(runSync(recovering(throwing))).toBe("caught boom");
    await expect(runAsync(recovering(throwing))).resolves.toBe("caught boom");
    await expect(runAsync(recovering(() => Promise.reject("boom")))).resolves.toBe("caught boom");
  });

  it.each([undefined, null, 0, "", false])("pass on %j, an answer like any other", async (value) => {
    expect(runSync(wait(value))).toBe(value);
    await expect(runAsync(wait(value))).resolves.toBe(value);
    await expect(runAsync(wait(Promise.resolve(value)))).resolves.toBe(value);
  });

  it("clean up nested blocks from the inside out, waiting for each", async () => {
    const boom = new Error("boom");
    const syncLog: string[] = [];
    const sync = nested(syncLog, (step) => {
      if (step === "work") throw boom;
    });
    expect(() => runSync(sync)).toThrow(boom);
    expect(syncLog).toEqual(cleanedUp);

    const asyncLog: string[] = [];
    const async = nested(asyncLog, async (step) => {
      await nextTurn();
      if (step === "work") throw boom;
    });
    await expect(runAsync(async)).rejects.toBe(boom);
    expect(asyncLog).toEqual(cleanedUp);
  });

  it("keep to one stack frame however many waits follow each other", async () => {
    const counting = function* (answer: (index: number) => Awaitable<number>): Operation<number> {
      let total = 0;
      for (let index = 0; index < 100_000; index++) total += yield* wait(answer(index));
      return total;
    };
    const total = 4_999_950_000;
    expect(runSync(counting((index) => index))).toBe(total);
    await expect(runAsync(counting((index) => index))).resolves.toBe(total);
    await expect(runAsync(counting((index) => Promise.resolve(index)))).resolves.toBe(total);
    await expect(
      runAsync(
        counting((index) => Promise.resolve(index)),
        new AbortController().signal,
      ),
    ).resolves.toBe(total);
  });
});

describe("start", () => {
  it("answers a plain value when no wait pauses, and a promise when one does", async () => {
    expect(start(sum(1, 2))).toBe(3);
    const answer = start(sum(1, Promise.resolve(2)));
    expect(isPromiseLike(answer)).toBe(true);
    expect(await answer).toBe(3);
  });
});

describe("isPromiseLike", () => {
  it.each([
    [Promise.resolve(), true],
    [{ then: () => {} }, true],
    [{ then: 1 }, false],
    [{}, false],
    [null, false],
    [undefined, false],
    ["then", false],
  ])("of %j is %j", (value, expected) => {
    expect(isPromiseLike(value)).toBe(expected);
  });
});

describe("runSync, when it would have to wait", () => {
  it("throws WouldBlockError at the pause", () => {
    const seen: unknown[] = [];
    const operation = function* (): Operation<void> {
      try {
        yield* wait(Promise.resolve());
      } catch (error) {
        seen.push(error);
        throw error;
      }
    };
    expect(() => runSync(operation())).toThrow(WouldBlockError);
    expect(seen).toEqual([expect.objectContaining({ code: "STRATA_WOULD_BLOCK", name: "WouldBlockError" })]);
  });

  it("runs the finally blocks, whose own answers are plain", () => {
    const log: string[] = [];
    const operation = nested(log, (step) => (step === "work" ? new Promise(() => {}) : undefined));
    expect(() => runSync(operation)).toThrow(WouldBlockError);
    expect(log).toEqual(cleanedUp);
  });

  it("runs every finally block, even when those would have to wait too", () => {
    const log: string[] = [];
    expect(() => runSync(nested(log, () => new Promise(() => {})))).toThrow(WouldBlockError);
    expect(log).toEqual(["work", "inner clean-up", "outer clean-up"]);
  });

  it("does not start a thenable that only works when it is awaited", () => {
    let started = false;
    const queryBuilder: PromiseLike<number> = {
      then() {
        started = true;
        return Promise.reject(new Error("never"));
      },
    };
    expect(() => runSync(wait(queryBuilder))).toThrow(WouldBlockError);
    expect(started).toBe(false);
  });
});

describe("a promise that nobody waits for any more is no unhandled rejection", () => {
  const turns = async () => {
    await nextTurn();
    await nextTurn();
  };

  it("when a blocking caller refused it", async () => {
    const unhandled = recordUnhandledRejections();
    const callback = async () => {
      await nextTurn();
      throw new Error("thrown by the callback");
    };
    expect(() => runSync(wait(callback()))).toThrow(WouldBlockError);
    expect(() => runSync(wait(Promise.reject(new Error("rejected at once"))))).toThrow(WouldBlockError);
    await turns();
    expect(unhandled).toEqual([]);
  });

  it("when an abort made the operation leave it", async () => {
    const unhandled = recordUnhandledRejections();
    const controller = new AbortController();
    const abandoned = Promise.withResolvers<never>();
    const running = runAsync(wait(abandoned.promise), controller.signal);
    controller.abort(new Error("the caller has gone"));
    await expect(running).rejects.toThrow("the caller has gone");
    abandoned.reject(new Error("too late"));
    await turns();
    expect(unhandled).toEqual([]);
  });
});

describe("stack traces", () => {
  class QueryError extends Error {}
  function* executeStatement(query: () => Awaitable<void>): Operation<void> {
    try {
      yield* wait(query());
    } catch (cause) {
      throw new QueryError("the query failed", { cause });
    }
  }
  function* runTransaction(query: () => Awaitable<void>): Operation<void> {
    yield* wait(query === failsInTheDriver ? nextTurn() : undefined);
    yield* executeStatement(query);
  }
  const throwsInTheDriver = () => {
    throw new Error("driver");
  };
  const failsInTheDriver = async () => {
    await nextTurn();
    throw new Error("driver");
  };
  const namesTheCore = expect.objectContaining({
    stack: expect.stringMatching(/executeStatement.*runTransaction/s),
    cause: expect.objectContaining({ message: "driver" }),
  });

  it("of a blocking caller name the core's functions and the caller", () => {
    const callerWhoBlocks = () => runSync(runTransaction(throwsInTheDriver));
    expect(callerWhoBlocks).toThrow(namesTheCore);
    expect(callerWhoBlocks).toThrow(
      expect.objectContaining({ stack: expect.stringContaining("callerWhoBlocks") }),
    );
  });

  it("of an awaiting caller name the core's functions and the caller", async () => {
    const callerWhoAwaits = async () => {
      await runAsync(runTransaction(failsInTheDriver));
    };
    await expect(callerWhoAwaits()).rejects.toEqual(namesTheCore);
    await expect(callerWhoAwaits()).rejects.toEqual(
      expect.objectContaining({ stack: expect.stringContaining("callerWhoAwaits") }),
    );
  });
});
