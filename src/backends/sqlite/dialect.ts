import {
  type ColumnDefinition,
  type Dialect,
  describeColumn,
  type PortableStatement,
  quoteName,
  type StorageType,
  standardDialect,
} from "../../backend/index.ts";
import { UnsupportedError } from "../../errors/index.ts";
import { sqliteSyntax } from "../../sql/syntaxes.ts";
import { conversion } from "./conversions.ts";
import { bindValue } from "./types.ts";

/**
 * What stores what. SQLite has no exact decimals, so a whole number beyond 64 bits is text: exact, but it sorts
 * and compares as text does, '9' after '10'.
 */
const columnTypes: Readonly<Record<StorageType, string>> = {
  integer: "INTEGER",
  numeric: "TEXT",
  double: "REAL",
  text: "TEXT",
  boolean: "INTEGER",
  timestamp: "TEXT",
  json: "TEXT",
  bytes: "BLOB",
};

export const sqliteDialect: Dialect = standardDialect({
  syntax: sqliteSyntax,
  columnTypes,
  bindValue,
  changeColumnType,
  listColumns,
  findTable,
  listIndexes,
  // Null comes first by nature. A transaction that writes has the whole file to itself, so that it needs no locks.
  orderTerm: (column, direction) => `${quoteName(column)} ${direction === "asc" ? "ASC" : "DESC"}`,
  limit,
});

/**
 * SQLite cannot change a column's type, so a new column takes the place of the old one, as the last of its table.
 * Indexes on the column must be dropped before and made again after. Run the statements in one transaction.
 *
 * Nothing has to be done where the old column stores the new values too: an INTEGER column keeps 30.5 as it is,
 * and whole numbers beyond 2^53 stay exact in it, as they would not in a REAL column.
 */
function changeColumnType(
  table: string,
  column: ColumnDefinition,
  from: StorageType | null,
): readonly string[] {
  if (column.notNull === true) {
    throw new UnsupportedError(
      `SQLite cannot change the type of ${column.name} while it is NOT NULL: make a new table and copy the rows`,
      { backend: "sqlite", table },
    );
  }
  const target = quoteName(table);
  const old = quoteName(column.name);
  const drop = `ALTER TABLE ${target} DROP COLUMN ${old}`;
  if (from === null)
    return [drop, `ALTER TABLE ${target} ADD COLUMN ${describeColumn(column, columnTypes[column.type])}`];
  const expression = conversion(old, from, column.type);
  if (columnTypes[from] === columnTypes[column.type] || (from === "integer" && column.type === "double")) {
    return expression === null
      ? []
      : [`UPDATE ${target} SET ${old} = ${expression} WHERE ${old} IS NOT NULL`];
  }
  const replacement = quoteName(`${column.name}_strata_new`);
  return [
    `ALTER TABLE ${target} ADD COLUMN ${replacement} ${columnTypes[column.type]}`,
    `UPDATE ${target} SET ${replacement} = ${expression ?? old} WHERE ${old} IS NOT NULL`,
    drop,
    `ALTER TABLE ${target} RENAME COLUMN ${replacement} TO ${old}`,
  ];
}

function listColumns(table: string): PortableStatement {
  return { sql: "SELECT [name], [type] FROM pragma_table_info(?) ORDER BY [cid]", params: [table] };
}

function findTable(table: string): PortableStatement {
  const sql = "SELECT [name] FROM [sqlite_schema] WHERE [type] = 'table' AND lower([name]) = lower(?)";
  return { sql, params: [table] };
}

/** Leaves out the index of the primary key, which has no name of ours and cannot be dropped. */
function listIndexes(table: string): PortableStatement {
  const sql =
    "SELECT l.[name], l.[unique], i.[name] FROM pragma_index_list(?) AS l, pragma_index_info(l.[name]) AS i " +
    "WHERE l.[origin] <> 'pk' ORDER BY l.[name], i.[seqno]";
  return { sql, params: [table] };
}

function limit(count: number | undefined, offset: number | undefined): string {
  if (count === undefined && offset === undefined) return "";
  // OFFSET needs a LIMIT before it; -1 is none.
  return ` LIMIT ${count ?? -1}${offset === undefined ? "" : ` OFFSET ${offset}`}`;
}
