import { describe, expect, it } from "vitest";
import { blockOf, isInterruption } from "./block.ts";

const commands = (...texts: readonly string[]) =>
  texts.map((text) => ({ statement: { text, readOnly: false, reusable: true }, values: [] }));

describe("a block of statements", () => {
  it("commits when the last one has found a row, whatever comments they hold", () => {
    const { statement } = blockOf(commands("INSERT INTO t VALUES (?) -- so", "/* insert */ SELECT 1"));
    expect(statement.text).toBe(
      "BEGIN NOT ATOMIC START TRANSACTION;\nINSERT INTO t VALUES (?) -- so\n;\n/* insert */ SELECT 1\n;\n" +
        "IF FOUND_ROWS() > 0 THEN COMMIT; ELSE ROLLBACK; END IF; END",
    );
  });

  it("commits when the last one has changed a row, and says by a result that it has not", () => {
    const { statement } = blockOf(
      commands("INSERT INTO t VALUES (?)", "/* SELECT */ INSERT INTO u SELECT 1"),
    );
    expect(statement.text).toContain(
      "IF ROW_COUNT() > 0 THEN COMMIT; ELSE ROLLBACK; SELECT 1 FROM DUAL WHERE FALSE; END IF; END",
    );
  });

  it("is put together once for the same statements, and anew for others that begin with the same one", () => {
    const [first, second, third] = commands("A", "B", "C");
    if (first === undefined || second === undefined || third === undefined) throw new Error("expected three");
    const block = blockOf([first, second]);
    expect(blockOf([first, { ...second, values: [1] }])).toBe(block);
    expect(blockOf([first, third]).texts).toEqual([expect.stringContaining("\nC\n"), "A", "C"]);
    expect(blockOf([first]).texts).toEqual([expect.not.stringContaining("\nC\n"), "A"]);
  });

  it("is kept prepared if all of its statements may come again", () => {
    const [first, second] = commands("A", "B");
    if (first === undefined || second === undefined) throw new Error("expected two");
    expect(blockOf([first, second]).statement.reusable).toBe(true);
    const once = { statement: { ...second.statement, reusable: false }, values: [] };
    expect(blockOf([first, once]).statement.reusable).toBe(false);
  });

  it("may have committed before it was interrupted, and before nothing else", () => {
    expect([1317, 1969, 3024].every((errno) => isInterruption(Object.assign(new Error(), { errno })))).toBe(
      true,
    );
    expect(isInterruption(Object.assign(new Error(), { errno: 1062 }))).toBe(false);
    expect(isInterruption(new Error())).toBe(false);
  });
});
