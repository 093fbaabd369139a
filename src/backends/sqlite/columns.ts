import type { SqliteDatabase, SqliteStatement } from "./better-sqlite3.ts";

/** The column names of a statement that answers rows. Asked directly after each step of the statement. */
export interface ColumnNames {
  after(statement: SqliteStatement): readonly string[];
}

/**
 * Chooses how the names are kept. Reading them costs 0.5 µs a column, so they are kept with the statement. Only a
 * `*` in the text makes them depend on the schema: a statement that names its columns fails when one is gone.
 */
export function columnNames(text: string, watch: SchemaWatch): ColumnNames {
  const relevant = text.replace(commentsAround, "").replaceAll("(*)", "");
  return relevant.includes("*") ? new ChangingNames(watch) : new FixedNames();
}

/** The comment that a text begins or ends with: tags stand there, and nothing that a literal could hold. */
const commentsAround = /^\s*\/\*[^*]*\*\/|\/\*[^*]*\*\/\s*$/g;

class FixedNames implements ColumnNames {
  #names: readonly string[] | undefined;

  after(statement: SqliteStatement): readonly string[] {
    this.#names ??= read(statement);
    return this.#names;
  }
}

/**
 * Names that follow the schema, exactly: kept for a version of the schema only when the statement is known to
 * have run in it. That is so when the version was seen before the run and is seen again after it, since another
 * process may alter a table at any moment, and versions of committed schemas only grow.
 */
class ChangingNames implements ColumnNames {
  readonly #watch: SchemaWatch;
  #names: readonly string[] = [];
  #certainFor: unknown;
  #lastSeen: unknown;

  constructor(watch: SchemaWatch) {
    this.#watch = watch;
  }

  after(statement: SqliteStatement): readonly string[] {
    const version = this.#watch.version();
    if (version !== undefined && version === this.#certainFor) return this.#names;
    this.#names = read(statement);
    this.#certainFor = version !== undefined && version === this.#lastSeen ? version : undefined;
    this.#lastSeen = version;
    return this.#names;
  }
}

function read(statement: SqliteStatement): readonly string[] {
  return statement.columns().map((column) => column.name);
}

/** Tells whether the schema may have changed, for 1.6 µs. */
export class SchemaWatch {
  readonly #database: SqliteDatabase;
  #cookie: SqliteStatement | undefined;
  /** Whether tables outside the main database may be read, whose schemas have versions of their own. */
  elsewhere = false;

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** The version of the committed schema; undefined when it cannot be told for sure. */
  version(): unknown {
    // A version inside a transaction may be rolled back, and then comes again for another schema.
    if (this.elsewhere || this.#database.inTransaction) return undefined;
    this.#cookie ??= this.#database.prepare("PRAGMA main.schema_version").raw();
    try {
      return this.#cookie.all()[0]?.[0];
    } catch {
      return undefined;
    }
  }
}
