import type {
  Command,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
} from "../backend/index.ts";
import {
  ClosedError,
  CommitOutcomeUnknownError,
  ConnectionError,
  DatabaseError,
  SqlParameterError,
  WouldBlockError,
} from "../errors/index.ts";
import { type Awaitable, isPromiseLike, type Operation, wait } from "../operation/index.ts";
import { limited } from "../resilience/limited.ts";
import type { BoundStatement, StatementShare } from "../sql/index.ts";
import { commentTags } from "../sql/index.ts";
import type { Call } from "./call.ts";
import type { ConnectionEnvironment } from "./environment.ts";
import { type QueryResult, toQueryResult } from "./result.ts";
import { TransactionStack } from "./transaction-stack.ts";

export type Params = readonly unknown[] | Readonly<Record<string, unknown>>;

/**
 * One connection, written once for both faces: statements and their failures. Transactions are kept by `transactions`.
 *
 * The operations here assume that the caller has the connection to itself (`transactions.exclusive`).
 */
export class ConnectionCore {
  readonly driver: DriverConnection;
  readonly environment: ConnectionEnvironment;
  readonly transactions: TransactionStack;
  #closed = false;

  constructor(driver: DriverConnection, environment: ConnectionEnvironment) {
    this.driver = driver;
    this.environment = environment;
    this.transactions = new TransactionStack(this);
  }

  get usable(): boolean {
    return !this.#closed && this.driver.usable;
  }

  /** Runs one statement of portable or native SQL. */
  *execute(sql: string, params: Params | undefined, call: Call): Operation<QueryResult> {
    const translator = this.environment.translator;
    const bound = translator.bind(translator.translate(sql), params);
    return toQueryResult(yield* this.run(bound, call));
  }

