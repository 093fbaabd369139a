import {
  type Backend,
  type BackendDefinition,
  type BeginOptions,
  type CallLimits,
  type ConnectTarget,
  type DriverConnection,
  type DriverCursor,
  type DriverResult,
  defineBackend,
  type NativeStatement,
  standardDialect,
  type VersionDetails,
} from "../backend/index.ts";
import { DatabaseError } from "../errors/index.ts";
import { type Awaitable, isPromiseLike } from "../operation/index.ts";
import { postgresSyntax } from "../sql/index.ts";

/** Rows that a call is answered with; undefined for none. */
export type FakeRows = unknown[][] | undefined;

/**
 * A connection to nothing, for tests of what is decided above a driver; what a database does is tested on databases.
 * It writes down what it is asked for, and keeps count of its transaction. By default everything succeeds at once.
 */
export class FakeDriver implements DriverConnection {
  readonly raw = undefined;
  readonly sessionId: string | number | undefined;
  /** What was called, in order: the text of a statement, or `BEGIN`, `COMMIT`, `ROLLBACK`, `PING`, `RESET`, `CLOSE`. */
  readonly calls: string[] = [];
  /** What the last `begin` was given. */
  begun: BeginOptions | undefined;
  inTransaction = false;
  usable = true;
  /** Most calls that were under way at one time; above 1 the caller broke the driver's contract. */
  peak = 0;
  #running = 0;

  /** Asked at each call. What it throws is the failure, what it answers are the rows. */
  onCall: (call: string) => Awaitable<FakeRows> = () => undefined;
  onCancel: () => Awaitable<void> = () => undefined;

  constructor(onCall?: (call: string) => Awaitable<FakeRows>, sessionId?: string | number) {
    if (onCall !== undefined) this.onCall = onCall;
    this.sessionId = sessionId;
  }

  execute({ text }: NativeStatement): Awaitable<DriverResult> {
    return this.#call(text, (rows = []) => ({
      columns: rows[0]?.map((_, i) => `c${i}`) ?? [],
      rows,
      rowCount: rows.length,
    }));
  }

  executeMany({ text }: NativeStatement, sets: Iterable<readonly unknown[]>): Awaitable<number> {
    const count = [...sets].length;
    return this.#call(text, () => count);
  }

  stream({ text }: NativeStatement): Awaitable<DriverCursor> {
    return this.#call(text, (rows = []) => ({
      columns: rows[0]?.map((_, i) => `c${i}`) ?? [],
      read: (count) => this.#call("FETCH", () => rows.splice(0, count)),
      close: () => this.#call("CLOSE CURSOR", () => undefined),
    }));
  }

  begin(options: BeginOptions): Awaitable<void> {
    this.begun = options;
    return this.#call("BEGIN", () => this.#become(true));
  }

  commit(_limits: CallLimits): Awaitable<void> {
    return this.#call("COMMIT", () => this.#become(false));
  }

  rollback(_limits: CallLimits): Awaitable<void> {
    return this.#call("ROLLBACK", () => this.#become(false));
  }

  ping(_limits: CallLimits): Awaitable<void> {
    return this.#call("PING", () => undefined);
  }

  reset(): Awaitable<void> {
    return this.#call("RESET", () => undefined);
  }

  version(): VersionDetails {
    return { serverVersion: "Fake 1", driver: "fake 1" };
  }

  async cancel(): Promise<void> {
    this.calls.push("CANCEL");
    await this.onCancel();
  }

  close(): Awaitable<void> {
    this.usable = false;
    return this.#call("CLOSE", () => undefined);
  }

  destroy(): void {
    this.calls.push("DESTROY");
    this.usable = false;
  }

  #become(inTransaction: boolean): void {
    this.inTransaction = inTransaction;
  }

  #call<T>(name: string, answer: (rows: FakeRows) => T): Awaitable<T> {
    this.calls.push(name);
    const rows = this.onCall(name);
    if (!isPromiseLike(rows)) return answer(rows);
    this.#running += 1;
    this.peak = Math.max(this.peak, this.#running);
    const ended = () => {
      this.#running -= 1;
    };
    rows.then(ended, ended);
    return rows.then(answer);
  }
}

/** A backend of fake connections. What is thrown that is no error of ours becomes a plain `DatabaseError`. */
export function fakeBackend(
  connect: (target: ConnectTarget) => Awaitable<DriverConnection>,
  { dialect, ...changes }: Partial<BackendDefinition> = {},
): Backend {
  return defineBackend({
    name: "fake",
    defaultPort: 1,
    connect,
    toDatabaseError: (error, facts) =>
      new DatabaseError(error instanceof Error ? error.message : String(error), facts),
    ...changes,
    dialect: { ...fakeDialect, ...dialect },
  });
}

const fakeDialect = standardDialect({
  syntax: postgresSyntax,
  columnTypes: {
    integer: "INTEGER",
    numeric: "NUMERIC",
    double: "DOUBLE",
    text: "TEXT",
    boolean: "BOOLEAN",
    timestamp: "TIMESTAMP",
    json: "JSON",
    bytes: "BYTES",
  },
  bindValue: (value) => value,
  changeColumnType: () => [],
  listColumns: () => ({ sql: "" }),
  findTable: () => ({ sql: "" }),
  listIndexes: () => ({ sql: "" }),
});
