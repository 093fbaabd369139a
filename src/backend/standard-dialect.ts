import { ValidationError } from "../errors/index.ts";
import type { ColumnDefinition, Dialect, IndexDefinition, TableDefinition } from "./dialect.ts";
import type { StorageType } from "./values.ts";

/** What no two databases do alike, and so has no default. */
type OwnParts = "syntax" | "bindValue" | "changeColumnType" | "listColumns" | "findTable" | "listIndexes";

export interface DialectDefinition extends Pick<Dialect, OwnParts>, Partial<Omit<Dialect, OwnParts>> {
  /** What stores what. A `columnType` of the dialect's own can tell columns apart by more than that. */
  readonly columnTypes: Readonly<Record<StorageType, string>>;
}

/**
 * Makes a dialect of what differs from the SQL standard (ISO/IEC 9075) and what a common extension of it is. Each
 * part that the definition has takes the place of the default:
 * - tables, columns and indexes are made by the statements that PostgreSQL and SQLite share;
 * - null sorts first by `NULLS FIRST`, pages are cut by `LIMIT … OFFSET …`;
 * - rows and schemas are not locked: two transactions that change the same end in a `SerializationError`.
 */
export function standardDialect(definition: DialectDefinition): Dialect {
  const columnType = definition.columnType ?? (({ type }: ColumnDefinition) => definition.columnTypes[type]);
  const addColumn = (table: string, column: ColumnDefinition) =>
    `ALTER TABLE ${quoteName(table)} ADD COLUMN ${describeColumn(column, columnType(column))}`;
  const { columnTypes: _, ...own } = definition;
  return {
    columnType,
    createTable: (table) => createTable(table, columnType),
    addColumn,
    createIndex,
    dropIndex: ({ name }) => `DROP INDEX ${quoteName(name)}`,
    lockSchema: () => null,
    lockRows: "",
    orderTerm: (column, direction) =>
      `${quoteName(column)} ${direction === "asc" ? "ASC NULLS FIRST" : "DESC NULLS LAST"}`,
    limit,
    ...own,
  };
}

/** Quotes a name in the way of portable SQL, for a statement that is translated later. */
export function quoteName(name: string): string {
  if (/[[\]\0]/.test(name) || name === "") {
    throw new ValidationError("expected a name without brackets, got one that portable SQL cannot quote");
  }
  return `[${name}]`;
}

/** A column as CREATE TABLE and ADD COLUMN have it. */
export function describeColumn({ name, notNull }: ColumnDefinition, type: string): string {
  return `${quoteName(name)} ${type}${notNull === true ? " NOT NULL" : ""}`;
}

export function createTable(
  { name, columns, primaryKey }: TableDefinition,
  columnType: (column: ColumnDefinition) => string,
): string {
  const parts = columns.map((column) => describeColumn(column, columnType(column)));
  if (primaryKey.length > 0) parts.push(`PRIMARY KEY (${primaryKey.map(quoteName).join(", ")})`);
  return `CREATE TABLE ${quoteName(name)} (${parts.join(", ")})`;
}

function createIndex({ name, table, columns, unique, liveOnly }: IndexDefinition): string {
  const list = columns.map((column) => quoteName(column.name)).join(", ");
  const where = liveOnly ? " WHERE [deleted_at] IS NULL" : "";
  return `CREATE ${unique ? "UNIQUE " : ""}INDEX ${quoteName(name)} ON ${quoteName(table)} (${list})${where}`;
}

function limit(count: number | undefined, offset: number | undefined): string {
  return `${count === undefined ? "" : ` LIMIT ${count}`}${offset === undefined ? "" : ` OFFSET ${offset}`}`;
}
