import { describe, expect, it } from "vitest";
import { ClosedError, TransactionDoomedError } from "../errors/index.ts";
import { doomed, TransactionScope } from "./transaction-scope.ts";

const outermost = () => new TransactionScope(null, {}, false);

describe("TransactionScope", () => {
  it("counts its depth, and names its savepoint by it", () => {
    const outer = outermost();
    const inner = new TransactionScope(outer, {}, false);
    const innermost = new TransactionScope(inner, {}, false);
    expect([outer, inner, innermost].map(({ depth }) => depth)).toEqual([0, 1, 2]);
    expect([inner, innermost].map(({ savepoint }) => savepoint)).toEqual(["strata_1", "strata_2"]);
  });

  it("takes statements while it is open", () => {
    expect(() => outermost().check()).not.toThrow();
  });

  it("keeps the first failure that doomed it, and refuses statements with it", () => {
    const scope = outermost();
    const first = new Error("first");
    scope.doom(first);
    scope.doom(new Error("second"));
    expect(scope.state).toEqual({ is: "doomed", cause: first });
    expect(() => scope.check()).toThrow(TransactionDoomedError);
    expect(() => scope.check()).toThrow("(first)");
    expect(() => scope.check()).toThrow(expect.objectContaining({ cause: first }));
  });

  it.each(["committed", "rolled back"] as const)("refuses statements once it was %s, for good", (how) => {
    const scope = outermost();
    scope.end(how);
    scope.doom(new Error("late"));
    expect(scope.state).toEqual({ is: "ended", how });
    expect(() => scope.check()).toThrow(ClosedError);
    expect(() => scope.check()).toThrow(`was ${how} before the call`);
  });

  it("is inside itself, those around it, and the connection; not inside others", () => {
    const outer = outermost();
    const inner = new TransactionScope(outer, {}, false);
    expect([null, outer, inner].map((around) => inner.isInside(around))).toEqual([true, true, true]);
    expect(outer.isInside(inner)).toBe(false);
    expect(inner.isInside(outermost())).toBe(false);
  });
});

describe("doomed", () => {
  it("says what failed, even when that was no error", () => {
    expect(doomed("text").message).toContain("(text)");
    expect(doomed(new Error("broken")).message).toContain("(broken)");
  });
});
