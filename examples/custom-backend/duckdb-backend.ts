/**
 * A backend from outside: DuckDB, by `@duckdb/node-api`. It imports the public package only.
 *
 * @example
 * DatabaseFactory.register(duckdbBackend);
 * const db = DatabaseManager.connect("duckdb", { database: "./analysis.duckdb" });
 */
import {
  BIGINT,
  BIGNUM,
  DOUBLE,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  type DuckDBValue,
  ResultReturnType,
} from "@duckdb/node-api";
import manifest from "@duckdb/node-api/package.json" with { type: "json" };
import {
  type BeginOptions,
  CheckViolationError,
  type ColumnDefinition,
  type DriverResult,
  defineBackend,
  errorClassifier,
  ForeignKeyViolationError,
  NotNullViolationError,
  postgresSyntax,
  quoteName,
  ReadOnlyError,
  type RowBatches,
  SerializationError,
  SqlParameterError,
  SqlSyntaxError,
  StandardConnection,
  StorageError,
  type StorageType,
  standardDialect,
  TransactionDoomedError,
  TransactionStateError,
  UniqueViolationError,
  UnsupportedError,
  type VersionDetails,
  valueBinder,
} from "stratadb";

const columnTypes = {
  integer: "BIGINT",
  numeric: "BIGNUM",
  double: "DOUBLE",
  text: "VARCHAR",
  boolean: "BOOLEAN",
  // Without a zone: every moment is stored in UTC, so that the session's zone plays no part.
  timestamp: "TIMESTAMP",
  json: "VARCHAR",
  bytes: "BLOB",
} as const satisfies Record<StorageType, string>;

const inSchema = "database_name = current_database() AND schema_name = current_schema()";

const dialect = standardDialect({
  // DuckDB's parser is PostgreSQL's.
  syntax: { ...postgresSyntax, name: "duckdb", emptyList: "subquery", maxIdentifierBytes: 255 },
  columnTypes,
  bindValue: valueBinder<DuckDBValue>({
    boolean: (value) => value,
    number: (value) => (Number.isSafeInteger(value) ? BigInt(value) : value),
    bigint: (value) => value,
    date: (value) => new DuckDBTimestampValue(BigInt(value.getTime()) * 1000n),
    bytes: (value) => new DuckDBBlobValue(value),
  }),
  changeColumnType: (table, column, from) => [
    `ALTER TABLE ${quoteName(table)} ALTER COLUMN ${quoteName(column.name)} ` +
      `TYPE ${columnTypes[column.type]} USING ${converted(column, from)}`,
  ],
  listColumns: (table) => ({
    sql: `SELECT column_name, data_type FROM duckdb_columns() WHERE ${inSchema} AND table_name = ? ORDER BY column_index`,
    params: [table],
  }),
  findTable: (table) => ({
    sql: `SELECT table_name FROM duckdb_tables() WHERE ${inSchema} AND lower(table_name) = lower(?)`,
    params: [table],
  }),
  // DuckDB tells an index's columns as text: [age, '"order"'].
  listIndexes: (table) => ({
    sql:
      `SELECT index_name, CAST(is_unique AS INTEGER), trim(unnest(parts), '"'''), unnest(range(len(parts))) AS place ` +
      "FROM (SELECT *, string_split(expressions[2:-2], ', ') AS parts FROM duckdb_indexes()) " +
      `WHERE ${inSchema} AND table_name = ? ORDER BY index_name, place`,
    params: [table],
  }),
});

