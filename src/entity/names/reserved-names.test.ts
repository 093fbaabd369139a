import { describe, expect, it } from "vitest";
import {
  historyColumns,
  isPrototypeName,
  isSystemField,
  reservedColumn,
  systemFields,
} from "./reserved-names.ts";

describe("reserved names", () => {
  it("knows the library's columns in any case", () => {
    for (const name of [...systemFields, ...historyColumns]) {
      expect(reservedColumn(name)).toBe("library");
      expect(reservedColumn(name.toUpperCase())).toBe("library");
    }
    expect(reservedColumn("history_anything")).toBe("library");
    expect(reservedColumn("historyNote")).toBeNull();
    expect(reservedColumn("name")).toBeNull();
  });

  it("knows the servers' columns", () => {
    expect(reservedColumn("ctid")).toBe("server");
    expect(reservedColumn("DB_ROW_ID")).toBe("server");
  });

  it("tells system fields and prototype names exactly", () => {
    expect(isSystemField("version")).toBe(true);
    expect(isSystemField("Version")).toBe(false);
    expect(isSystemField("toString")).toBe(false);
    expect(isPrototypeName("constructor")).toBe(true);
    expect(isPrototypeName("Constructor")).toBe(false);
  });
});
