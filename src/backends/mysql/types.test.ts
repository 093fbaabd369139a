import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bindValue } from "./bind.ts";
import type { MariadbColumn } from "./mariadb.ts";
import { columnTypes, toResult } from "./types.ts";

function column(
  name: string,
  columnType = 253,
  collation = 45,
  more: { set?: boolean; json?: boolean } = {},
): MariadbColumn {
  return {
    name: () => name,
    columnType,
    collation: { index: collation },
    isSet: () => more.set === true,
    isDataTypeFormatJson: () => more.json === true,
  };
}

function read(
  columnType: number,
  value: unknown,
  collation?: number,
  more?: { set?: boolean; json?: boolean },
): unknown {
  return toResult([[[value]], [column("c", columnType, collation, more)]]).rows[0]?.[0];
}

describe("reading an answer", () => {
  it("takes counts, rows, or the first rows of several results", () => {
    expect(toResult([{ affectedRows: 3 }, []])).toEqual({ columns: [], rows: [], rowCount: 3 });
    expect(toResult([[], [column("a")]])).toEqual({ columns: ["a"], rows: [], rowCount: 0 });
    expect(toResult([[["x"]], [column("__proto__")]])).toEqual({
      columns: ["__proto__"],
      rows: [["x"]],
      rowCount: 1,
    });
    const several = [
      [{ affectedRows: 0 }, [["b"]], [["c"]], { affectedRows: 0 }],
      [null, [column("b")], [column("c")], null],
    ] as const;
    expect(toResult([[...several[0]], several[1]])).toEqual({ columns: ["b"], rows: [["b"]], rowCount: 1 });
    expect(
      toResult([
        [{ affectedRows: 0 }, { affectedRows: 0 }],
        [null, null],
      ]),
    ).toEqual({ columns: [], rows: [], rowCount: 0 });
  });

  it.each([
    ["bigint", columnTypes.bigint, 5n, 5],
    ["bigint", columnTypes.bigint, 2n ** 60n, 2n ** 60n],
    ["float", columnTypes.float, 0.1, Math.fround(0.1)],
    ["bit", columnTypes.bit, Buffer.from([1, 0]), 256],
    ["bit", columnTypes.bit, Buffer.alloc(8, 255), 2n ** 64n - 1n],
    ["time", columnTypes.time, "10:00:00.500000", "10:00:00.5"],
    ["time", columnTypes.time, "10:00:00.000000", "10:00:00"],
    ["time", columnTypes.time, "10:00:00", "10:00:00"],
    ["datetime", columnTypes.datetime, "2024-03-10 02:30:00", new Date("2024-03-10T02:30:00Z")],
    ["datetime", columnTypes.datetime, "2024-03-10 02:30:00.1", new Date("2024-03-10T02:30:00.100Z")],
    ["datetime", columnTypes.datetime, "2024-03-10 02:30:00.123999", new Date("2024-03-10T02:30:00.123Z")],
    ["datetime", columnTypes.datetime, "0042-03-10 02:30:00", new Date("0042-03-10T02:30:00Z")],
    ["datetime", columnTypes.datetime, "0000-00-00 00:00:00", "0000-00-00 00:00:00"],
    ["datetime", columnTypes.datetime, "2024-02-31 00:00:00", "2024-02-31 00:00:00"],
    ["datetime", columnTypes.datetime, "2024-00-10 00:00:00", "2024-00-10 00:00:00"],
    ["json", columnTypes.json, '{"a":1}', { a: 1 }],
    ["json", columnTypes.json, "no json", "no json"],
    ["geometry", columnTypes.geometry, { type: "Point" }, null],
    [
      "geometry",
      columnTypes.geometry,
      { type: "Point", coordinates: [1, 2] },
      { type: "Point", coordinates: [1, 2] },
    ],
    ["null", columnTypes.datetime, null, null],
  ])("reads %s, case %#", (_name, type, value, expected) => {
    expect(read(type, value)).toStrictEqual(expected);
  });

  it("reads binary text as bytes of its own, sets as text, and JSON that MariaDB marks", () => {
    const chunk = Buffer.from("abc");
    const bytes = read(252, chunk, 63);
    expect(bytes).toStrictEqual(new Uint8Array([97, 98, 99]));
    expect(chunk.buffer.byteLength).toBeGreaterThan(3);
    expect(bytes).toHaveProperty("buffer.byteLength", 3);
    expect(read(254, ["a", "b"], 45, { set: true })).toBe("a,b");
    expect(read(252, "[1]", 46, { json: true })).toEqual([1]);
    expect(read(252, "[1]", 46)).toBe("[1]");
  });

  it("reads every moment that can be bound as the same moment", () => {
    const from = new Date("0001-01-01T00:00:00.000Z");
    const to = new Date("9999-12-31T23:59:59.999Z");
    fc.assert(
      fc.property(fc.date({ min: from, max: to, noInvalidDate: true }), (date) => {
        expect(read(columnTypes.datetime, `${bindValue(date)}000`)).toEqual(date);
      }),
    );
  });
});
