import type { BeginOptions, PortableStatement } from "../backend/index.ts";
import {
  CommitOutcomeUnknownError,
  DatabaseError,
  TransactionStateError,
  UnsupportedError,
} from "../errors/index.ts";
import { type Awaitable, type Operation, wait } from "../operation/index.ts";
import { ambientTransaction, insideTransaction } from "./ambient-transaction.ts";
import type { Call } from "./call.ts";
import { findFate, rolledBackCommit, unknownCommit } from "./commit-outcome.ts";
import type { ConnectionCore } from "./connection-core.ts";
import { doomed, TransactionScope } from "./transaction-scope.ts";
import { Turn } from "./turn.ts";

/** Keeps what is true only inside the transactions of a connection. */
export interface TransactionListener {
  /** The outermost transaction has been committed. */
  committed(): void;
  /** A transaction, perhaps a nested one, has been rolled back. */
  rolledBack(): void;
}

/** The transactions of one connection, one inside the other, and who may use the connection when. */
export class TransactionStack {
  readonly #core: ConnectionCore;
  readonly #turn = new Turn();
  #current: TransactionScope | null = null;
  /** What is being done to the outermost transaction. */
  #step: "beginning" | "committing" | undefined;
  #waitingForEnd: (() => void)[] = [];
  #listeners: TransactionListener[] = [];

  constructor(core: ConnectionCore) {
    this.#core = core;
  }

  /**
   * Whether a connection that is lost now takes an open transaction with it, or one that is just being begun, which then
   * cannot have been committed.
   */
  get wouldBeUndone(): boolean {
    return this.#step === "beginning" || (this.#current !== null && this.#step !== "committing");
  }

  /** The innermost open transaction. */
  get current(): TransactionScope | null {
    return this.#current;
  }

  /** Tells `listener` how the transactions that are open now end, up to the end of the outermost. */
  listen(listener: TransactionListener): void {
    this.#listeners.push(listener);
  }

  /**
   * Gives `work` the connection to itself. `from` is the transaction whose handle was called; null is the
   * connection's own handle. A call from outside a transaction that is under way waits for its end; one from
   * inside takes part in it.
   */
  *exclusive<T>(from: TransactionScope | null, call: Call, work: () => Operation<T>): Operation<T> {
    if (!this.tryEnter(from)) yield* this.#enter(from, call);
    try {
      return yield* work();
    } finally {
      this.leave();
    }
  }

  /**
   * Takes the connection at once, or answers false when the caller has to wait for it, which a caller who blocks
   * never has to. Throws when the transaction of `from` can take no more calls. End it with `leave`.
   */
  tryEnter(from: TransactionScope | null): boolean {
    this.#checkStream();
    from?.check();
    if (!this.#admits(from)) return false;
    this.#current?.check();
    return this.#turn.tryTake();
  }

  leave(): void {
    this.#turn.pass();
  }

  /** Whether a stream is being read from the connection. Until its end nothing else can use the connection. */
  streaming = false;

  #checkStream(): void {
    if (!this.streaming) return;
    throw new TransactionStateError(
      "this connection is busy with a stream; read it to its end or leave its loop first, or stream from the database's own handle, which takes another connection",
    );
  }