/** Text comes out as JavaScript would print the value. */
function converted({ name, type }: ColumnDefinition, from: StorageType | null): string {
  const column = quoteName(name);
  if (from === null) return "NULL";
  if (type === "text" && from === "timestamp") return `strftime(${column}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
  if (type === "text" && from === "bytes") return `to_base64(${column})`;
  if (type !== "text" || from !== "double") return `CAST(${column} AS ${columnTypes[type]})`;
  const json = `regexp_replace(CAST(to_json(${column}) AS VARCHAR), '\\.0$', '')`;
  return `regexp_replace(${json}, 'e(\\d)', 'e+\\1')`;
}

/** Undefined where the driver chooses rightly by itself. */
function typeOf(value: DuckDBValue): DuckDBType | undefined {
  if (typeof value === "number") return DOUBLE;
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value ? BIGINT : BIGNUM;
}

/** Exactly, or as DuckDB prints it: decimals, intervals, lists. */
function read(value: DuckDBValue): unknown {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof DuckDBBlobValue) return new Uint8Array(value.bytes);
  const isMoment = value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue;
  return isMoment && value.isFinite ? new Date(Number(value.micros) / 1000) : String(value);
}

/** DuckDB's errors have no codes, so that their first words must tell. */
const toDatabaseError = errorClassifier([
  { match: /^(?:Parser|Catalog|Binder) Error: (?<message>.*)/, error: SqlSyntaxError },
  { match: /NOT NULL constraint failed: (?<table>\w+)\.(?<column>\w+)/, error: NotNullViolationError },
  // A key of several columns looks like a value with a comma in it, so its columns are not known.
  { match: /^Constraint Error: Duplicate key "(?<column>\w+): [^,]*" violates/, error: UniqueViolationError },
  { match: /^Constraint Error: Duplicate key/, error: UniqueViolationError },
  { match: /^Constraint Error: CHECK/, error: CheckViolationError },
  { match: /^Constraint Error: .*foreign key/, error: ForeignKeyViolationError },
  { match: /read-only mode/, error: ReadOnlyError },
  { match: /^TransactionContext Error: Current transaction is aborted/, error: TransactionDoomedError },
  { match: /^TransactionContext Error: cannot /, error: TransactionStateError, outcome: "rejected" },
  { match: /^TransactionContext Error/, error: SerializationError, outcome: "rolled_back" },
  { match: /^(Conversion|Out of Range|Invalid Input) Error/, error: SqlParameterError, outcome: "rejected" },
  { match: /^(?:Dependency|Not implemented) Error/, error: UnsupportedError, outcome: "rejected" },
  { match: /^(?:IO|FATAL) Error/, error: StorageError },
]);

class DuckDBDriver extends StandardConnection<DuckDBValue> {
  raw: DuckDBConnection;
  readonly #instance: DuckDBInstance;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    super();
    this.#instance = instance;
    this.raw = connection;
  }

  protected async send(text: string, values: readonly DuckDBValue[]): Promise<DriverResult> {
    const result = await (await this.#prepare(text, values)).run();
    if (result.returnType !== ResultReturnType.QUERY_RESULT)
      return { columns: [], rows: [], rowCount: result.rowsChanged };
    const rows = (await result.getRows()).map((row) => row.map(read));
    return { columns: result.columnNames(), rows, rowCount: rows.length };
  }

  protected override async open(text: string, values: readonly DuckDBValue[]): Promise<RowBatches> {
    const result = await (await this.#prepare(text, values)).stream();
    const hasRows = result.returnType === ResultReturnType.QUERY_RESULT;
    return hasRows
      ? { columns: result.columnNames(), batches: rowsOf(result) }
      : { columns: [], batches: [] };
  }

  /** DuckDB knows one isolation level only, and no words for it. */
  override async begin({ readOnly }: BeginOptions): Promise<void> {
    await super.begin(readOnly === undefined ? {} : { readOnly });
  }

  override async commit(): Promise<void> {
    // DuckDB answers COMMIT with success where it rolls a failed transaction back; another statement it refuses.
    await this.control("SELECT 1");
    // Also a COMMIT that fails has ended the transaction.
    this.inTransaction = false;
    await this.control("COMMIT");
  }

  /** Settings and temporary tables belong to a connection, and a new one costs less than to look for them. */
  override async reset(): Promise<void> {
    this.raw.disconnectSync();
    this.raw = await this.#instance.connect();
  }

  async version(): Promise<VersionDetails> {
    const { rows } = await this.send("SELECT version()", []);
    return { serverVersion: `DuckDB ${rows[0]?.[0]}`, driver: `${manifest.name} ${manifest.version}` };
  }

  protected interrupt(): void {
    this.raw.interrupt();
  }

  protected end(): void {
    this.raw.disconnectSync();
    this.#instance.closeSync();
  }

  async #prepare(text: string, values: readonly DuckDBValue[]): Promise<DuckDBPreparedStatement> {
    const prepared = await this.raw.prepare(text);
    for (const [i, value] of values.entries()) prepared.bindValue(i + 1, value, typeOf(value));
    return prepared;
  }
}

async function* rowsOf(result: DuckDBResult): AsyncGenerator<unknown[][]> {
  for await (const rows of result.yieldRows()) yield rows.map((row) => row.map(read));
}

/**
 * Keeps each file open until the process ends, by an instance beside those that connections close: while anything is
 * left of the last one, such as a half-read result, DuckDB may wait for ever before it opens the file anew.
 */
const opened = new Map<string, DuckDBInstance>();

/**
 * DuckDB 1.5 and newer. The database is a path, `:memory:`, or an empty string for one in memory. It takes no options.
 * A file stays locked for other processes until this one ends, also after the handle is closed.
 */
export const duckdbBackend = defineBackend({
  name: "duckdb",
  dialect,
  capabilities: {
    savepoints: false,
    partialIndexes: false,
    retypesIndexedTables: false,
    // Snapshot isolation.
    isolationLevels: ["repeatable read"],
    maxParameters: 65_535,
    statementComments: false,
  },
  // Each instance in memory is a database of its own.
  capabilitiesFor: ({ database }) => ({ concurrentConnections: !isInMemory(database) }),
  async connect({ database }) {
    const path = isInMemory(database) ? ":memory:" : database;
    const instance = await DuckDBInstance.fromCache(path);
    if (path !== ":memory:" && !opened.has(path)) opened.set(path, await DuckDBInstance.fromCache(path));
    return new DuckDBDriver(instance, await instance.connect());
  },
  toDatabaseError,
});

function isInMemory(database: string): boolean {
  return database === "" || database === ":memory:";
}