  /** Runs a statement that is already bound. */
  *run(bound: BoundStatement, call: Call): Operation<DriverResult> {
    this.#checkCount(bound.values);
    const statement = this.#withTags(bound.statement, call);
    const startedMs = this.#observed() ? this.environment.clock.now() : 0;
    try {
      this.#begin(call);
      const answer = this.driver.execute(statement, bound.values, call);
      const result = isPromiseLike(answer) ? yield* wait(this.#limit(answer, call, statement)) : answer;
      if (startedMs !== 0) this.#report(statement, call, startedMs, result.rowCount, undefined);
      return result;
    } catch (error) {
      const failure = this.failure(error, call);
      if (startedMs !== 0) this.#report(statement, call, startedMs, undefined, failure);
      throw failure;
    }
  }

  /**
   * Runs several statements inside a transaction, in one round trip where the driver can. The first failure ends it;
   * statements behind it may have run all the same.
   */
  *executeAll(
    list: readonly (readonly [sql: string, params: readonly unknown[]])[],
    call: Call,
  ): Operation<DriverResult[]> {
    const bound = this.#bindAll(list);
    const results: DriverResult[] = [];
    if (this.driver.executeAll === undefined) {
      for (const command of bound) results.push(yield* this.run(command, call));
      return results;
    }
    const commands = this.#tagged(bound, call);
    const work = () => this.driver.executeAll?.(commands, call) ?? [];
    const writes = commands.find(({ statement }) => !statement.readOnly) ?? commands[0];
    const counts = (all: readonly DriverResult[]) => all.map(({ rowCount }) => rowCount);
    return yield* this.#together(commands, call, work, counts, writes?.statement);
  }

  /**
   * Runs statements, each with its share of the values, as `DriverConnection.executeAtomically` does; undefined when the
   * driver cannot.
   */
  *executeAtomically(
    shares: readonly StatementShare[],
    values: readonly unknown[],
    call: Call,
  ): Operation<DriverResult | undefined> {
    if (this.driver.executeAtomically === undefined) return undefined;
    const commands = this.#tagged(this.environment.translator.bindShared(shares, values), call);
    const work = () => this.driver.executeAtomically?.(commands, call);
    return yield* this.#together(commands, call, work, () => []);
  }

  /** Runs one statement for each set of values, and answers the rows changed by all. The caller makes it atomic. */
  *executeMany(sql: string, sets: Iterable<readonly unknown[]>, call: Call): Operation<number> {
    const translator = this.environment.translator;
    const translation = translator.translate(sql);
    const startedMs = this.#observed() ? this.environment.clock.now() : 0;
    const bound: unknown[][] = [];
    for (const params of checkSets(sets)) {
      const { statement, values } = translator.bind(translation, params);
      if (statement !== translation.statement) {
        throw new SqlParameterError(
          "a list of values cannot be used in executemany: give each set one value a placeholder",
        );
      }
      bound.push(values);
    }
    try {
      this.#begin(call);
      const answer = this.driver.executeMany(translation.statement, bound, call);
      const count = isPromiseLike(answer)
        ? yield* wait(this.#limit(answer, call, translation.statement))
        : answer;
      if (startedMs !== 0) this.#report(translation.statement, call, startedMs, count, undefined);
      return count;
    } catch (error) {
      const failure = this.failure(error, call);
      if (startedMs !== 0) this.#report(translation.statement, call, startedMs, undefined, failure);
      throw failure;
    }
  }

  /** Opens a cursor over a statement's rows. */
  *stream(sql: string, params: Params | undefined, call: Call): Operation<DriverCursor> {
    const translator = this.environment.translator;
    const { statement, values } = translator.bind(translator.translate(sql), params);
    this.#checkCount(values);
    return yield* this.drive(call, () => this.driver.stream(statement, values, call), statement);
  }

  /** Calls the driver, keeps the limits of the call, and classifies what goes wrong. */
  *drive<T>(call: Call, work: () => Awaitable<T>, statement?: NativeStatement): Operation<T> {
    try {
      this.#begin(call);
      const answer = work();
      return isPromiseLike(answer) ? yield* wait(this.#limit(answer, call, statement)) : answer;
    } catch (error) {
      throw this.failure(error, call);
    }
  }

  /** Calls the driver to undo what was begun. It has the whole limit of the call, and no signal stops it. */
  *undo<T>(call: Call, work: (call: Call) => Awaitable<T>): Operation<T> {
    const undoing = call.toUndo("rollback");
    const answer = work(undoing);
    return isPromiseLike(answer) ? yield* wait(this.#limit(answer, undoing, undefined)) : answer;
  }

  /** Ends the connection; a second time does nothing. */
  *close(): Operation<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.driver.usable) yield* wait(this.driver.close());
    else this.driver.destroy();
  }

  /** Ends the connection at once, without asking the server. */
  destroy(): void {
    this.#closed = true;
    this.driver.destroy();
  }

  /** Turns whatever was thrown into one of the library's errors, and tells the open transaction of it. */
  failure(error: unknown, call: Call): Error {
    if (error instanceof WouldBlockError) return error;
    const classified =
      error instanceof DatabaseError
        ? error
        : this.environment.backend.toDatabaseError(error, {
            backend: this.environment.backend.name,
            operation: call.operation,
            cause: error,
          });
    const failure = this.#withTransaction(classified);
    this.transactions.failed(failure);
    return failure;
  }

  /** Drives work that several statements are sent for, and reports each of them. */
  *#together<T>(
    commands: readonly Command[],
    call: Call,
    work: () => Awaitable<T>,
    rowCounts: (result: T) => readonly number[],
    statement?: NativeStatement,
  ): Operation<T> {
    const startedMs = this.#observed() ? this.environment.clock.now() : 0;
    const report = (counts: readonly number[], failure?: Error) => {
      if (startedMs === 0) return;
      for (const [i, { statement }] of commands.entries()) {
        this.#report(statement, call, startedMs, counts[i], failure);
      }
    };
    try {
      const result = yield* this.drive(call, work, statement);
      report(rowCounts(result));
      return result;
    } catch (error) {
      if (error instanceof Error) report([], error);
      throw error;
    }
  }

  #bindAll(list: readonly (readonly [sql: string, params: readonly unknown[]])[]): BoundStatement[] {
    const { translator } = this.environment;
    return list.map(([sql, params]) => translator.bind(translator.translate(sql), params));
  }

