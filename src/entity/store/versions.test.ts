import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NotFoundError, ValidationError } from "../../errors/index.ts";
import { checkMoment, checkVersion, completeDifferences, noSuchVersion } from "./versions.ts";

const fields = ["a", "b", "c"];

/** A row as it is read: id, the fields, something more, what the version holds (null: everything), the revision. */
function row(values: readonly unknown[], held: readonly string[] | null, version = 0): unknown[] {
  return ["id", ...values, version, held === null ? null : JSON.stringify(held), "1"];
}

describe("completeDifferences", () => {
  it("carries over what a version does not hold, null as well", () => {
    const rows = completeDifferences(
      [
        row([1, "x", null], null, 1),
        row([null, "y", null], ["b"], 2),
        row([null, null, null], [], 3),
        row([null, null, 7], ["a", "c"], 4),
      ],
      fields,
    );
    expect(rows.map((version) => version.slice(1, 5))).toEqual([
      [1, "x", null, 1],
      [1, "y", null, 2],
      [1, "y", null, 3],
      [null, "y", 7, 4],
    ]);
  });

  it("takes the list of names from text and from JSON that the driver has parsed", () => {
    const parsed = ["id", null, 2, null, 2, ["b"], "1"];
    const rows = completeDifferences([row([1, 1, 1], null), parsed], fields);
    expect(rows[1]?.slice(1, 4)).toEqual([1, 2, 1]);
  });

  it("leaves whole versions alone, and a difference with nothing before it", () => {
    const whole = row([null, null, null], null);
    expect(completeDifferences([row([1, 2, 3], null), whole], fields)[1]).toEqual(whole);
    const orphan = row([null, 5, null], ["b"]);
    expect(completeDifferences([[...orphan]], fields)).toEqual([orphan]);
  });

  it("gives back what was there before the differences were taken", () => {
    const value = fc.option(fc.integer({ min: 0, max: 2 }));
    const states = fc.array(fc.tuple(value, value, value), { minLength: 1 });
    fc.assert(
      fc.property(states, fc.array(fc.boolean()), (history, whole) => {
        const rows = history.map((state, i) => {
          const before = history[i - 1];
          if (before === undefined || whole[i] === true) return row(state, null, i);
          const held = fields.filter((_, at) => state[at] !== before[at]);
          return row(
            state.map((kept, at) => (held.includes(fields[at] ?? "") ? kept : null)),
            held,
            i,
          );
        });
        const complete = completeDifferences(rows, fields);
        expect(complete.map((version) => version.slice(1, 4))).toEqual(history);
      }),
    );
  });
});

describe("checkVersion", () => {
  it("takes whole numbers from 1", () => {
    expect([checkVersion(1), checkVersion(2 ** 53 - 1)]).toEqual([1, 2 ** 53 - 1]);
  });

  it.each([0, -1, 1.5, Number.NaN, 2 ** 53, "1", 1n, null, undefined])("refuses %o", (version) => {
    expect(() => checkVersion(version)).toThrow(ValidationError);
    expect(() => checkVersion(version)).toThrow(/expected a version to be a whole number from 1, got/);
  });
});

describe("checkMoment", () => {
  it("takes a valid Date", () => {
    const at = new Date(0);
    expect(checkMoment(at)).toBe(at);
  });

  it.each([new Date(Number.NaN), 0, "2024-01-01", null, undefined])("refuses %o", (at) => {
    expect(() => checkMoment(at)).toThrow(/expected a moment to be a valid Date, got/);
  });
});

describe("noSuchVersion", () => {
  it("names the record and the version", () => {
    const error = noSuchVersion("users", "a", 7);
    expect(error).toBeInstanceOf(NotFoundError);
    expect(error.message).toBe('"users" "a" has no version 7');
  });
});
