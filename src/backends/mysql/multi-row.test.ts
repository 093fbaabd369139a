import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SqlParameterError } from "../../errors/index.ts";
import { multiRowText, rowChunks, rowInsert } from "./multi-row.ts";

const packet = 16 * 1024 * 1024;

describe("an insert of a row", () => {
  it.each([
    ["INSERT INTO t (a, b) VALUES (?, ?)", "INSERT INTO t (a, b) VALUES ", 2],
    ["/* a comment */ insert into t values(?)", "/* a comment */ insert into t values", 1],
    ["REPLACE INTO t VALUES ( ?, ?,? ) ", "REPLACE INTO t VALUES ", 3],
    ["INSERT INTO `values (?)` VALUES (?)", "INSERT INTO `values (?)` VALUES ", 1],
  ])("is taken apart: %s", (text, head, columns) => {
    expect(rowInsert(text)).toMatchObject({ head, columns });
  });

  it.each([
    "INSERT INTO t SELECT ?, ?",
    "INSERT INTO t VALUES (?, 1)",
    "INSERT INTO t VALUES (?, ?), (?, ?)",
    "INSERT INTO t VALUES (?) ON DUPLICATE KEY UPDATE a = ?",
    "INSERT INTO t VALUES (?) RETURNING a",
    "UPDATE t SET a = ?",
    "SELECT * FROM t WHERE (a) IN (VALUES (?))",
    "INSERT INTO t VALUES ()",
  ])("is left as it is when it does more: %s", (text) => {
    expect(rowInsert(text)).toBeUndefined();
  });

  it("is written for several rows", () => {
    const insert = rowInsert("INSERT INTO t VALUES (?, ?)");
    expect(insert && multiRowText(insert, 3)).toBe("INSERT INTO t VALUES (?, ?),(?, ?),(?, ?)");
    expect(insert && multiRowText(insert, 1)).toBe("INSERT INTO t VALUES (?, ?)");
  });
});

describe("chunks of rows", () => {
  it("hold every row once and in order, within what a statement can carry", () => {
    const anyRows = fc.integer({ min: 1, max: 200 }).chain((columns) =>
      fc.record({
        columns: fc.constant(columns),
        count: fc.integer({ min: 0, max: 3_000 }),
        bytes: fc.integer({ min: 0, max: 3_000 }),
      }),
    );
    fc.assert(
      fc.property(anyRows, ({ columns, count, bytes }) => {
        const rows = Array.from({ length: count }, (_, n) => [
          n,
          ...Array(columns - 1).fill("x".repeat(bytes / columns)),
        ]);
        const chunks = [...rowChunks(rows, columns, packet)];
        expect(chunks.flatMap((chunk) => chunk.rows)).toEqual(rows);
        for (const [i, { rows: part, isFull }] of chunks.entries()) {
          expect(part.length * columns).toBeLessThanOrEqual(65_535);
          expect(part.length).toBeLessThanOrEqual(1_000);
          expect(isFull || i === chunks.length - 1 || bytes > 0).toBe(true);
        }
      }),
      { numRuns: 30 },
    );
  });

  it("are smaller where rows are large, and a row that is too large alone is left to be refused", () => {
    const large = Buffer.alloc(1024 * 1024);
    const chunks = [
      ...rowChunks(
        Array.from({ length: 10 }, () => [large]),
        1,
        packet,
      ),
    ];
    expect(chunks.map(({ rows }) => rows.length)).toEqual([3, 3, 3, 1]);
    expect([...rowChunks([["x".repeat(packet)]], 1, packet)]).toHaveLength(1);
  });

  it("refuse a row of another length", () => {
    expect(() => [...rowChunks([[1, 2], [1]], 2, packet)]).toThrow(SqlParameterError);
  });
});
