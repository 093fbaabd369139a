import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { planPrune } from "./retention.ts";

describe("planPrune", () => {
  it("keeps the newest version at least, and works in batches of 1000", () => {
    const olderThan = new Date(0);
    expect(planPrune({ olderThan })).toEqual({ olderThan, keepVersions: 1, batchSize: 1000 });
    expect(planPrune({ keepVersions: 5, batchSize: 10 })).toEqual({
      olderThan: undefined,
      keepVersions: 5,
      batchSize: 10,
    });
  });

  it("refuses to remove what nobody has named", () => {
    expect(() => planPrune({})).toThrow("expected olderThan or keepVersions, got neither");
    expect(() => planPrune(undefined)).toThrow(ValidationError);
    expect(() => planPrune({ batchSize: 5 })).toThrow(/got neither/);
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses counts of %o", (count) => {
    expect(() => planPrune({ keepVersions: count })).toThrow(
      `expected keepVersions to be a whole number from 1, got ${count}`,
    );
    expect(() => planPrune({ keepVersions: 1, batchSize: count })).toThrow(
      `expected batchSize to be a whole number from 1, got ${count}`,
    );
  });

  it("refuses a moment that is none", () => {
    expect(() => planPrune({ olderThan: new Date(Number.NaN) })).toThrow(
      /expected a moment to be a valid Date, got an invalid Date/,
    );
  });
});
