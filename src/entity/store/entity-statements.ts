import type { TableNames } from "../names/names.ts";

export interface StatementParts {
  readonly names: TableNames;
  /** All columns of the main table. */
  readonly columns: readonly string[];
  readonly systemColumns: readonly string[];
  readonly historyColumns: readonly string[];
  /** A `?` for each of the history's own columns, typed where the database needs that. */
  readonly historyParameters: readonly string[];
  /** How many of the history's columns a caller sees. */
  readonly shown: number;
  /**
   * Stands in a comment of each text, and differs when the fields or their types do: a server that has prepared a
   * text keeps the types that its columns had then.
   */
  readonly schemaTag: string;
}

/**
 * The portable SQL of one entity. Texts are made once for each shape of record, so that a repeated call finds its
 * statement in every cache below.
 */
export class EntityStatements {
  /** Reads the schema's revision; no row when the entity has no tables. */
  readonly revision: string;
  /** Reads a record by id, whether deleted or not, and the revision behind it. Add the dialect's row lock. */
  readonly selectById: string;
  /** As `selectById`, without a condition: add ` WHERE …`. */
  readonly select: string;
  readonly count: string;
  readonly deleteRow: string;
  readonly deleteHistory: string;
  /** Copies records as they are into the history: add a condition on id. Its first values are the history's own. */
  readonly appendHistory: string;
  readonly lastVersion: string;
  /** Answers a row when a record has a version that a certain write made: by id and write id. */
  readonly writtenBy: string;
  /** Reads versions: add ` WHERE …`. */
  readonly selectVersions: string;

  readonly #names: TableNames;
  readonly #tag: string;
  readonly #historyColumns: readonly string[];
  readonly #historyParameters: string;
  readonly #systemColumns: readonly string[];
  readonly #texts = new Map<string, string>();

  constructor({
    names,
    columns,
    systemColumns,
    historyColumns,
    historyParameters,
    shown,
    schemaTag,
  }: StatementParts) {
    const listed = columns.map(quote).join(", ");
    const revision = `(SELECT [type] FROM [${names.meta}] WHERE [name] = '')`;
    this.#names = names;
    this.#tag = `/* ${schemaTag} */ `;
    this.#systemColumns = systemColumns;
    this.#historyColumns = historyColumns;
    this.#historyParameters = historyParameters.join(", ");
    this.revision = `SELECT [type] FROM [${names.meta}] WHERE [name] = ''`;
    this.select = `${this.#tag}SELECT ${listed}, ${revision} AS [schema_revision] FROM [${names.main}]`;
    this.selectById = `${this.select} WHERE [id] = ?`;
    this.count = `SELECT COUNT(*) FROM [${names.main}]`;
    this.deleteRow = `DELETE FROM [${names.main}] WHERE [id] = ?`;
    this.deleteHistory = `DELETE FROM [${names.history}] WHERE [id] = ?`;
    this.writtenBy = `SELECT [version] FROM [${names.history}] WHERE [id] = ? AND [history_write_id] = ?`;
    this.lastVersion = `SELECT MAX([version]) FROM [${names.history}] WHERE [id] = ?`;
    this.appendHistory =
      `${this.#tag}INSERT INTO [${names.history}] (${historyColumns.map(quote).join(", ")}, ${listed}) ` +
      `SELECT ${this.#historyParameters}, ${listed} FROM [${names.main}]`;
    const versionColumns = [...columns, ...historyColumns.slice(0, shown)].map(quote).join(", ");
    this.selectVersions = `${this.#tag}SELECT ${versionColumns}, [history_fields], ${revision} AS [schema_revision] FROM [${names.history}]`;
  }

  /** Inserts a record with these columns, a value for each in their order. */
  insert(columns: readonly string[]): string {
    return this.memoised("insert", columns, () => {
      const listed = columns.map(quote).join(", ");
      return `INSERT INTO [${this.#names.main}] (${listed}) VALUES (${columns.map(() => "?").join(", ")})`;
    });
  }

  /** Updates these columns of the record with an id and a version: the two values that follow the columns'. */
  update(columns: readonly string[]): string {
    return this.memoised("update", columns, () => {
      const assigned = columns.map((column) => `${quote(column)} = ?`).join(", ");
      return `UPDATE [${this.#names.main}] SET ${assigned} WHERE [id] = ? AND [version] = ?`;
    });
  }

  /** Copies a record's id, system columns and these fields into the history, for a history of differences. */
  appendDelta(fields: readonly string[]): string {
    return this.memoised("delta", fields, () => `${this.#appendFields(fields)} WHERE [id] = ?`);
  }

  /** As `appendDelta`, for a list of ids. */
  appendDeltas(fields: readonly string[]): string {
    return this.memoised("deltas", fields, () => `${this.#appendFields(fields)} WHERE [id] IN (?)`);
  }

  #appendFields(fields: readonly string[]): string {
    const listed = ["id", ...fields, ...this.#systemColumns].map(quote).join(", ");
    return (
      `INSERT INTO [${this.#names.history}] (${this.#historyColumns.map(quote).join(", ")}, ${listed}) ` +
      `SELECT ${this.#historyParameters}, ${listed} FROM [${this.#names.main}]`
    );
  }

  /** A statement with the schema named in it. */
  tagged(sql: string): string {
    return this.#tag + sql;
  }

  /** The text of a statement for a shape of record, made by `make` when it is new. */
  memoised(statement: string, shape: readonly string[], make: () => string): string {
    const key = `${statement}:${shape.join()}`;
    let text = this.#texts.get(key);
    if (text === undefined) {
      text = this.#tag + make();
      if (this.#texts.size >= mostTexts) this.#texts.clear();
      this.#texts.set(key, text);
    }
    return text;
  }
}

export function quote(name: string): string {
  return `[${name}]`;
}

// Applications save few shapes of a record. One that makes up ever new ones must not fill the memory.
const mostTexts = 500;
