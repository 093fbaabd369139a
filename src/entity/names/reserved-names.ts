/** Fields that every entity has. The library writes them; of these a caller sets `id` only. */
export const systemFields = [
  "id",
  "created_at",
  "created_by",
  "updated_at",
  "updated_by",
  "deleted_at",
  "version",
] as const;

/** Columns that only the history table has, beside the entity's own. */
export const historyColumns = [
  "history_timestamp",
  "history_user_id",
  "history_comment",
  "history_operation",
  "history_write_id",
  "history_fields",
] as const;

export const derivedTableSuffixes = ["_history", "_meta"] as const;
export const reservedEntityPrefixes = ["sqlite_", "pg_", "mysql_"] as const;
export const reservedFieldPrefix = "history_";

const systemFieldSet: ReadonlySet<string> = new Set(systemFields);

/** Names through which JavaScript reaches an object's prototype. */
const prototypeNames: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/**
 * Columns that a server keeps for itself in every table: PostgreSQL's system columns and InnoDB's hidden ones.
 * They are refused on every backend, so that a name that is accepted on one is accepted on all.
 */
const serverColumns: ReadonlySet<string> = new Set([
  "tableoid",
  "xmin",
  "xmax",
  "cmin",
  "cmax",
  "ctid",
  "db_row_id",
  "db_trx_id",
  "db_roll_ptr",
  "fts_doc_id",
]);

/** Whether the library keeps this field by itself. Exact, as the field is written in a record. */
export function isSystemField(name: string): boolean {
  return systemFieldSet.has(name);
}

export function isPrototypeName(name: string): boolean {
  return prototypeNames.has(name);
}

/** Whether a column of this name, whatever its case, is the library's or the server's own. */
export function reservedColumn(name: string): "library" | "server" | null {
  const folded = name.toLowerCase();
  if (systemFieldSet.has(folded) || folded.startsWith(reservedFieldPrefix)) return "library";
  return serverColumns.has(folded) ? "server" : null;
}
