import { describe, expect, it } from "vitest";
import { ValidationError } from "../errors/index.ts";
import { postgresSyntax } from "../sql/index.ts";
import { type DialectDefinition, standardDialect } from "./standard-dialect.ts";

const definition: DialectDefinition = {
  syntax: postgresSyntax,
  columnTypes: {
    integer: "BIGINT",
    numeric: "NUMERIC",
    double: "DOUBLE",
    text: "TEXT",
    boolean: "BOOLEAN",
    timestamp: "TIMESTAMP",
    json: "JSON",
    bytes: "BLOB",
  },
  bindValue: (value) => value,
  changeColumnType: () => [],
  listColumns: () => ({ sql: "" }),
  findTable: () => ({ sql: "" }),
  listIndexes: () => ({ sql: "" }),
};
const dialect = standardDialect(definition);
const index = { name: "i", table: "t", columns: [{ name: "a", type: "text" as const }] };

describe("standardDialect", () => {
  it("makes tables and columns of the types given", () => {
    const table = {
      name: "t",
      columns: [
        { name: "id", type: "text" as const, notNull: true },
        { name: "n", type: "integer" as const },
      ],
      primaryKey: ["id", "n"],
    };
    expect(dialect.createTable(table)).toBe(
      "CREATE TABLE [t] ([id] TEXT NOT NULL, [n] BIGINT, PRIMARY KEY ([id], [n]))",
    );
    expect(dialect.createTable({ ...table, primaryKey: [] })).toBe(
      "CREATE TABLE [t] ([id] TEXT NOT NULL, [n] BIGINT)",
    );
    expect(dialect.addColumn("t", { name: "b", type: "bytes" })).toBe("ALTER TABLE [t] ADD COLUMN [b] BLOB");
  });

  it("asks the definition's own columnType, which sees the whole column", () => {
    const own = standardDialect({
      ...definition,
      columnType: ({ type, key }) => (key === true ? "KEY" : definition.columnTypes[type]),
    });
    expect(own.addColumn("t", { name: "a", type: "text", key: true })).toBe(
      "ALTER TABLE [t] ADD COLUMN [a] KEY",
    );
    expect(own.columnType({ name: "a", type: "json" })).toBe("JSON");
  });

  it("makes and drops indexes, which may leave out deleted rows", () => {
    expect(dialect.createIndex({ ...index, unique: true, liveOnly: true })).toBe(
      "CREATE UNIQUE INDEX [i] ON [t] ([a]) WHERE [deleted_at] IS NULL",
    );
    expect(dialect.createIndex({ ...index, unique: false, liveOnly: false })).toBe(
      "CREATE INDEX [i] ON [t] ([a])",
    );
    expect(dialect.dropIndex(index)).toBe("DROP INDEX [i]");
  });

  it("sorts null first, cuts pages, and locks nothing", () => {
    expect(dialect.orderTerm("a", "asc")).toBe("[a] ASC NULLS FIRST");
    expect(dialect.orderTerm("a", "desc")).toBe("[a] DESC NULLS LAST");
    expect(dialect.limit(5, 2) + dialect.limit(undefined, 2) + dialect.limit(0, undefined)).toBe(
      " LIMIT 5 OFFSET 2 OFFSET 2 LIMIT 0",
    );
    expect(dialect.limit(undefined, undefined)).toBe("");
    expect([dialect.lockRows, dialect.lockSchema("t")]).toEqual(["", null]);
  });

  it("takes every part that the definition has", () => {
    const own = standardDialect({ ...definition, lockRows: " FOR UPDATE", limit: () => " TOP" });
    expect([own.lockRows, own.limit(1, 1)]).toEqual([" FOR UPDATE", " TOP"]);
    expect(own.addColumn("t", { name: "b", type: "json" })).toBe("ALTER TABLE [t] ADD COLUMN [b] JSON");
  });

  it.each(["", "a]b", "[a", "a\0"])("refuses the name %o, which portable SQL cannot quote", (name) => {
    expect(() => dialect.addColumn(name, { name: "b", type: "json" })).toThrow(ValidationError);
    expect(() => dialect.addColumn("t", { name, type: "json" })).toThrow(ValidationError);
    expect(() => dialect.dropIndex({ name, table: "t" })).toThrow(ValidationError);
  });
});
