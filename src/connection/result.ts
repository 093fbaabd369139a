import type { DriverResult } from "../backend/index.ts";

/** One row's values in the order of the result's `columns`. */
export type Row = unknown[];

/** Rows as tuples, with the names of their columns. */
export type QueryResult = Row[] & {
  /** Names of the columns; empty for a statement that answers no rows. */
  readonly columns: readonly string[];
  /** Rows answered, or rows changed by a statement that answers none. */
  readonly rowCount: number;
};

/** A row as an object; of columns with the same name the last one counts. */
export type RowObject = Record<string, unknown>;

export function toQueryResult(result: DriverResult): QueryResult {
  return Object.assign(result.rows, { columns: result.columns, rowCount: result.rowCount });
}

export function toRowObjects(columns: readonly string[], rows: readonly Row[]): RowObject[] {
  const make = columns.includes("__proto__") ? defineRow : assignRow;
  return rows.map((row) => make(columns, row));
}

function assignRow(columns: readonly string[], row: Row): RowObject {
  const object: RowObject = {};
  for (let i = 0; i < columns.length; i++) object[columns[i] ?? ""] = row[i];
  return object;
}

// Assigning to a key named __proto__ would set the prototype instead.
function defineRow(columns: readonly string[], row: Row): RowObject {
  return Object.fromEntries(columns.map((column, i) => [column, row[i]]));
}
