import { ConfigurationError } from "../errors/index.ts";
import type { TransactionOptions } from "../face/index.ts";
import { type AnyFunction, type Wrapper, wrapping } from "./wrapper.ts";

/** What transactions are made on: a database, a connection or a transaction, of either face. */
export interface TransactionTarget<Answer = unknown> {
  /** Whether a transaction is open. */
  readonly inTransaction?: boolean;
  transaction(fn: () => unknown, options?: TransactionOptions): Answer;
}

type AsyncTarget = TransactionTarget<PromiseLike<unknown>>;
type AsyncFunction = (...args: never[]) => PromiseLike<unknown>;

/**
 * Runs a function in a transaction of `db`, which commits when the function answers and rolls back when it throws.
 * Where one is open around the call, it takes part in that one, as a savepoint. The function's own calls on `db` are
 * in the transaction.
 *
 * `db` can be found through `this`, for methods: `@autoTransaction((self: Orders) => self.db)`. On the asynchronous
 * face the function must answer a promise, and on the synchronous face it must not.
 *
 * `retries` in `options` counts for the outermost transaction only. `isolation` and `readOnly` inside an open
 * transaction are refused, as everywhere.
 */
export function autoTransaction(db: AsyncTarget, options?: TransactionOptions): Wrapper<AsyncFunction>;
export function autoTransaction<This>(
  db: (self: This) => AsyncTarget,
  options?: TransactionOptions,
): Wrapper<(this: This, ...args: never[]) => PromiseLike<unknown>>;
export function autoTransaction(db: TransactionTarget, options?: TransactionOptions): Wrapper;
export function autoTransaction<This>(
  db: (self: This) => TransactionTarget,
  options?: TransactionOptions,
): Wrapper<(this: This, ...args: never[]) => unknown>;
export function autoTransaction(
  db: TransactionTarget | ((self: never) => TransactionTarget),
  options?: TransactionOptions,
): Wrapper<AnyFunction> {
  const find = typeof db === "function" ? db : () => db;
  if (typeof db !== "function") checkedTarget(db);
  return wrapping(() => ({ self, run }) => {
    const target = checkedTarget(Reflect.apply(find, undefined, [self]));
    if (options === undefined) return target.transaction(run);
    const { retries, ...others } = options;
    const nested = target.inTransaction === true;
    return target.transaction(run, nested || retries === undefined ? others : options);
  });
}

function checkedTarget(target: TransactionTarget | undefined): TransactionTarget {
  if (typeof target?.transaction === "function") return target;
  throw new ConfigurationError(
    "autoTransaction: expected a database, a connection or a transaction, or a function that answers one",
  );
}
