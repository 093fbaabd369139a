import type { ConnectionCore } from "../connection/index.ts";
import type { EntityStore } from "../entity/index.ts";
import { ConfigurationError } from "../errors/index.ts";
import { asyncRunner } from "../face/index.ts";
import type { PoolHooks } from "../pool/index.ts";
import { AsyncConnection } from "./async-connection.ts";

type Hook = (connection: AsyncConnection) => void | PromiseLike<void>;

/**
 * Called at moments in a connection's life, with the connection. A hook that throws, or does not end within 5 s,
 * discards the connection; whoever waited for it is given another one.
 */
export interface ConnectionHooks {
  /** After a connection was made, before anyone has it: for settings of the session. */
  readonly onConnect?: Hook | undefined;
  /** Before a connection is lent. */
  readonly onCheckout?: Hook | undefined;
  /** After a connection came back and was reset. */
  readonly onCheckin?: Hook | undefined;
}

const hookNames = ["onConnect", "onCheckout", "onCheckin"] as const;

/** Checks hooks, and makes of them what the pool calls. Throws a `ConfigurationError`. */
export function poolHooks(hooks: unknown, store: EntityStore): PoolHooks<ConnectionCore> {
  if (hooks === undefined) return {};
  if (typeof hooks !== "object" || hooks === null) {
    throw new ConfigurationError(
      `expected hooks to be an object of functions, got ${hooks === null ? "null" : typeof hooks}`,
    );
  }
  const found: { [Name in (typeof hookNames)[number]]?: (core: ConnectionCore) => Promise<void> } = {};
  for (const [name, hook] of Object.entries(hooks)) {
    const known = hookNames.find((candidate) => candidate === name);
    if (known === undefined || (typeof hook !== "function" && hook !== undefined)) {
      throw new ConfigurationError(
        `expected hooks to be functions named ${hookNames.join(", ")}, got "${name}" of type ${typeof hook}`,
      );
    }
    if (typeof hook === "function") found[known] = (core) => callHook(hook, core, store);
  }
  return found;
}

async function callHook(
  hook: (connection: AsyncConnection) => unknown,
  core: ConnectionCore,
  store: EntityStore,
): Promise<void> {
  const connection = new AsyncConnection(core, store, asyncRunner, () => undefined);
  try {
    await hook(connection);
  } finally {
    await connection.close();
  }
}
