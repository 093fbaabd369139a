import { randomBytes } from "node:crypto";
import {
  type ColumnDefinition,
  createTable,
  type Dialect,
  describeColumn,
  type IndexDefinition,
  type PortableStatement,
  quoteName,
  type StorageType,
  standardDialect,
} from "../../backend/index.ts";
import { mysqlSyntax } from "../../sql/syntaxes.ts";
import { auditedSteps } from "./audited-steps.ts";
import { bindValue } from "./bind.ts";
import { conversion } from "./conversions.ts";
import { commitsTransaction, metadataLockSeconds } from "./session.ts";

/**
 * The SQL of both flavours in one text. Where they differ, an executable comment is read by one of them only: MySQL
 * takes `/*!80017 … *\/` from that version on and passes over `/*M! … *\/`; MariaDB does the reverse, and passes over
 * MySQL's from 50700 to 99999. (https://mariadb.com/kb/en/comment-syntax/, MySQL's manual 11.7.)
 */
const exact = "CHARACTER SET utf8mb4 COLLATE /*M! utf8mb4_nopad_bin */ /*!80017 utf8mb4_0900_bin */";

/**
 * JSON is kept as text. MariaDB has no other way; MySQL's own type would reorder keys and rewrite numbers, so that
 * the two would answer differently.
 */
const columnTypes: Readonly<Record<StorageType, string>> = {
  integer: "BIGINT",
  numeric: "DECIMAL(65,0)",
  double: "DOUBLE",
  text: "LONGTEXT",
  boolean: "TINYINT(1)",
  timestamp: "DATETIME(6)",
  json: "LONGTEXT",
  bytes: "LONGBLOB",
};

/** An index holds values of limited length only: 255 characters are 1,020 of InnoDB's 3,072 bytes. */
const keyTypes: Partial<Readonly<Record<StorageType, string>>> = {
  text: "VARCHAR(255)",
  json: "VARCHAR(255)",
  bytes: "VARBINARY(255)",
};

/** How long to wait for another process that changes the same schema, before the store tries again. */
const schemaLockSeconds = 5;

/** Begins the names of columns that are the library's own; no field may begin so. */
const hiddenPrefix = "_strata_";

/** 1 in rows that are not deleted, else null, which no unique index compares. */
const live = "IF(`deleted_at` IS NULL, 1, NULL)";
const liveColumn = `${hiddenPrefix}live`;

export const mysqlDialect: Dialect = standardDialect({
  syntax: mysqlSyntax,
  columnTypes,
  columnType,
  bindValue,
  createTable: (table) => `${createTable(table, typeOf)} ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT ${exact}`,
  addColumn: (table, column) => alter(table, `ADD COLUMN ${describe(column)}`),
  changeColumnType,
  createIndex,
  dropIndex: ({ name, table }) => alter(table, `DROP INDEX ${quoteName(name)}`),
  listColumns,
  findTable,
  listIndexes,
  lockSchema,
  commitsTransaction,
  limitLockWait,
  exclusively: {
    begin: (tables) => ({
      sql: `LOCK TABLES ${tables.map((table) => `${quoteName(table)} WRITE`).join(", ")}`,
    }),
    end: { sql: "UNLOCK TABLES" },
  },
  connectionLimit: { sql: "SELECT @@global.max_connections" },
  isReadOnlyServer: { sql: "SELECT @@global.read_only" },
  endSession: (sessionId) => ({ sql: `KILL CONNECTION ${Number(sessionId)}` }),
  findSession: (sessionId) => ({
    sql: "SELECT 1 FROM information_schema.processlist WHERE id = ?",
    params: [Number(sessionId)],
  }),
  auditedSteps,
  lockRows: " FOR UPDATE",
  // Null comes first by nature.
  orderTerm: (column, direction) => `${quoteName(column)} ${direction === "desc" ? "DESC" : "ASC"}`,
  limit,
});

function columnType({ type, key }: ColumnDefinition): string {
  return (key === true ? keyTypes[type] : undefined) ?? columnTypes[type];
}

/**
 * Where the server's own conversion would not keep a value as it should be, the values are copied into a new column
 * that then takes the old one's place. Until that last step nothing is lost; nobody else may write meanwhile (`exclusively`).
 * A process that dies in between leaves a column that no one sees (`listColumns`), and that no later try meets.
 */
