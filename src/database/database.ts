import {
  ambientTransaction,
  type Call,
  type CallOptions,
  type ConnectionCore,
  outsideTransaction,
  type Params,
} from "../connection/index.ts";
import { ClosedError, ReadOnlyError } from "../errors/index.ts";
import {
  type AnySchema,
  asyncRunner,
  type CallbackAnswer,
  openStream,
  type Repeatable,
  retryingTransaction,
  type Stream,
  type StreamOptions,
  type TransactionHandle,
  type TransactionOptions,
  transactionOn,
  vouchRows,
} from "../face/index.ts";
import { type Operation, runAsync, wait } from "../operation/index.ts";
import type { Leak, Lease, PoolEvents, PoolStats } from "../pool/index.ts";
import { AsyncConnection } from "./async-connection.ts";
import { DatabaseHandle } from "./database-handle.ts";
import {
  beginHolding,
  type Holding,
  holdingNothing,
  refuseSelfDeadlock,
  whileHolding,
} from "./held-connections.ts";
import type { PooledDatabase } from "./pooled-database.ts";

const defaultBatchSize = 500;

/**
 * A database, for callers who await. Each call runs on a pooled connection of its own, or, inside the callback of a
 * transaction on this database, in that transaction. Connections are made when they are first needed.
 */
