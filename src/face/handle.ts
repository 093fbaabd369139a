import {
  Call,
  type CallOptions,
  type ConnectionCore,
  type Params,
  type TransactionScope,
} from "../connection/index.ts";
import type { EntityStore } from "../entity/index.ts";
import type { Operation } from "../operation/index.ts";
import type { Answer, CallbackAnswer, Face, Stream } from "./answer.ts";
import { Queries, type StreamOptions, type TransactionOptions } from "./queries.ts";
import type { AnySchema } from "./records.ts";
import type { Runner } from "./runner.ts";
import { openStream } from "./stream.ts";
import { beginOptions, retryingTransaction } from "./transaction-options.ts";
import { vouchRows } from "./vouch.ts";

const defaultBatchSize = 500;

/** Queries on one connection, on behalf of one transaction on it or of none. */
export abstract class Handle<
  F extends Face,
  S extends object = AnySchema,
  D extends boolean = false,
> extends Queries<F, S, D> {
  /** @internal */
  protected readonly core: ConnectionCore;
  /** @internal */
  protected readonly scope: TransactionScope | null;
  /** @internal */
  protected readonly store: EntityStore;
  /** @internal */
  protected readonly runner: Runner<F>;

  constructor(core: ConnectionCore, scope: TransactionScope | null, store: EntityStore, runner: Runner<F>) {
    super();
    this.core = core;
    this.scope = scope;
    this.store = store;
    this.runner = runner;
  }

  transaction<T>(
    fn: (tx: TransactionHandle<F, S, D>) => CallbackAnswer<F, T>,
    options?: TransactionOptions,
  ): Answer<F, T> {
    return this.runner.begin(() => {
      this.check();
      const { environment, transactions } = this.core;
      return this.runner.run(
        retryingTransaction(environment, options, transactions.current !== null, (attempt) =>
          transactionOn(this.core, this.scope, this.store, this.runner, fn, options, attempt),
        ),
      );
    });
  }

  stream<T extends object = Record<string, unknown>>(
    sql: string,
    params?: Params,
    options?: StreamOptions,
  ): Stream<F, T> {
    const open = () => {
      this.check();
      this.store.noteOwnSql(this.core);
      return openStream(this.core, this.scope, sql, params, this.call("stream", options));
    };
    return vouchRows<F, T>(this.runner.stream(open, options?.batchSize ?? defaultBatchSize));
  }

  /** @internal */
  protected override run<T>(
    operation: string,
    options: CallOptions | undefined,
    work: (core: ConnectionCore, call: Call) => Operation<T>,
  ): Answer<F, T> {
    return this.runner.begin(() => {
      this.check();
      const call = this.call(operation, options);
      return this.runner.exclusive(this.core, this.scope, call, () => work(this.core, call));
    });
  }

  /** Throws when this handle can no longer be used. @internal */
  protected check(): void {}

  /** @internal */
  protected call(operation: string, options: CallOptions | undefined): Call {
    const { clock, queryTimeoutMs } = this.core.environment;
    return Call.from(operation, clock, options, queryTimeoutMs);
  }
}

/** What a transaction's callback is given. It can be used until the callback ends. */
export class TransactionHandle<
  F extends Face,
  S extends object = AnySchema,
  D extends boolean = false,
> extends Handle<F, S, D> {
  /** Which run of the callback this is, counting from 1: above 1 it is a retry. */
  readonly attempt: number;

  constructor(
    core: ConnectionCore,
    scope: TransactionScope | null,
    store: EntityStore,
    runner: Runner<F>,
    attempt: number,
  ) {
    super(core, scope, store, runner);
    this.attempt = attempt;
  }
}

/** Runs a transaction's callback once, on a connection that is at hand. */
export function transactionOn<F extends Face, S extends object, D extends boolean, T>(
  core: ConnectionCore,
  from: TransactionScope | null,
  store: EntityStore,
  runner: Runner<F>,
  fn: (tx: TransactionHandle<F, S, D>) => CallbackAnswer<F, T>,
  options: TransactionOptions | undefined,
  attempt: number,
): Operation<T> {
  const { clock, queryTimeoutMs } = core.environment;
  const call = Call.from("transaction", clock, options, queryTimeoutMs);
  return core.transactions.transaction(from, beginOptions(options), call, (scope) =>
    runner.callbackAnswer(fn(new TransactionHandle<F, S, D>(core, scope, store, runner, attempt))),
  );
}
