import type { Call, ConnectionCore, Params, QueryResult } from "../connection/index.ts";
import type { EntityStore } from "../entity/index.ts";
import { TransactionStateError } from "../errors/index.ts";
import type { Operation } from "../operation/index.ts";

/**
 * Runs SQL of the caller's own. What would commit the open transaction without a word is refused, unless the
 * configuration allows it; then the transaction is begun again behind it, except for a nested one, which could no longer
 * be rolled back by itself.
 */
export function executeOwn(
  core: ConnectionCore,
  sql: string,
  params: Params | undefined,
  call: Call,
  store: EntityStore,
): Operation<QueryResult> {
  const open = core.transactions.current;
  if (open === null) return core.execute(sql, params, call);
  store.noteOwnSql(core);
  const { dialect, name } = core.environment.backend;
  if (dialect.commitsTransaction?.(sql) !== true) return core.execute(sql, params, call);
  if (!store.settings.allowImplicitCommit || open.parent !== null) throw wouldCommit(name, call);
  return executeAndBegin(core, sql, params, call);
}

function* executeAndBegin(
  core: ConnectionCore,
  sql: string,
  params: Params | undefined,
  call: Call,
): Operation<QueryResult> {
  const result = yield* core.execute(sql, params, call);
  yield* core.transactions.beginAgain(call);
  return result;
}

function wouldCommit(backend: string, call: Call): TransactionStateError {
  return new TransactionStateError(
    `on ${backend} this statement would commit the transaction that it stands in; run it before the transaction, or on another connection, or set allowImplicitCommit, which lets it do so in a transaction that is not nested`,
    { backend, operation: call.operation },
  );
}