  #tagged(bound: readonly BoundStatement[], call: Call): readonly Command[] {
    if (call.tags === undefined) return bound;
    return bound.map(({ statement, values }) => ({ statement: this.#withTags(statement, call), values }));
  }

  /** A list inside IN becomes as many values as it has elements, and some drivers would count them wrong in silence. */
  #checkCount(values: readonly unknown[]): void {
    const { capabilities, backend } = this.environment;
    if (values.length <= capabilities.maxParameters) return;
    throw new SqlParameterError(
      `expected at most ${capabilities.maxParameters} values in one statement, got ${values.length}; split the list`,
      { backend: backend.name, outcome: "not_sent" },
    );
  }

  /** A connection that is lost before COMMIT takes its transaction along, whatever became of the statement. */
  #withTransaction(failure: DatabaseError): DatabaseError {
    const isLost = failure.code === "STRATA_CONNECTION" && !this.driver.usable;
    if (!isLost || !this.transactions.wouldBeUndone) return failure;
    const { backend, operation, driverCode, sqlState, message } = failure;
    return new ConnectionError(message, {
      outcome: "rolled_back",
      cause: failure.cause ?? failure,
      ...(backend === undefined ? {} : { backend }),
      ...(operation === undefined ? {} : { operation }),
      ...(driverCode === undefined ? {} : { driverCode }),
      ...(sqlState === undefined ? {} : { sqlState }),
    });
  }

  #begin(call: Call): void {
    if (!this.usable) throw this.#unusable(call);
    call.check();
  }

  #unusable(call: Call): DatabaseError {
    const facts = {
      backend: this.environment.backend.name,
      operation: call.operation,
      outcome: "not_sent",
    } as const;
    return this.#closed
      ? new ClosedError("this connection was closed; take a new one", facts)
      : new ConnectionError("this connection was lost before the call; take a new one", facts);
  }

  #limit<T>(answer: PromiseLike<T>, call: Call, statement: NativeStatement | undefined): Promise<T> {
    const harmless = statement?.readOnly === true;
    const inTransaction = statement !== undefined && this.driver.inTransaction;
    // Work that the server has stopped has done nothing; of work that was cut off only a transaction is sure to be gone.
    const outcome = (answered: boolean) => {
      if (answered && this.driver.usable) return "rejected";
      if (inTransaction) return "rolled_back";
      return harmless ? "rejected" : "unknown";
    };
    return limited(answer, {
      timeoutMs: call.timeoutMs,
      signal: call.signal,
      onStop: () => this.driver.cancel(),
      onAbandon: () => this.destroy(),
      failure: (reason, cause, answered) =>
        // The driver knows more of what became of the work than that it was stopped.
        cause instanceof CommitOutcomeUnknownError
          ? cause
          : reason === "abort"
            ? call.aborted(outcome(answered))
            : call.timedOut(outcome(answered), cause),
    });
  }

  #withTags(statement: NativeStatement, call: Call): NativeStatement {
    if (call.tags === undefined || !this.environment.capabilities.statementComments) return statement;
    const comment = commentTags(call.tags);
    // Not reusable: each set of tags is another text, and would push the useful ones out of every cache.
    return comment === ""
      ? statement
      : { ...statement, text: `${statement.text} ${comment}`, reusable: false };
  }

  #observed(): boolean {
    return this.environment.events.has("query");
  }

  #report(
    statement: NativeStatement,
    call: Call,
    startedMs: number,
    rowCount: number | undefined,
    error: Error | undefined,
  ): void {
    this.environment.events.emit("query", {
      database: this.environment.database,
      backend: this.environment.backend.name,
      sql: statement.text,
      operation: call.operation,
      durationMs: this.environment.clock.now() - startedMs,
      rowCount,
      error,
      tags: call.tags,
    });
  }
}

function checkSets(sets: unknown): Iterable<readonly unknown[]> {
  if (isIterable(sets)) return sets;
  throw new SqlParameterError(
    `expected the sets of values for executemany to be a list of lists, got ${sets === null ? "null" : typeof sets}`,
  );
}

// Whether each set is a list is seen where it is bound.
function isIterable(sets: unknown): sets is Iterable<readonly unknown[]> {
  return typeof sets === "object" && sets !== null && Symbol.iterator in sets;
}
