import { AsyncLocalStorage } from "node:async_hooks";
import type { ConnectionCore } from "./connection-core.ts";
import type { TransactionScope } from "./transaction-scope.ts";

/** The transaction whose callback the current code runs in. */
export interface AmbientTransaction {
  /** Which database it belongs to: the environment object of its connections. */
  readonly environment: object;
  readonly core: ConnectionCore;
  readonly scope: TransactionScope;
  /** The transaction around it, perhaps of another database. */
  readonly outer: AmbientTransaction | undefined;
}

const storage = new AsyncLocalStorage<AmbientTransaction | undefined>();

/** The innermost transaction of this database around the current code, ended or not. */
export function ambientTransaction(environment: object): AmbientTransaction | undefined {
  let ambient = storage.getStore();
  while (ambient !== undefined && ambient.environment !== environment) ambient = ambient.outer;
  return ambient;
}

export function insideTransaction<T>(core: ConnectionCore, scope: TransactionScope, fn: () => T): T {
  const outer = storage.getStore();
  return storage.run({ environment: core.environment, core, scope, outer }, fn);
}

/** Runs `fn` as if no transaction were around it: for work that is to outlive the transaction that starts it. */
export function outsideTransaction<T>(fn: () => T): T {
  return storage.run(undefined, fn);
}
