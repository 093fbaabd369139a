import {
  type ColumnDefinition,
  type Dialect,
  type PortableStatement,
  quoteName,
  type StorageType,
  standardDialect,
} from "../../backend/index.ts";
import { postgresSyntax } from "../../sql/syntaxes.ts";
import { auditedBatch } from "./audited-batch.ts";
import { auditedSave } from "./audited-save.ts";
import { bindValue } from "./bind.ts";
import { columnTypes } from "./column-types.ts";
import { conversion } from "./conversions.ts";

export const postgresDialect: Dialect = standardDialect({
  syntax: postgresSyntax,
  columnTypes,
  columnType,
  bindValue,
  changeColumnType,
  listColumns,
  findTable,
  listIndexes,
  lockSchema,
  limitLockWait,
  connectionLimit: { sql: "SELECT setting FROM pg_catalog.pg_settings WHERE name = 'max_connections'" },
  isReadOnlyServer: { sql: "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 1 ELSE 0 END" },
  nodeIdentity: {
    // The control file names the timeline of the last checkpoint, which is the old one right after a promotion; the
    // name of the file that is written to has the right one. A standby writes to none.
    sql:
      "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 1 ELSE 0 END, " +
      "(SELECT CAST(system_identifier AS TEXT) FROM pg_catalog.pg_control_system()), " +
      "CASE WHEN pg_catalog.pg_is_in_recovery() THEN NULL ELSE CAST(CAST('x' || substr(" +
      "pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS BIGINT) END",
  },
  // Not while its COMMIT waits for a synchronous standby: to end it would commit on this server alone.
  endSession: (sessionId) => ({
    sql:
      "SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity " +
      "WHERE pid = ? AND wait_event IS DISTINCT FROM 'SyncRep'",
    params: [sessionId],
  }),
  findSession: (sessionId) => ({
    sql: "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = ?",
    params: [sessionId],
  }),
  lockRows: " FOR UPDATE",
  auditedSave,
  auditedBatch,
  inList: (column) => `${quoteName(column)} = ANY(CAST(? AS TEXT[]))`,
  typedParameter: (type) => `CAST(? AS ${columnTypes[type]})`,
});

/** Text compares byte by byte, and so the same way on every server, whatever the sort order of the database. */
function columnType({ type }: ColumnDefinition): string {
  return type === "text" ? 'TEXT COLLATE "C"' : columnTypes[type];
}

/** Rewrites the table under an exclusive lock, unless the column holds nothing but null. */
function changeColumnType(
  table: string,
  column: ColumnDefinition,
  from: StorageType | null,
): readonly string[] {
  const name = quoteName(column.name);
  const type = columnType(column);
  // The cast must not repeat the COLLATE clause, which belongs to the column.
  const plainType = columnTypes[column.type];
  const value = from === null ? `NULL::${plainType}` : conversion(name, from, column.type, plainType);
  return [`ALTER TABLE ${quoteName(table)} ALTER COLUMN ${name} TYPE ${type} USING ${value}`];
}

// The table that CREATE TABLE would make: in the first schema of the search path, and in no later one.
const tableId = "to_regclass(quote_ident(current_schema()) || '.' || quote_ident(?))";

function listColumns(table: string): PortableStatement {
  const sql =
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_catalog.pg_attribute " +
    `WHERE attrelid = ${tableId} AND attnum > 0 AND NOT attisdropped ORDER BY attnum`;
  return { sql, params: [table] };
}

function findTable(table: string): PortableStatement {
  const sql =
    "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) " +
    "AND relkind IN ('r', 'p') AND lower(relname) = lower(?) ORDER BY relname";
  return { sql, params: [table] };
}

/** Leaves out the index of the primary key, which cannot be dropped, and indexes on expressions. */
function listIndexes(table: string): PortableStatement {
  const sql =
    "SELECT i.relname, CASE WHEN x.indisunique THEN 1 ELSE 0 END, a.attname " +
    "FROM pg_catalog.pg_index AS x " +
    "JOIN pg_catalog.pg_class AS i ON i.oid = x.indexrelid " +
    "CROSS JOIN LATERAL unnest(x.indkey) WITH ORDINALITY AS k(attnum, place) " +
    "JOIN pg_catalog.pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = k.attnum " +
    `WHERE x.indrelid = ${tableId} AND NOT x.indisprimary AND k.place <= x.indnkeyatts ` +
    "ORDER BY i.relname, k.place";
  return { sql, params: [table] };
}

/** Held to the end of the transaction. Entities of the same name in other schemas do not wait for each other. */
function lockSchema(entity: string): PortableStatement {
  const sql =
    "SELECT pg_advisory_xact_lock(hashtextextended('strata schema ' || current_schema() || '.' || ?, 0))";
  return { sql, params: [entity] };
}

function limitLockWait(limitMs: number | null): PortableStatement {
  return { sql: `SET LOCAL lock_timeout = ${limitMs === null ? "DEFAULT" : Math.ceil(limitMs)}` };
}