  /** Runs `body` in a transaction: a new one, or a savepoint in the one that is open. */
  *transaction<T>(
    from: TransactionScope | null,
    options: BeginOptions,
    call: Call,
    body: (scope: TransactionScope) => Awaitable<T>,
  ): Operation<T> {
    const scope = yield* this.exclusive(from, call, () => this.begin(options, call, false));
    let result: T;
    try {
      result = yield* wait(insideTransaction(this.#core, scope, () => body(scope)));
    } catch (error) {
      yield* this.exclusiveEnd(scope, () => this.rollBack(scope, call));
      throw error;
    }
    // The callback may have taken its time; that must not be taken from the commit.
    yield* this.exclusiveEnd(scope, () => this.commit(scope, call.again("commit")));
    return result;
  }

  /**
   * Runs `work` as one unit: in the open transaction when there is one, else in one of its own. Inside an open one,
   * `savepoint` undoes what `work` had done when it fails, and is needed where it may fail half-way by other means than
   * a statement, which dooms the transaction in any case.
   */
  *atomically<T>(
    call: Call,
    options: BeginOptions,
    work: () => Operation<T>,
    within: "transaction" | "savepoint" = "transaction",
  ): Operation<T> {
    const open = this.#current;
    if (open !== null && within === "transaction") return yield* work();
    if (open !== null && !this.#core.environment.capabilities.savepoints)
      return yield* doomingOnFailure(open, work);
    const scope = yield* this.begin(options, call, false);
    let result: T;
    try {
      result = yield* work();
    } catch (error) {
      const { state } = scope;
      yield* this.rollBack(scope, call);
      if (state.is === "doomed") scope.parent?.doom(state.cause);
      throw error;
    }
    yield* this.commit(scope, call);
    return result;
  }

  *begin(options: BeginOptions, call: Call, explicit: boolean): Operation<TransactionScope> {
    const parent = this.#current;
    const scope = new TransactionScope(parent, options, explicit);
    if (parent === null) {
      this.#checkIsolation(options);
      this.#step = "beginning";
      try {
        yield* this.#core.drive(call, () => this.#core.driver.begin(options, call));
      } finally {
        this.#step = undefined;
      }
    } else {
      if (options.isolation !== undefined || options.readOnly !== undefined) {
        throw new TransactionStateError(
          "isolation and readOnly can only be set on the outermost transaction, and this one is nested",
        );
      }
      this.#checkSavepoints();
      yield* this.#core.execute(`SAVEPOINT ${scope.savepoint}`, undefined, call);
    }
    this.#current = scope;
    return scope;
  }

  /** Leaves a statement that answers a row once the open transaction has been committed. The last one left counts. */
  leaveEvidence(evidence: PortableStatement): void {
    if (this.#current !== null) this.#current.evidence = evidence;
  }

  /** Takes back what `leaveEvidence` left, because the transaction itself may have removed what it looks for. */
  forgetEvidence(): void {
    for (let scope = this.#current; scope !== null; scope = scope.parent) scope.evidence = undefined;
  }

  /** Commits the outermost transaction, which stays open for its callers: it must be begun again with `beginAgain`. */
  *commitEarly(call: Call): Operation<void> {
    this.#step = "committing";
    try {
      yield* this.#core.drive(call, () => this.#core.driver.commit(call));
    } finally {
      this.#step = undefined;
    }
  }

  /** Begins the outermost transaction again after `commitEarly`, or after the database has committed it by itself. */
  *beginAgain(call: Call): Operation<void> {
    const scope = this.#current;
    if (scope === null || this.#core.driver.inTransaction) return;
    if (scope.parent !== null) {
      const lost = lostTransaction();
      for (let open: TransactionScope | null = scope; open !== null; open = open.parent) open.doom(lost);
      throw doomed(lost);
    }
    yield* this.#core.drive(call, () => this.#core.driver.begin(scope.options, call));
  }

  /** Commits the innermost transaction, which must be `scope`. On any failure it is rolled back and the failure thrown. */
  *commit(scope: TransactionScope, call: Call): Operation<void> {
    if (this.#current !== scope) {
      yield* this.rollBack(scope, call);
      throw new TransactionStateError(
        "a nested transaction was still running when the one around it was to commit, so both were rolled back; await nested transactions",
      );
    }
    if (scope.state.is === "doomed") {
      const { cause } = scope.state;
      yield* this.rollBack(scope, call);
      throw doomed(cause, cause instanceof CommitOutcomeUnknownError ? "unknown" : "rolled_back");
    }
    try {
      if (scope.parent === null) this.#step = "committing";
      if (scope.parent === null) yield* this.#core.drive(call, () => this.#core.driver.commit(call));
      else yield* this.#core.execute(`RELEASE SAVEPOINT ${scope.savepoint}`, undefined, call);
    } catch (error) {
      if (!(yield* this.#hasCommitted(scope, error, call))) throw error;
    } finally {
      this.#step = undefined;
    }
    this.#end(scope, "committed");
  }

  /**
   * After a COMMIT that failed: ends the transaction, and answers whether it was committed all the same, because only
   * the answer was lost. Throws when that cannot be found out, or when it was rolled back for being lost.
   */
  *#hasCommitted(scope: TransactionScope, error: unknown, call: Call): Operation<boolean> {
    const isLost = scope.parent === null && error instanceof DatabaseError && error.outcome === "unknown";
    if (!isLost) {
      yield* this.rollBack(scope, call);
      return false;
    }
    const { environment, driver } = this.#core;
    // The database itself says that it does not know: to find the work there would prove nothing.
    if (error instanceof CommitOutcomeUnknownError) {
      this.#end(scope, "rolled back");
      throw error;
    }
    const lost = { environment, evidence: scope.evidence, sessionId: driver.sessionId };
    this.#core.destroy();
    const fate = yield* findFate(lost, call);
    if (fate === "committed") return true;
    this.#end(scope, "rolled back");
    throw fate === "unknown" ? unknownCommit(lost, error) : rolledBackCommit(lost, error);
  }

  /** Rolls back `scope` and all that is nested in it. Never throws: the failure that led here is the one to report. */
  *rollBack(scope: TransactionScope, call: Call): Operation<void> {
    for (let inner = this.#current; inner !== null && inner !== scope; inner = inner.parent)
      inner.end("rolled back");
    this.#current = scope;
    const { driver } = this.#core;
    try {
      if (!driver.usable || !driver.inTransaction) {
        scope.parent?.doom(scope.state.is === "doomed" ? scope.state.cause : lostTransaction());
      } else if (scope.parent === null) {
        yield* this.#core.undo(call, (limits) => driver.rollback(limits));
      } else {
        for (const command of ["ROLLBACK TO SAVEPOINT", "RELEASE SAVEPOINT"]) {
          const statement = control(`${command} ${scope.savepoint}`);
          yield* this.#core.undo(call, (limits) => driver.execute(statement, [], limits));
        }
      }
    } catch {
      // What state the connection is in is not known now, so nobody may use it again.
      this.#core.destroy();
      scope.parent?.doom(lostTransaction());
    }
    this.#end(scope, "rolled back");
  }

  /** Tells the open transactions that a statement failed. */
  failed(error: DatabaseError): void {
    if (this.#current === null || error.outcome === "not_sent") return;
    this.#current.doom(error);
    if (this.#core.driver.usable && this.#core.driver.inTransaction) return;
    // The database has ended the whole transaction by itself, so no savepoint of it is left either.
    for (let scope: TransactionScope | null = this.#current; scope !== null; scope = scope.parent)
      scope.doom(error);
  }

  /** As `exclusive`, for ending a transaction: nothing may keep the end from happening. */
  *exclusiveEnd<T>(scope: TransactionScope, work: () => Operation<T>): Operation<T | undefined> {
    if (!this.#turn.tryTake()) yield* wait(this.#turn.queue().granted);
    try {
      return scope.state.is === "ended" ? undefined : yield* work();
    } finally {
      this.#turn.pass();
    }
  }

  *#enter(from: TransactionScope | null, call: Call): Operation<void> {
    for (;;) {
      if (this.#admits(from)) {
        const ticket = this.#turn.queue();
        try {
          yield* wait(call.within(ticket.granted));
          // Who was before in the line may have opened a stream, or ended the transaction.
          this.#checkStream();
          from?.check();
          this.#current?.check();
        } catch (error) {
          ticket.giveUp();
          throw error;
        }
        if (this.#admits(from)) return;
        ticket.giveUp();
      } else {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#waitingForEnd.push(resolve);
        yield* wait(call.within(promise));
        from?.check();
      }
    }
  }

  /** Whether a call on the handle of `from` may run now, or has to wait until a transaction beside it has ended. */
  #admits(from: TransactionScope | null): boolean {
    const current = this.#current;
    if (current === from || current === null || this.#core.environment.blocking || current.explicit)
      return true;
    const ambient = ambientTransaction(this.#core.environment);
    return ambient?.core === this.#core && ambient.scope.isInside(current);
  }

  #end(scope: TransactionScope, how: "committed" | "rolled back"): void {
    scope.end(how);
    this.#current = scope.parent;
    if (scope.parent !== null && how === "committed")
      scope.parent.evidence = scope.evidence ?? scope.parent.evidence;
    const waiting = this.#waitingForEnd;
    this.#waitingForEnd = [];
    for (const resume of waiting) resume();
    const listeners = this.#listeners;
    if (scope.parent === null) this.#listeners = [];
    for (const listener of listeners) {
      if (how === "rolled back") listener.rolledBack();
      else if (scope.parent === null) listener.committed();
    }
  }

  #checkSavepoints(): void {
    const { backend, capabilities } = this.#core.environment;
    if (capabilities.savepoints) return;
    throw new UnsupportedError(
      `${backend.name} has no savepoints, so a transaction cannot be nested in another; run what may fail in a transaction of its own`,
      { backend: backend.name },
    );
  }

  #checkIsolation(options: BeginOptions): void {
    const { isolationLevels } = this.#core.environment.capabilities;
    if (options.isolation === undefined || isolationLevels.includes(options.isolation)) return;
    throw new UnsupportedError(
      `expected isolation to be one of ${isolationLevels.join(", ")} on ${this.#core.environment.backend.name}, got ${options.isolation}`,
    );
  }
}

/** Without savepoints what was half done cannot be undone by itself, and must not be committed with the rest. */
function* doomingOnFailure<T>(scope: TransactionScope, work: () => Operation<T>): Operation<T> {
  try {
    return yield* work();
  } catch (error) {
    scope.doom(error);
    throw error;
  }
}

function control(text: string) {
  return { text, readOnly: false, reusable: true };
}

function lostTransaction(): DatabaseError {
  return new DatabaseError("the database ended the transaction by itself", { outcome: "rolled_back" });
}
