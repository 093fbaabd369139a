import type { BeginOptions } from "../backend/index.ts";
import type { CallOptions, ConnectionCore } from "../connection/index.ts";
import type { EntityStore } from "../entity/index.ts";
import { ClosedError, TransactionStateError } from "../errors/index.ts";
import { type Awaitable, type Operation, wait } from "../operation/index.ts";
import type { Answer, Face } from "./answer.ts";
import { Handle } from "./handle.ts";
import type { AnySchema } from "./records.ts";
import type { Runner } from "./runner.ts";

/** One connection, taken from a database for a while. Everything that is done with it happens in one session. */
export abstract class Connection<
  F extends Face,
  S extends object = AnySchema,
  D extends boolean = false,
> extends Handle<F, S, D> {
  readonly #giveBack: () => Awaitable<void>;
  #released = false;

  constructor(core: ConnectionCore, store: EntityStore, runner: Runner<F>, giveBack: () => Awaitable<void>) {
    super(core, null, store, runner);
    this.#giveBack = giveBack;
  }

  /** Whether a transaction is open on this connection. */
  get inTransaction(): boolean {
    return this.core.transactions.current !== null || this.core.driver.inTransaction;
  }

  /** The driver's own connection, for what this library does not cover. Leave it as you found it. */
  get raw(): unknown {
    return this.core.driver.raw;
  }

  /** Begins a transaction that lasts until `commitTransaction` or `rollbackTransaction`. Prefer `transaction(fn)`. */
  beginTransaction(options?: BeginOptions & CallOptions): Answer<F, void> {
    const { isolation, readOnly } = options ?? {};
    return this.run("beginTransaction", options, function* (core, call) {
      if (core.transactions.current !== null) {
        throw new TransactionStateError(
          "expected no open transaction on this connection, got one; use transaction(fn) for a nested one",
        );
      }
      const begin = { ...(isolation && { isolation }), ...(readOnly !== undefined && { readOnly }) };
      yield* core.transactions.begin(begin, call, true);
    });
  }

  /** Commits what `beginTransaction` began. Throws `TransactionStateError` when there is nothing to commit. */
  commitTransaction(options?: CallOptions): Answer<F, void> {
    return this.#end("commitTransaction", options);
  }

  /** Rolls back what `beginTransaction` began. Throws `TransactionStateError` when there is nothing to roll back. */
  rollbackTransaction(options?: CallOptions): Answer<F, void> {
    return this.#end("rollbackTransaction", options);
  }

  /** Gives the connection back; a second time does nothing. A transaction that is still open is rolled back and reported. */
  close(): Answer<F, void> {
    return this.runner.run(this.#close());
  }

  *#close(): Operation<void> {
    if (this.#released) return;
    this.#released = true;
    yield* wait(this.#giveBack());
  }

  #end(
    operation: "commitTransaction" | "rollbackTransaction",
    options: CallOptions | undefined,
  ): Answer<F, void> {
    return this.runner.begin(() => {
      this.check();
      const call = this.call(operation, options);
      const { transactions } = this.core;
      const scope = transactions.current;
      if (scope === null || !scope.explicit) {
        throw new TransactionStateError(
          `expected ${operation} after beginTransaction, got it while no transaction is open that way`,
        );
      }
      return this.runner.run(
        transactions.exclusiveEnd(scope, () =>
          operation === "commitTransaction"
            ? transactions.commit(scope, call)
            : transactions.rollBack(scope, call),
        ),
      );
    });
  }

  /** @internal */
  protected override check(): void {
    if (this.#released) throw new ClosedError("this connection was given back; take a new one");
  }
}
