import { describe, expect, it } from "vitest";
import { toQueryResult, toRowObjects } from "./result.ts";

describe("toQueryResult", () => {
  it("is the driver's own rows, with their columns and count", () => {
    const rows = [[1, "a"]];
    const result = toQueryResult({ columns: ["id", "name"], rows, rowCount: 1 });
    expect(result).toBe(rows);
    expect(result.columns).toEqual(["id", "name"]);
    expect(result.rowCount).toBe(1);
    expect(toQueryResult({ columns: [], rows: [], rowCount: 3 })).toMatchObject({ length: 0, rowCount: 3 });
  });
});

describe("toRowObjects", () => {
  it("names each row's values; of columns with the same name the last one counts", () => {
    const rows = [
      [1, "a", null],
      [2, "b", true],
    ];
    expect(toRowObjects(["id", "x", "x"], rows)).toEqual([
      { id: 1, x: null },
      { id: 2, x: true },
    ]);
    expect(toRowObjects(["id"], [])).toEqual([]);
  });

  it("gives a column named __proto__ as any other, and changes no prototype", () => {
    const evil = { admin: true };
    const [row] = toRowObjects(["__proto__", "id"], [[evil, 1]]);
    expect(Object.keys(row ?? {})).toEqual(["__proto__", "id"]);
    expect(Object.getOwnPropertyDescriptor(row, "__proto__")?.value).toBe(evil);
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
    expect("admin" in (row ?? {})).toBe(false);
  });

  it("gives columns named as Object's own members", () => {
    expect(toRowObjects(["constructor", "toString"], [[1, 2]])).toEqual([{ constructor: 1, toString: 2 }]);
  });
});