function changeColumnType(
  table: string,
  column: ColumnDefinition,
  from: StorageType | null,
): readonly string[] {
  const old = quoteName(column.name);
  const expression = from === null ? null : conversion(old, from, column.type);
  if (expression === null) return [alter(table, `MODIFY COLUMN ${describe(column)}`)];
  const replacement = quoteName(hiddenPrefix + randomBytes(8).toString("hex"));
  return [
    alter(table, `ADD COLUMN ${replacement} ${typeOf(column)}`),
    `UPDATE ${quoteName(table)} SET ${replacement} = ${expression}`,
    alter(table, `DROP COLUMN ${old}, CHANGE COLUMN ${replacement} ${describe(column)}`),
  ];
}

/**
 * Text that is indexed becomes short text in the same step. Deleted rows are kept out of a unique index by a part
 * that is null for them: on MySQL an expression, on MariaDB a column of its own that no `SELECT *` shows.
 */
function createIndex({ name, table, columns, unique, liveOnly }: IndexDefinition): string {
  const parts = columns.map((column) => quoteName(column.name));
  const steps = columns
    .filter(({ type, notNull }) => keyTypes[type] !== undefined && notNull !== true)
    .map((column) => `MODIFY COLUMN ${describe({ ...column, key: true })}`);
  if (liveOnly && unique) {
    const marker = `ADD COLUMN IF NOT EXISTS \`${liveColumn}\` TINYINT(1) AS (${live}) VIRTUAL INVISIBLE,`;
    parts.push(`/*M! \`${liveColumn}\` */ /*!80013 (${live}) */`);
    steps.push(`/*M! ${marker} */ ADD UNIQUE INDEX ${quoteName(name)} (${parts.join(", ")})`);
  } else {
    steps.push(`ADD ${unique ? "UNIQUE " : ""}INDEX ${quoteName(name)} (${parts.join(", ")})`);
  }
  return alter(table, steps.join(", "));
}

// The catalogue compares without case, so the name is compared once more as bytes, unless the server has no case.
const sameTable =
  "table_schema = DATABASE() AND table_name = ? " +
  "AND (@@lower_case_table_names <> 0 OR CAST(table_name AS BINARY) = CAST(? AS BINARY))";

function listColumns(table: string): PortableStatement {
  const sql =
    "SELECT column_name, UPPER(IF(data_type = 'bigint', data_type, column_type)) FROM information_schema.columns " +
    `WHERE ${sameTable} AND LEFT(column_name, ${hiddenPrefix.length}) <> '${hiddenPrefix}' ` +
    "ORDER BY ordinal_position";
  return { sql, params: [table, table] };
}

function findTable(table: string): PortableStatement {
  const sql =
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND LOWER(table_name) = LOWER(?)";
  return { sql, params: [table] };
}

/** Leaves out the primary key, which has no name of ours, and the part that stands for rows that are not deleted. */
function listIndexes(table: string): PortableStatement {
  const sql =
    "SELECT index_name, 1 - non_unique, column_name FROM information_schema.statistics " +
    `WHERE ${sameTable} AND index_name <> 'PRIMARY' AND column_name IS NOT NULL AND column_name <> '${liveColumn}' ` +
    "ORDER BY index_name, seq_in_index";
  return { sql, params: [table, table] };
}

/**
 * A lock of the session and not of the transaction, which DDL would end. It is held until the session is closed: the
 * store changes schemas on a connection of their own. Answers 0 when others have not let go of it in time. The hash keeps any name within the 64 characters that a lock's name may have.
 */
function lockSchema(entity: string): PortableStatement {
  return {
    sql: `SELECT GET_LOCK(CONCAT('strata:', SHA1(CONCAT(DATABASE(), '.', ?))), ${schemaLockSeconds})`,
    params: [entity],
  };
}

/** Of waits for a table; those for a row are another matter. The server counts whole seconds. */
function limitLockWait(limitMs: number | null): PortableStatement {
  const seconds = limitMs === null ? metadataLockSeconds : Math.max(1, Math.ceil(limitMs / 1000));
  return { sql: `SET lock_wait_timeout = ${seconds}` };
}

function limit(count: number | undefined, offset: number | undefined): string {
  if (count === undefined && offset === undefined) return "";
  // OFFSET needs a LIMIT before it; the manual names this number for "all".
  return ` LIMIT ${count ?? "18446744073709551615"}${offset === undefined ? "" : ` OFFSET ${offset}`}`;
}

function alter(table: string, change: string): string {
  return `ALTER TABLE ${quoteName(table)} ${change}`;
}

function describe(column: ColumnDefinition): string {
  return describeColumn(column, typeOf(column));
}

function typeOf(column: ColumnDefinition): string {
  const isText = column.type === "text" || column.type === "json";
  return isText ? `${columnType(column)} ${exact}` : columnType(column);
}
