import { Call, type ConnectionCore, type ConnectionEnvironment } from "../connection/index.ts";
import { catalogue, DatabaseError } from "../errors/index.ts";
import { type Awaitable, type Operation, runAsync, start, wait } from "../operation/index.ts";
import { ConnectionPool, type DestroyReason, type PoolOptions } from "../pool/index.ts";
import { poolHooks } from "./hooks.ts";
import type { SharedDatabase } from "./shared-database.ts";

/** Ends that leave time for a word to the server. After the others the connection may hang. */
const farewells: ReadonlySet<DestroyReason> = new Set([
  "closed",
  "cleared",
  "evicted",
  "expired",
  "idle",
  "overflow",
]);

/** A pool of connections to one database. */
export function makePool(
  shared: SharedDatabase,
  environment: ConnectionEnvironment,
): ConnectionPool<ConnectionCore> {
  return new ConnectionPool<ConnectionCore>(
    {
      ...poolHooks(shared.config.hooks, shared.store),
      create: ({ timeoutMs }) => runAsync(shared.open(environment, timeoutMs)),
      destroy: (core, reason) => {
        if (farewells.has(reason)) return runAsync(core.close());
        core.destroy();
      },
      validate: (core, { timeoutMs }) => core.driver.ping({ timeoutMs }),
      reset: (core, { timeoutMs }) => start(resetConnection(shared, core, timeoutMs)),
      isUsable: (core) => core.usable,
      isPermanent: (error) => error instanceof DatabaseError && catalogue[error.code].retry === "never",
    },
    poolOptions(shared),
    { facts: { backend: shared.backend.name } },
  );
}

/** About 24 days: never, for a timer. */
const longestMs = 2 ** 31 - 1;

/** A database that one connection holds, such as one in memory, must keep that connection, or be lost with it. */
function poolOptions(shared: SharedDatabase): PoolOptions {
  const { config } = shared;
  const options = {
    ...config.pool,
    name: config.alias,
    acquireTimeoutMs: config.limits.acquireTimeoutMs,
    poolCreationTimeoutMs: config.limits.poolCreationTimeoutMs,
    createTimeoutMs: config.limits.connectTimeoutMs,
  };
  if (shared.capabilities.concurrentConnections) return options;
  return {
    ...options,
    minSize: 0,
    maxSize: 1,
    maxOverflow: 0,
    recycleMs: 0,
    idleTimeoutMs: 0,
    validateAfterIdleMs: longestMs,
  };
}

/** Brings a connection back to its first state. A transaction that was left open is rolled back, never committed. */
export function* resetConnection(
  shared: SharedDatabase,
  core: ConnectionCore,
  timeoutMs: number,
): Operation<void> {
  let scope = core.transactions.current;
  while (scope?.parent) scope = scope.parent;
  if (scope !== null || core.driver.inTransaction) {
    const call = new Call("release", core.environment.clock, timeoutMs);
    if (scope !== null) yield* core.transactions.rollBack(scope, call);
    else yield* core.drive(call, (): Awaitable<void> => core.driver.rollback(call));
    shared.reportAbandoned();
  }
  yield* wait(core.driver.reset());
}
