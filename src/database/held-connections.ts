import { AsyncLocalStorage } from "node:async_hooks";
import { ambientTransaction, type ConnectionCore } from "../connection/index.ts";
import { PoolTimeoutError } from "../errors/index.ts";
import { type Place, placeOf, recordNoPlaces, recordPlaces } from "../pool/index.ts";

/** A connection that the current code, or code around it, holds for as long as a callback runs. */
export interface Holding {
  /** Which database it belongs to: the environment object of its connections. */
  readonly environment: object;
  readonly operation: "connection" | "transaction";
  /** Where it was asked for; undefined where that is not recorded. */
  readonly where: Place | undefined;
  /** Undefined before it is lent, and after it was given back. */
  core: ConnectionCore | undefined;
  /** What the code around it holds, perhaps of another database. */
  readonly outer: Holding | undefined;
}

const storage = new AsyncLocalStorage<Holding | undefined>();

/** Pools of more connections than this are not watched: nobody nests so deep, and places cost some microseconds. */
const deepestNesting = 3;

/** Begins to watch a connection that is about to be taken; `above` is the function that was called for it. */
export function beginHolding(
  environment: object,
  hardLimit: number,
  operation: Holding["operation"],
  above: (...args: never[]) => unknown,
): Holding {
  const record = hardLimit <= deepestNesting ? recordPlaces : recordNoPlaces;
  return { environment, operation, where: record(above), core: undefined, outer: storage.getStore() };
}

/** Runs `fn` as code that holds the connection. */
export function whileHolding<T>(holding: Holding, hardLimit: number, fn: () => T): T {
  return hardLimit <= deepestNesting ? storage.run(holding, fn) : fn();
}

/** Runs `fn` as code that holds nothing. */
export function holdingNothing<T>(fn: () => T): T {
  return storage.run(undefined, fn);
}

/**
 * Throws when all connections of a pool are held by the code that asks for another one, or by code around it, which
 * waits for it: then none could ever come.
 */
export function refuseSelfDeadlock(
  environment: object,
  hardLimit: number,
  asks: { readonly database: string; readonly backend: string; readonly operation: string },
): void {
  if (hardLimit > deepestNesting) return;
  const holdings = held(environment);
  const cores = new Set(holdings.map(({ core }) => core));
  for (const core of transactionsAround(environment)) cores.add(core);
  if (cores.size < hardLimit) return;
  const { database, backend, operation } = asks;
  const places = holdings.map((one) => `${one.operation}${at(placeOf(one.where))}`);
  throw new PoolTimeoutError(
    `a connection of "${database}" was asked for${at(placeOf(deepStack()))} by ${operation}, while the same code holds ` +
      `${hardLimit === 1 ? "the only one" : `all ${hardLimit}`}${places.length === 0 ? "" : `: ${places.join(", ")}`}. ` +
      `It could never come. Use the handle of what is held, or let maxSize + maxOverflow be ${hardLimit + 1}`,
    { backend, operation },
    "STRATA_POOL_SELF_DEADLOCK",
  );
}

/** The library's own frames alone may be more than are kept by default. */
function deepStack(): Place {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 50;
  try {
    return new Error();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

function at(place: string | undefined): string {
  return place === undefined ? "" : ` at ${place}`;
}

/** What the current code holds of this database, the innermost first. */
function held(environment: object): Holding[] {
  const found: Holding[] = [];
  for (let one = storage.getStore(); one !== undefined; one = one.outer) {
    if (one.environment === environment && one.core !== undefined) found.push(one);
  }
  return found;
}

/** The connections of transactions around the current code, on connections that may have been taken elsewhere. */
function transactionsAround(environment: object): ConnectionCore[] {
  const found: ConnectionCore[] = [];
  for (let one = ambientTransaction(environment); one !== undefined; one = one.outer) {
    if (one.environment === environment && one.scope.state.is !== "ended") found.push(one.core);
  }
  return found;
}
