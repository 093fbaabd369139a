import type { NativeStatement } from "../../backend/index.ts";
import { StatementCache } from "../../sql/statement-cache.ts";
import type { SqliteDatabase } from "./better-sqlite3.ts";
import { SchemaWatch } from "./columns.ts";
import { PreparedStatement } from "./statement.ts";

/** The prepared statements of one connection, by text. */
export class PreparedStatements {
  readonly #database: SqliteDatabase;
  readonly #cache: StatementCache<PreparedStatement>;
  readonly #watch: SchemaWatch;
  // The statement of the last call: repeating one is common, and spares the look-up.
  #lastStatement: NativeStatement | undefined;
  #lastPrepared: PreparedStatement | undefined;
  #sessionTouched = false;

  constructor(database: SqliteDatabase, capacity: number) {
    this.#database = database;
    this.#cache = new StatementCache({ initialSize: capacity, autoResize: false });
    this.#watch = new SchemaWatch(database);
  }

  /** Whether a statement was prepared that may have changed the session since `sessionRestored`. */
  get sessionTouched(): boolean {
    return this.#sessionTouched;
  }

  sessionRestored(): void {
    this.#sessionTouched = false;
    this.#watch.elsewhere = false;
  }

  prepare(statement: NativeStatement): PreparedStatement {
    if (statement === this.#lastStatement && this.#lastPrepared !== undefined) return this.#lastPrepared;
    let prepared = this.#cache.get(statement.text);
    if (prepared === undefined) {
      prepared = this.prepareFresh(statement);
      // One that touches the session is prepared each time, so that each time it is noticed.
      if (!statement.reusable || prepared.touchesSession) return prepared;
      this.#cache.put(statement.text, prepared);
    }
    this.#lastStatement = statement;
    this.#lastPrepared = prepared;
    return prepared;
  }

  /** A statement that nobody else has: one that stays under way cannot be run beside itself. */
  prepareFresh(statement: NativeStatement): PreparedStatement {
    const prepared = new PreparedStatement(this.#database, statement.text, this.#watch);
    if (prepared.touchesSession) {
      this.#sessionTouched = true;
      this.#watch.elsewhere = true;
    }
    return prepared;
  }
}
