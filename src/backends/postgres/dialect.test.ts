import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { conversion } from "./conversions.ts";
import { postgresDialect as dialect } from "./dialect.ts";

describe("postgresDialect", () => {
  it("makes tables whose text compares byte by byte", () => {
    const sql = dialect.createTable({
      name: "users_history",
      columns: [
        { name: "id", type: "text", key: true, notNull: true },
        { name: "version", type: "integer", key: true, notNull: true },
        { name: "bio", type: "text" },
        { name: "data", type: "json" },
      ],
      primaryKey: ["id", "version"],
    });
    expect(sql).toBe(
      'CREATE TABLE [users_history] ([id] TEXT COLLATE "C" NOT NULL, [version] BIGINT NOT NULL, ' +
        '[bio] TEXT COLLATE "C", [data] JSONB, PRIMARY KEY ([id], [version]))',
    );
  });

  it("changes a type in one statement", () => {
    expect(dialect.changeColumnType("t", { name: "a", type: "double" }, "integer")).toEqual([
      "ALTER TABLE [t] ALTER COLUMN [a] TYPE DOUBLE PRECISION USING [a]::DOUBLE PRECISION",
    ]);
    expect(dialect.changeColumnType("t", { name: "a", type: "text", key: true }, null)).toEqual([
      'ALTER TABLE [t] ALTER COLUMN [a] TYPE TEXT COLLATE "C" USING NULL::TEXT',
    ]);
  });

  it("makes indexes that leave out deleted rows", () => {
    expect(
      dialect.createIndex({
        name: "users_email_idx",
        table: "users",
        columns: [{ name: "email", type: "text", key: true }],
        unique: true,
        liveOnly: true,
      }),
    ).toBe("CREATE UNIQUE INDEX [users_email_idx] ON [users] ([email]) WHERE [deleted_at] IS NULL");
  });

  it("limits with either part missing", () => {
    expect([dialect.limit(5, 2), dialect.limit(5, undefined), dialect.limit(undefined, 2)]).toEqual([
      " LIMIT 5 OFFSET 2",
      " LIMIT 5",
      " OFFSET 2",
    ]);
    expect(dialect.limit(undefined, undefined)).toBe("");
  });

  it("sorts null before every value", () => {
    expect(dialect.orderTerm("a", "asc")).toBe("[a] ASC NULLS FIRST");
    expect(dialect.orderTerm("a", "desc")).toBe("[a] DESC NULLS LAST");
  });

  it("refuses names that portable SQL cannot quote", () => {
    expect(() => dialect.addColumn("a]b", { name: "c", type: "text" })).toThrow(ValidationError);
    expect(() => dialect.dropIndex({ name: "", table: "t" })).toThrow(ValidationError);
  });
});

describe("conversion", () => {
  it("leaves a type that stays", () => {
    expect(conversion("[a]", "text", "text", "TEXT")).toBe("[a]");
  });
});
