import { realpathSync } from "node:fs";
import { ConfigurationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import type { SqliteDatabase, SqliteDriver } from "./better-sqlite3.ts";
import { addFunctions } from "./conversions.ts";
import type { SqliteOptions } from "./options.ts";
import { type Patience, patiently } from "./waits.ts";

/** Whether the name means a database that only one connection sees: in memory, or a temporary file. */
export function isPrivate(path: string): boolean {
  return path === "" || path === ":memory:";
}

/** Refuses names that the driver would understand otherwise than they are written. No I/O. */
export function checkPath(path: string, options: SqliteOptions): void {
  if (path.startsWith("file:")) {
    throw refused(
      "a path, :memory: or an empty string",
      "a file: URL",
      "give its path, and options as options",
    );
  }
  if (path !== path.trim())
    throw refused("a path", "one with space around it", "the driver would cut it off");
  if (path.includes("\0"))
    throw refused("a path", "one with a NUL character", "the system would cut it there");
  if (isPrivate(path) && (options.readOnly || options.fileMustExist)) {
    throw refused(
      "the path of a file",
      `"${path}"`,
      "with readOnly or fileMustExist there must be a file to read",
    );
  }
}

/** One name for each file, whatever path leads to it; null for a database that only one connection sees. */
export function fileKey(path: string): string | null {
  return isPrivate(path) ? null : realpathSync.native(path);
}

/** Opens a database with its settings made. Throws what the driver throws; nothing stays open then. */
export function* openDatabase(
  Database: SqliteDriver,
  path: string,
  options: SqliteOptions,
  patience: Patience,
): Operation<SqliteDatabase> {
  const { readOnly, fileMustExist } = options;
  // The driver's own wait for locks would hold up the event loop.
  const database = new Database(path, { readonly: readOnly, fileMustExist, timeout: 0 });
  try {
    database.defaultSafeIntegers(true);
    addFunctions(database);
    if (!isPrivate(path) && !readOnly) yield* patiently(() => setJournalMode(database, options), patience);
    yield* patiently(() => setSession(database, options), patience);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Undoes what a caller may have set, attached or made temporarily. No transaction and no cursor is open. */
export function restoreSession(database: SqliteDatabase, options: SqliteOptions): void {
  setSession(database, options);
  // What SQLite keeps for a table itself, such as sqlite_sequence, cannot be dropped and need not be.
  const made = query(
    database,
    "SELECT type, name FROM temp.sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  );
  // Triggers and views first: what they are on may go with the tables, and a trigger may be on a lasting one. A
  // virtual table comes before the tables that it made, and takes them with it.
  for (const kind of ["trigger", "view", "table"]) {
    for (const [type, name] of made) {
      if (type === kind) run(database, `DROP ${kind} IF EXISTS temp.${quoted(name)}`);
    }
  }
  for (const [, name] of query(database, "PRAGMA database_list")) {
    if (name !== "main" && name !== "temp") run(database, `DETACH ${quoted(name)}`);
  }
}

// What better-sqlite3 leaves to SQLite's defaults is set too, so that the same list serves to restore.
function setSession(database: SqliteDatabase, options: SqliteOptions): void {
  // FULL by name: a file that is in WAL mode already would otherwise be opened with NORMAL in this build.
  database.pragma(`synchronous = ${options.synchronous}`);
  database.pragma("foreign_keys = ON");
  database.pragma("trusted_schema = OFF");
  database.pragma("busy_timeout = 0");
  database.pragma("query_only = OFF");
  database.pragma("defer_foreign_keys = OFF");
  database.pragma("ignore_check_constraints = OFF");
  database.pragma("recursive_triggers = OFF");
  database.pragma("reverse_unordered_selects = OFF");
  database.pragma("writable_schema = OFF");
  database.pragma("locking_mode = NORMAL");
  // The first look at the file's content: a file that is no database is refused here.
  database.pragma("schema_version");
}

function setJournalMode(database: SqliteDatabase, options: SqliteOptions): void {
  const wanted = options.journalMode;
  if (database.pragma("journal_mode", { simple: true }) === wanted) return;
  const got = database.pragma(`journal_mode = ${wanted}`, { simple: true });
  if (got === wanted) return;
  throw refused(
    `a file that can use journalMode "${wanted}"`,
    `one that stays with "${String(got)}"`,
    "choose that journalMode, or move the file to a local disk",
  );
}

function query(database: SqliteDatabase, sql: string): unknown[][] {
  return database.prepare(sql).raw().all();
}

function run(database: SqliteDatabase, sql: string): void {
  database.prepare(sql).run();
}

function quoted(name: unknown): string {
  return `"${String(name).replaceAll('"', '""')}"`;
}

function refused(expected: string, came: string, advice: string): ConfigurationError {
  return new ConfigurationError(`expected database to be ${expected}, got ${came}: ${advice}`, {
    backend: "sqlite",
  });
}