export class Database<S extends object = AnySchema, D extends boolean = false>
  extends DatabaseHandle<"async", S, D>
  implements AsyncDisposable
{
  readonly #pooled: PooledDatabase;
  #closed = false;

  /** @internal */
  constructor(pooled: PooledDatabase) {
    super(pooled.shared, pooled.environment);
    this.#pooled = pooled;
    pooled.enter();
  }

  /** Takes a connection; or lends one to `fn`, and gives it back when `fn` has ended. */
  connection(options?: CallOptions): Promise<AsyncConnection<S, D>>;
  connection<T>(
    fn: (connection: AsyncConnection<S, D>) => T | PromiseLike<T>,
    options?: CallOptions,
  ): Promise<T>;
  async connection<T>(
    first?: CallOptions | ((connection: AsyncConnection<S, D>) => T | PromiseLike<T>),
    second?: CallOptions,
  ): Promise<AsyncConnection<S, D> | T> {
    const fn = typeof first === "function" ? first : undefined;
    const options = typeof first === "function" ? second : first;
    const hardLimit = this.#hardLimit;
    const holding = beginHolding(this.environment, hardLimit, "connection", this.connection);
    const lease = await runAsync(this.#acquire(this.call("connection", options)));
    const connection = new AsyncConnection<S, D>(lease.resource, this.store, asyncRunner, () =>
      lease.release({ discard: !lease.resource.usable }),
    );
    if (fn === undefined) return connection;
    holding.core = lease.resource;
    try {
      return await whileHolding(holding, hardLimit, () => fn(connection));
    } finally {
      holding.core = undefined;
      await connection.close();
    }
  }

  transaction<T>(
    fn: (tx: TransactionHandle<"async", S, D>) => CallbackAnswer<"async", T>,
    options?: TransactionOptions,
  ): Promise<T> {
    const { environment } = this;
    const ambient = ambientTransaction(environment);
    return asyncRunner.begin(() => {
      const call = this.call("transaction", options);
      let begun = false;
      const hardLimit = this.#hardLimit;
      const holding = beginHolding(environment, hardLimit, "transaction", this.transaction);
      const once = (tx: TransactionHandle<"async", S, D>) => {
        begun = true;
        return whileHolding(holding, hardLimit, () => fn(tx));
      };
      const attempt = (attempt: number): Operation<T> =>
        ambient === undefined
          ? this.#pooled.guard.run(
              call,
              // Until the callback has run, a transaction that was lost has only been begun.
              () => !begun,
              () =>
                this.#leased(
                  call,
                  (core) => transactionOn(core, null, this.store, asyncRunner, once, options, attempt),
                  holding,
                ),
              () => begun,
            )
          : transactionOn(ambient.core, ambient.scope, this.store, asyncRunner, fn, options, attempt);
      return runAsync(retryingTransaction(environment, options, ambient !== undefined, attempt));
    });
  }

  stream<T extends object = Record<string, unknown>>(
    sql: string,
    params?: Params,
    options?: StreamOptions,
  ): Stream<"async", T> {
    const begin = (): Call => this.call("stream", options);
    const acquire = (call: Call): Operation<Lease<ConnectionCore>> => this.#acquire(call);
    const open = function* () {
      const call = begin();
      const lease = yield* acquire(call);
      try {
        const stream = yield* openStream(lease.resource, null, sql, params, call);
        return {
          cursor: stream.cursor,
          *close() {
            try {
              yield* stream.close();
            } finally {
              lease.release({ discard: !lease.resource.usable });
            }
          },
        };
      } catch (error) {
        lease.release({ discard: !lease.resource.usable });
        throw error;
      }
    };
    return vouchRows<"async", T>(asyncRunner.stream(open, options?.batchSize ?? defaultBatchSize));
  }

  /**
   * Runs `fn` outside of the transaction around it: for work that is to outlive the transaction that starts it, such
   * as a job that is not awaited.
   */
  outsideTransaction<T>(fn: () => T): T {
    return outsideTransaction(() => holdingNothing(fn));
  }

  /** Calls `listener` at each event of the connection pool; answers a function that ends it. */
  onPool<Name extends keyof PoolEvents>(
    name: Name,
    listener: (payload: PoolEvents[Name]) => void,
  ): () => void {
    return this.#pooled.pool.events.on(name, listener);
  }

  /** Whether the current code runs inside the callback of a transaction on this database. */
  get inTransaction(): boolean {
    return ambientTransaction(this.environment)?.scope.state.is === "open";
  }

  /** State of the circuit breaker before this database. */
  get circuit(): "closed" | "open" | "half_open" {
    return this.#pooled.guard.breaker.state;
  }

  /** Opens connections until there are `connections`, so that the first callers need not wait for them. */
  async warmup(connections: number): Promise<void> {
    await this.#pooled.pool.warmup(connections);
  }

  /** Closes the connections that nobody uses, and answers how many there were. */
  clearIdle(): number {
    return this.#pooled.pool.clearIdle();
  }

  /**
   * The connections that have been held for `threshold` seconds (default 300) or longer; with where they were taken,
   * when the pool's `leakThreshold` is set.
   */
  checkForLeakedConnections(threshold = 300): Leak[] {
    return this.#pooled.pool.checkLeaks(threshold * 1000);
  }

  /** Sizes, waits and totals of the pool, now. */
  getPoolMetrics(): PoolStats {
    return this.#pooled.pool.stats();
  }

  /**
   * Closes this handle, and the connections when no other handle shares them. Waits up to `timeout` seconds (default
   * 30) for what is under way. A second call does nothing.
   */
  async close(options?: { readonly timeout?: number }): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pooled.leave((options?.timeout ?? 30) * 1000);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  protected override run<T>(
    operation: string,
    options: CallOptions | undefined,
    work: (core: ConnectionCore, call: Call) => Operation<T>,
    repeatable?: Repeatable,
  ): Promise<T> {
    return asyncRunner.begin(() => {
      const call = this.call(operation, options);
      const ambient = ambientTransaction(this.environment);
      if (ambient !== undefined) {
        const { core, scope } = ambient;
        return asyncRunner.exclusive(core, scope, call, () => work(core, call));
      }
      const attempt = () =>
        this.#leased(call, (core) => core.transactions.exclusive(null, call, () => work(core, call)));
      return runAsync(this.#pooled.guard.run(call, () => this.onlyReads(repeatable), attempt));
    });
  }

  *#leased<T>(call: Call, work: (core: ConnectionCore) => Operation<T>, holding?: Holding): Operation<T> {
    const lease = yield* this.#acquire(call);
    if (holding !== undefined) holding.core = lease.resource;
    try {
      return yield* work(lease.resource);
    } catch (error) {
      this.#leaveReadOnlyServer(error);
      throw error;
    } finally {
      if (holding !== undefined) holding.core = undefined;
      lease.release();
    }
  }

  get #hardLimit(): number {
    const { maxSize, maxOverflow } = this.#pooled.pool.settings;
    return maxSize + maxOverflow;
  }

  /**
   * A primary that has become a standby is left: the connection has been closed, and the others lead there as well. Only
   * where any server will do, those that read go on.
   */
  #leaveReadOnlyServer(error: unknown): void {
    if (!(error instanceof ReadOnlyError) || error.code !== "STRATA_READ_ONLY_SERVER") return;
    if (this.config.role === "primary") this.#pooled.pool.evict();
  }

  *#acquire(call: Call): Operation<Lease<ConnectionCore>> {
    if (this.#closed)
      throw new ClosedError(`this handle on "${this.config.alias}" was closed; connect again`);
    const { pool } = this.#pooled;
    refuseSelfDeadlock(this.environment, this.#hardLimit, {
      database: this.config.alias,
      backend: this.backend,
      operation: call.operation,
    });
    const timeoutMs = Math.min(pool.settings.acquireTimeoutMs, call.timeoutMs);
    const { signal } = call;
    return yield* wait(
      pool.acquire(
        signal === undefined
          ? { timeoutMs, label: call.operation }
          : { timeoutMs, signal, label: call.operation },
      ),
    );
  }
}
