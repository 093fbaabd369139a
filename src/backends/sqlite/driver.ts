import type {
  BeginOptions,
  CallLimits,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "../../backend/index.ts";
import { AbortedError, ClosedError, TransactionStateError, UnsupportedError } from "../../errors/index.ts";
import { type Awaitable, type Operation, start, wait } from "../../operation/index.ts";
import type { SqliteDatabase } from "./better-sqlite3.ts";
import { ListCursor, SqliteCursor } from "./cursor.ts";
import { codeOf, isBusy, SqliteFailure } from "./failure.ts";
import type { LoadedDriver } from "./loading.ts";
import type { SqliteOptions } from "./options.ts";
import { PreparedStatements } from "./prepared-statements.ts";
import { restoreSession } from "./session.ts";
import type { PreparedStatement } from "./statement.ts";
import { lockWaitEndsAt, type Patience, type Pauses, patiently } from "./waits.ts";
import type { WriteClaim } from "./write-turn.ts";

const beginReading: NativeStatement = { text: "BEGIN", readOnly: true, reusable: true };
const beginWriting: NativeStatement = { text: "BEGIN IMMEDIATE", readOnly: false, reusable: true };
const commit: NativeStatement = { text: "COMMIT", readOnly: false, reusable: true };
const rollback: NativeStatement = { text: "ROLLBACK", readOnly: false, reusable: true };
// Reads the first page, so a file that has become unreadable shows.
const ping: NativeStatement = { text: "SELECT 1 FROM sqlite_schema LIMIT 1", readOnly: true, reusable: true };

/** What a connection is made of. `SqliteConnection` owns the database and the claim from then on. */
export interface ConnectionParts {
  readonly database: SqliteDatabase;
  readonly driver: LoadedDriver;
  readonly options: SqliteOptions;
  readonly claim: WriteClaim;
  readonly pauses: Pauses;
}

/**
 * A connection to SQLite in this thread. Every call answers plainly, but for one that has to wait for a lock:
 * with `TimerPauses` it then answers a promise, with `blockingPauses` it blocks. Either keeps `limits` while it
 * waits; a statement that runs cannot be stopped.
 *
 * Who writes holds the write turn of the file, for the transaction or for the one statement.
 */
export class SqliteConnection implements DriverConnection {
  readonly raw: SqliteDatabase;
  readonly #parts: ConnectionParts;
  readonly #claim: WriteClaim;
  readonly #statements: PreparedStatements;
  readonly #cursors = new Set<SqliteCursor>();
  #transaction: "none" | "reading" | "writing" = "none";
  #closed = false;

  constructor(parts: ConnectionParts) {
    this.raw = parts.database;
    this.#parts = parts;
    this.#claim = parts.claim;
    this.#statements = new PreparedStatements(parts.database, parts.options.statementCacheSize);
  }

  get inTransaction(): boolean {
    return this.raw.inTransaction;
  }

  get usable(): boolean {
    return !this.#closed && this.raw.open;
  }

  execute(
    statement: NativeStatement,
    values: readonly unknown[],
    limits: CallLimits,
  ): Awaitable<DriverResult> {
    let prepared: PreparedStatement | undefined;
    try {
      prepared = this.#statements.prepare(statement);
      if (prepared.kind === "read" || (prepared.kind === "write" && this.#claim.held)) {
        return prepared.execute(values);
      }
    } catch (error) {
      if (!isBusy(error) || !this.#mayRepeat(prepared)) throw this.#failed(error);
    }
    return start(this.#run(this.#cached(statement), limits, (again) => again.execute(values)));
  }

  executeMany(
    statement: NativeStatement,
    sets: Iterable<readonly unknown[]>,
    limits: CallLimits,
  ): Awaitable<number> {
    // An attempt goes on with the set at which the one before it found the database busy.
    const iterator = sets[Symbol.iterator]();
    let next = iterator.next();
    let count = 0;
    return start(
      this.#run(this.#cached(statement), limits, (prepared) => {
        for (; next.done !== true; next = iterator.next()) count += prepared.run(next.value);
        return count;
      }),
    );
  }

  stream(
    statement: NativeStatement,
    values: readonly unknown[],
    limits: CallLimits,
  ): Awaitable<DriverCursor> {
    return start(
      this.#run(
        () => this.#statements.prepareFresh(statement),
        limits,
        (prepared): DriverCursor => {
          if (prepared.kind !== "read") {
            // SQLite has done a write completely before it answers the first row of RETURNING.
            const { columns, rows } = prepared.execute(values);
            return new ListCursor(columns, rows);
          }
          const cursor = new SqliteCursor(prepared, values, (ended) => this.#cursors.delete(ended));
          if (cursor.open) this.#cursors.add(cursor);
          return cursor;
        },
      ),
    );
  }

  begin(options: BeginOptions, limits: CallLimits): Awaitable<void> {
    if (options.isolation !== undefined && options.isolation !== "serializable") {
      throw new UnsupportedError(
        `expected isolation to be "serializable", the only one of SQLite, got "${options.isolation}"`,
        { backend: "sqlite" },
      );
    }
    if (this.inTransaction) {
      throw new TransactionStateError(
        "a transaction is open on this connection: end it before the next begins",
        { backend: "sqlite" },
      );
    }
    const reading = options.readOnly === true || this.#parts.options.readOnly;
    return start(this.#begin(reading ? "reading" : "writing", limits));
  }

  commit(limits: CallLimits): Awaitable<void> {
    return start(this.#effect(commit, limits));
  }

  rollback(limits: CallLimits): Awaitable<void> {
    // SQLite may have rolled back by itself; then there is only the turn to pass on.
    if (!this.inTransaction) return this.#settle();
    this.#closeCursors();
    return start(this.#effect(rollback, limits));
  }

  ping(limits: CallLimits): Awaitable<void> {
    return start(this.#effect(ping, limits));
  }

  reset(): void {
    this.#closeCursors();
    if (this.inTransaction) this.#statements.prepare(rollback).run([]);
    this.#settle();
    if (!this.#statements.sessionTouched) return;
    restoreSession(this.raw, this.#parts.options);
    this.#statements.sessionRestored();
  }

  version(): VersionDetails {
    const serverVersion = this.raw.prepare("SELECT sqlite_version()").raw().all()[0]?.[0];
    return {
      serverVersion: `SQLite ${String(serverVersion)}`,
      driver: `better-sqlite3 ${this.#parts.driver.version}`,
    };
  }

  async cancel(): Promise<void> {
    this.#interrupt(
      new AbortedError("the call was stopped while it waited for a lock", {
        backend: "sqlite",
        outcome: "not_sent",
      }),
    );
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#closeCursors();
    try {
      this.raw.close();
    } finally {
      this.#claim.leave();
    }
  }

  destroy(): void {
    try {
      this.#interrupt(new ClosedError("the connection was destroyed while the call waited for a lock"));
      this.close();
    } catch {
      // The driver does not close while somebody iterates on `raw`. The file is closed when that is collected.
    }
  }

  *#begin(as: "reading" | "writing", limits: CallLimits): Operation<void> {
    if (as === "writing") yield* this.#effect(beginWriting, limits, "not_sent");
    else yield* this.#effect(beginReading, limits, "not_sent");
    this.#transaction = as;
  }

  *#effect(statement: NativeStatement, limits: CallLimits, outcome?: "not_sent"): Operation<void> {
    yield* this.#run(this.#cached(statement), limits, (prepared) => prepared.run([]), outcome);
  }

  /** Runs `work` when nothing needs to be waited for any more: neither this program's writers nor other processes. */
  *#run<T>(
    prepare: () => PreparedStatement,
    limits: CallLimits,
    work: (prepared: PreparedStatement) => T,
    outcome: "not_sent" | "rejected" = "rejected",
  ): Operation<T> {
    const { pauses } = this.#parts;
    const endsAtMs = lockWaitEndsAt(limits, pauses.clock);
    let prepared: PreparedStatement | undefined;
    const patience: Patience = { pauses, endsAtMs, outcome, mayRepeat: () => this.#mayRepeat(prepared) };
    try {
      const ready = yield* patiently(prepare, patience);
      prepared = ready;
      if (prepared.kind === "write" && !this.#claim.held) {
        this.#checkMayWrite();
        yield* wait(this.#claim.take(endsAtMs));
      }
      return yield* patiently(() => work(ready), patience);
    } catch (error) {
      throw this.#failed(error);
    } finally {
      this.#settle();
    }
  }

  #cached(statement: NativeStatement): () => PreparedStatement {
    return () => this.#statements.prepare(statement);
  }

  // A busy database has had no effect, so asking again is safe; but a transaction that holds locks and asks for
  // more must give way, or two of them wait for each other for ever.
  #mayRepeat(prepared: PreparedStatement | undefined): boolean {
    return prepared?.kind !== "write" || !this.inTransaction;
  }

  #checkMayWrite(): void {
    if (this.#transaction !== "reading") return;
    throw new SqliteFailure(
      "a transaction that was begun as read-only was sent a statement that may write",
      "SQLITE_READONLY",
    );
  }

  /** Brings our idea of the transaction into line with SQLite's, and passes the turn on when nothing needs it. */
  #settle(): void {
    if (this.inTransaction) return;
    this.#transaction = "none";
    this.#claim.release();
  }

  /** What to throw for `error`. After some failures SQLite rolls the whole transaction back by itself. */
  #failed(error: unknown): unknown {
    const lost = this.#transaction !== "none" && !this.inTransaction;
    this.#settle();
    if (!lost || !(error instanceof Error) || codeOf(error) === undefined) return error;
    return new SqliteFailure(error.message, codeOf(error), "rolled_back", error);
  }

  #interrupt(error: Error): void {
    this.#claim.interrupt(error);
    this.#parts.pauses.interrupt(error);
  }

  #closeCursors(): void {
    for (const cursor of this.#cursors) cursor.abandon();
  }
}
