import { describe, expect, it } from "vitest";
import { sqliteDialect } from "../../backends/sqlite/dialect.ts";
import { Codec } from "../codec/codec.ts";
import { parseFieldType } from "../kinds/index.ts";
import { Serializers } from "../values/serializers.ts";
import { EntityTable } from "./entity-table.ts";
import { readRecordInput } from "./record-input.ts";
import { planSave } from "./save.ts";
import type { StoredRow } from "./write.ts";

const types = { n: "integer", big: "bigint", text: "text", at: "date", list: "json", none: "undecided" };
const fields = new Map(Object.entries(types).map(([name, type]) => [name, parseFieldType(type)]));
const table = new EntityTable("users", { fields }, 1, new Codec(new Serializers()), sqliteDialect);

function stored(record: Readonly<Record<string, unknown>>, deleted = false): StoredRow {
  return { row: [], record: { id: "a", ...record }, version: 1, deleted };
}

function plan(current: StoredRow | null, record: object, unchanged: "skip" | "version" = "skip") {
  return planSave(current, readRecordInput("users", { id: "a", ...record }), unchanged, table).does;
}

describe("planSave", () => {
  it("inserts what is not there", () => {
    expect(plan(null, { n: 1 })).toBe("insert");
    expect(plan(null, {})).toBe("insert");
  });

  it("does nothing where nothing would change", () => {
    const at = new Date(0);
    const current = stored({ n: 1, big: 5n, text: "5", at, list: [1, { a: 2 }], none: null });
    expect(plan(current, {})).toBe("nothing");
    expect(
      plan(current, {
        n: 1,
        big: 5,
        text: 5,
        at: new Date(at),
        list: [1, { a: 2, gone: undefined }],
        none: null,
      }),
    ).toBe("nothing");
    expect(plan(stored({ n: 0 }), { n: -0 })).toBe("nothing");
    expect(plan(stored({}), { text: null })).toBe("nothing");
  });

  it.each([
    [{ n: 2 }],
    [{ n: null }],
    [{ big: 6 }],
    [{ text: "1 " }],
    [{ at: new Date(1) }],
    [{ list: [1, { a: 3 }] }],
    [{ list: [{ a: 2 }, 1] }],
    [{ n: 1, unheard: 1 }],
  ])("updates for %o", (record) => {
    const current = stored({ n: 1, big: 5n, text: "1", at: new Date(0), list: [1, { a: 2 }] });
    expect(plan(current, record)).toBe("update");
  });

  it("updates where each save is to make a version, and where the record is deleted", () => {
    expect(plan(stored({ n: 1 }), { n: 1 }, "version")).toBe("update");
    expect(plan(stored({ n: 1 }), {}, "version")).toBe("update");
    expect(plan(stored({ n: 1 }, true), { n: 1 })).toBe("update");
  });
});
