import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchCursor } from "./batch-cursor.ts";

async function* batchesOf(sizes: readonly number[], onEnd = () => {}): AsyncGenerator<unknown[][]> {
  let next = 0;
  try {
    for (const size of sizes) yield Array.from({ length: size }, () => [next++]);
  } finally {
    onEnd();
  }
}

describe("batchCursor", () => {
  it("answers all rows in order, and fewer than asked for only at the end", async () => {
    const sizes = fc.array(fc.nat({ max: 6 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.integer({ min: 1, max: 9 }), async (batches, count) => {
        const total = batches.reduce((sum, size) => sum + size, 0);
        const cursor = batchCursor(["n"], batchesOf(batches));
        const read: unknown[][] = [];
        for (;;) {
          const rows = await cursor.read(count);
          read.push(...rows);
          if (rows.length < count) break;
        }
        expect(read).toEqual(Array.from({ length: total }, (_, n) => [n]));
        expect(await cursor.read(count)).toEqual([]);
      }),
    );
  });

  it("reads no further than it must", async () => {
    let begun = 0;
    const batches = {
      *[Symbol.iterator]() {
        for (;;) {
          begun += 1;
          yield [[begun], [begun]];
        }
      },
    };
    const cursor = batchCursor(["n"], batches);
    expect(await cursor.read(3)).toEqual([[1], [1], [2]]);
    expect(await cursor.read(1)).toEqual([[2]]);
    expect(begun).toBe(2);
  });

  it("ends the reading when it is closed, once, and answers nothing more", async () => {
    let ends = 0;
    const cursor = batchCursor(
      ["n"],
      batchesOf([2, 2], () => {
        ends += 1;
      }),
    );
    expect(await cursor.read(1)).toEqual([[0]]);
    await cursor.close();
    await cursor.close();
    expect(ends).toBe(1);
    expect(await cursor.read(1)).toEqual([]);
  });

  it("passes on a failure", async () => {
    const failing = {
      async *[Symbol.asyncIterator](): AsyncGenerator<unknown[][]> {
        yield [[1]];
        throw new Error("lost");
      },
    };
    await expect(batchCursor(["n"], failing).read(5)).rejects.toThrow("lost");
  });
});
