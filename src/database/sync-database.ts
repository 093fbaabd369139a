import type { Call, CallOptions, ConnectionCore, Params } from "../connection/index.ts";
import { ClosedError, UnsupportedError } from "../errors/index.ts";
import {
  type AnySchema,
  type CallbackAnswer,
  openStream,
  type Repeatable,
  retryingTransaction,
  type Stream,
  type StreamOptions,
  syncRunner,
  type TransactionHandle,
  type TransactionOptions,
  transactionOn,
  vouchRows,
} from "../face/index.ts";
import { type Operation, runSync, wait } from "../operation/index.ts";
import { resetConnection } from "./connection-pool.ts";
import { DatabaseHandle } from "./database-handle.ts";
import { Guard } from "./guard.ts";
import { syncHooks } from "./hooks.ts";
import type { SharedDatabase } from "./shared-database.ts";
import { SyncConnection } from "./sync-connection.ts";
import { SyncLending } from "./sync-lending.ts";

const defaultBatchSize = 500;
const resetTimeoutMs = 5000;

/**
 * A database, for callers who block: scripts, command line tools, migrations. It has one connection of its own, made
 * when it is first needed and made again when it was lost.
 */
export class SyncDatabase<S extends object = AnySchema, D extends boolean = false>
  extends DatabaseHandle<"sync", S, D>
  implements Disposable
{
  readonly #guard: Guard;
  readonly #lending: SyncLending;
  #core: ConnectionCore | undefined;
  #closed = false;

  /** @internal */
  constructor(shared: SharedDatabase) {
    super(shared, shared.environment(true));
    if (shared.backend.connectSync === undefined) {
      throw new UnsupportedError(
        `the backend "${shared.backend.name}" has no synchronous face; use DatabaseManager.connect`,
      );
    }
    this.#guard = new Guard(this.environment, shared.config.resilience, shared.events);
    this.#lending = new SyncLending(syncHooks(shared.config.hooks, shared.store));
  }

  /** The connection; or lends it to `fn`. Closing it ends what it left open, and keeps the connection. */
  connection(options?: CallOptions): SyncConnection<S, D>;
  connection<T>(fn: (connection: SyncConnection<S, D>) => T): T;
  connection<T>(first?: CallOptions | ((connection: SyncConnection<S, D>) => T)): SyncConnection<S, D> | T {
    const options = typeof first === "function" ? undefined : first;
    const core = this.#lend(this.call("connection", options));
    const connection = new SyncConnection<S, D>(core, this.store, syncRunner, () => {
      try {
        if (core.usable) runSync(resetConnection(this.shared, core, resetTimeoutMs));
      } finally {
        this.#lending.giveBack(core);
      }
    });
    if (typeof first !== "function") return connection;
    try {
      return syncRunner.run(answered(syncRunner.callbackAnswer(first(connection))));
    } finally {
      connection.close();
    }
  }

  transaction<T>(
    fn: (tx: TransactionHandle<"sync", S, D>) => CallbackAnswer<"sync", T>,
    options?: TransactionOptions,
  ): T {
    const nested = this.#core !== undefined && this.#core.transactions.current !== null;
    let begun = false;
    const once = (tx: TransactionHandle<"sync", S, D>) => {
      begun = true;
      return fn(tx);
    };
    return runSync(
      retryingTransaction(this.environment, options, nested, (attempt) => {
        const call = this.call("transaction", options);
        return nested
          ? this.#lent(call, (core) =>
              transactionOn(core, null, this.store, syncRunner, fn, options, attempt),
            )
          : this.#guard.run(
              call,
              // Until the callback has run, a transaction that was lost has only been begun.
              () => !begun,
              () =>
                this.#lent(call, (core) =>
                  transactionOn(core, null, this.store, syncRunner, once, options, attempt),
                ),
              () => begun,
            );
      }),
    );
  }

  stream<T extends object = Record<string, unknown>>(
    sql: string,
    params?: Params,
    options?: StreamOptions,
  ): Stream<"sync", T> {
    const call = this.call("stream", options);
    const lend = () => this.#lend(call);
    const giveBack = (core: ConnectionCore) => this.#lending.giveBack(core);
    const open = function* () {
      const core = lend();
      try {
        const stream = yield* openStream(core, null, sql, params, call);
        return {
          cursor: stream.cursor,
          *close() {
            try {
              yield* stream.close();
            } finally {
              giveBack(core);
            }
          },
        };
      } catch (error) {
        giveBack(core);
        throw error;
      }
    };
    return vouchRows<"sync", T>(syncRunner.stream(open, options?.batchSize ?? defaultBatchSize));
  }

  /** Whether a transaction is open on the connection. */
  get inTransaction(): boolean {
    return this.#core !== undefined && this.#core.transactions.current !== null;
  }

  /** Closes the connection, rolling back what it left open. A second call does nothing. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const core = this.#core;
    if (core === undefined) return;
    if (core.usable) runSync(resetConnection(this.shared, core, resetTimeoutMs));
    runSync(core.close());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** @internal */
  protected override run<T>(
    operation: string,
    options: CallOptions | undefined,
    work: (core: ConnectionCore, call: Call) => Operation<T>,
    repeatable?: Repeatable,
  ): T {
    const call = this.call(operation, options);
    const attempt = () => {
      const core = this.#lend(call);
      try {
        return syncRunner.exclusive(core, null, call, () => work(core, call));
      } finally {
        this.#lending.giveBack(core);
      }
    };
    const inTransaction = this.#core !== undefined && this.#core.transactions.current !== null;
    return inTransaction
      ? attempt()
      : this.#guard.runBlocking(call, () => this.onlyReads(repeatable), attempt);
  }

  *#lent<T>(call: Call, work: (core: ConnectionCore) => Operation<T>): Operation<T> {
    const core = this.#lend(call);
    try {
      return yield* work(core);
    } finally {
      this.#lending.giveBack(core);
    }
  }

  /** The connection, for one use. The lending must have it back. */
  #lend(call: Call): ConnectionCore {
    const core = this.#connected(call);
    this.#lending.lend(core);
    return core;
  }

  /** A new connection is made within the time of the call that needs it. */
  #connected(call: Call): ConnectionCore {
    if (this.#core?.usable === true) return this.#core;
    if (this.#closed)
      throw new ClosedError(`this handle on "${this.config.alias}" was closed; connect again`);
    const timeoutMs = Math.min(this.shared.target.connectTimeoutMs, call.timeoutMs);
    const core = runSync(this.shared.open(this.environment, timeoutMs));
    this.#guard.breaker.signOfLife();
    this.#lending.made(core);
    this.#core = core;
    return core;
  }
}

function* answered<T>(answer: T | PromiseLike<T>): Operation<T> {
  return yield* wait(answer);
}
