import { describe, expect, it } from "vitest";
import { blockOf, isInterruption } from "./block.ts";

describe("a block of statements", () => {
  it("commits when the last one has found a row, whatever comments they end with", () => {
    expect(blockOf(["INSERT INTO t VALUES (?) -- so", "SELECT 1"], {})).toBe(
      "BEGIN NOT ATOMIC START TRANSACTION;\nINSERT INTO t VALUES (?) -- so\n;\nSELECT 1\n;\n" +
        "IF FOUND_ROWS() > 0 THEN COMMIT; ELSE ROLLBACK; END IF; END",
    );
  });

  it("is put together once for the same statements, and anew for others with the same key", () => {
    const key = {};
    const first = blockOf(["A", "B"], key);
    expect(blockOf(["A", "B"], key)).toBe(first);
    expect(blockOf(["A", "other"], key)).toContain("other");
    expect(blockOf(["A"], key)).not.toContain("other");
  });

  it("may have committed before it was interrupted, and before nothing else", () => {
    expect([1317, 1969, 3024].every((errno) => isInterruption(Object.assign(new Error(), { errno })))).toBe(
      true,
    );
    expect(isInterruption(Object.assign(new Error(), { errno: 1062 }))).toBe(false);
    expect(isInterruption(new Error())).toBe(false);
  });
});
