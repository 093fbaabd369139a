import { describe, expect, it, vi } from "vitest";
import { ValidationError, WouldBlockError } from "../errors/index.ts";
import { type Operation, wait } from "../operation/index.ts";
import { asyncRunner, type OpenStream, syncRunner } from "./runner.ts";

/** A stream of `count` rows, and what was asked of it. */
function numbers(count: number) {
  const asked: string[] = [];
  let next = 1;
  function* open(): Operation<OpenStream> {
    yield* wait(undefined);
    asked.push("open");
    return {
      cursor: {
        columns: ["n"],
        *read(size: number) {
          yield* wait(undefined);
          asked.push(`read ${size}`);
          const rows: unknown[][] = [];
          while (rows.length < size && next <= count) rows.push([next++]);
          return rows;
        },
      },
      *close() {
        yield* wait(undefined);
        asked.push("close");
      },
    };
  }
  return { asked, open };
}

describe("begin", () => {
  it("turns what is thrown at once into a rejection, for callers who await", async () => {
    const mine = new RangeError("mine");
    const refused = asyncRunner.begin(() => {
      throw mine;
    });
    await expect(refused).rejects.toBe(mine);
    expect(await asyncRunner.begin(async () => 7)).toBe(7);
  });

  it("lets it through, for callers who block", () => {
    const mine = new RangeError("mine");
    const throwing = () =>
      syncRunner.begin(() => {
        throw mine;
      });
    expect(throwing).toThrow(mine);
    expect(syncRunner.begin(() => 7)).toBe(7);
  });
});

describe("callbackAnswer", () => {
  it("passes a promise on to callers who await, and refuses it to callers who block", async () => {
    const promise = Promise.resolve(7);
    expect(asyncRunner.callbackAnswer(promise)).toBe(promise);
    expect(() => syncRunner.callbackAnswer(JSON.parse("7"))).not.toThrow();
    const refuse = (answer: unknown) => () => syncRunner.callbackAnswer(answer);
    expect(refuse(promise)).toThrow(WouldBlockError);
    expect(refuse(Promise.reject(new Error("handled")))).toThrow(/use the asynchronous face/);
    expect(refuse({ then: vi.fn() })).toThrow(WouldBlockError);
    await new Promise(setImmediate);
  });
});

describe("stream", () => {
  it("reads in pieces up to the end, and closes", async () => {
    const { asked, open } = numbers(5);
    const found: unknown[] = [];
    for await (const row of asyncRunner.stream(open, 2)) found.push(row);
    expect(found).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }, { n: 5 }]);
    expect(asked).toEqual(["open", "read 2", "read 2", "read 2", "close"]);
    const again = numbers(4);
    expect([...syncRunner.stream(again.open, 2)].map(({ n }) => n)).toEqual([1, 2, 3, 4]);
    expect(again.asked).toEqual(["open", "read 2", "read 2", "read 2", "close"]);
  });

  it("opens nothing before the first row is asked for, and closes when the loop is left", async () => {
    const { asked, open } = numbers(5);
    const stream = asyncRunner.stream(open, 2);
    expect(asked).toEqual([]);
    for await (const row of stream) if (row.n === 1) break;
    expect(asked).toEqual(["open", "read 2", "close"]);
    const again = numbers(5);
    for (const row of syncRunner.stream(again.open, 2)) if (row.n === 3) break;
    expect(again.asked).toEqual(["open", "read 2", "read 2", "close"]);
  });

  it("reads nothing of what is empty", async () => {
    const { asked, open } = numbers(0);
    expect(await asyncRunner.stream(open, 10).next()).toEqual({ done: true, value: undefined });
    expect(asked).toEqual(["open", "read 10", "close"]);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    "refuses pieces of %o before it opens",
    async (size) => {
      const { asked, open } = numbers(5);
      await expect(asyncRunner.stream(open, size).next()).rejects.toBeInstanceOf(ValidationError);
      expect(() => syncRunner.stream(open, size).next()).toThrow(
        `expected batchSize to be a whole number from 1, got ${size}`,
      );
      expect(asked).toEqual([]);
    },
  );
});
