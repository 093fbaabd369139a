import type { ConnectionCore } from "../connection/index.ts";
import type { EntityStore } from "../entity/index.ts";
import { ConfigurationError, UnsupportedError } from "../errors/index.ts";
import { asyncRunner, syncRunner } from "../face/index.ts";
import { isPromiseLike } from "../operation/index.ts";
import type { PoolHooks } from "../pool/index.ts";
import { AsyncConnection } from "./async-connection.ts";
import { SyncConnection } from "./sync-connection.ts";

type Hook = (connection: AsyncConnection) => void | PromiseLike<void>;
type SyncHook = (connection: SyncConnection) => void;

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

/** As `ConnectionHooks`, for the synchronous face. A hook that answers a promise is refused with `UnsupportedError`. */
export interface SyncConnectionHooks {
  /** After the connection was made, before anyone has it. When it throws, the connection is closed. */
  readonly onConnect?: SyncHook | undefined;
  /** Before a call, a transaction or a handle has the connection; not again for what runs inside of those. */
  readonly onCheckout?: SyncHook | undefined;
  /** After they have ended. When it throws, the connection is closed, and the next call makes another one. */
  readonly onCheckin?: SyncHook | undefined;
}

const hookNames = ["onConnect", "onCheckout", "onCheckin"] as const;
export type HookName = (typeof hookNames)[number];

/** Functions of a user's, of which nothing is known but that they can be called. */
type Given = { readonly [Name in HookName]?: (connection: unknown) => unknown };

/** Checks hooks, and makes of them what the pool calls. Throws a `ConfigurationError`. */
export function poolHooks(hooks: unknown, store: EntityStore): PoolHooks<ConnectionCore> {
  const found: { [Name in HookName]?: (core: ConnectionCore) => Promise<void> } = {};
  for (const [name, hook] of checkHooks(hooks)) found[name] = (core) => callHook(hook, core, store);
  return found;
}

/** Hooks as the synchronous face calls them. */
export type CoreHooks = { readonly [Name in HookName]?: (core: ConnectionCore) => void };

/** Checks hooks, and makes of them what the synchronous face calls. Throws a `ConfigurationError`. */
export function syncHooks(hooks: unknown, store: EntityStore): CoreHooks {
  const found: { [Name in HookName]?: (core: ConnectionCore) => void } = {};
  for (const [name, hook] of checkHooks(hooks)) found[name] = (core) => callSyncHook(name, hook, core, store);
  return found;
}

function checkHooks(hooks: unknown): (readonly [HookName, NonNullable<Given[HookName]>])[] {
  if (hooks === undefined) return [];
  if (typeof hooks !== "object" || hooks === null) {
    throw new ConfigurationError(
      `expected hooks to be an object of functions, got ${hooks === null ? "null" : typeof hooks}`,
    );
  }
  return Object.entries(hooks).flatMap(([name, hook]) => {
    const known = hookNames.find((candidate) => candidate === name);
    if (known === undefined || (typeof hook !== "function" && hook !== undefined)) {
      throw new ConfigurationError(
        `expected hooks to be functions named ${hookNames.join(", ")}, got "${name}" of type ${typeof hook}`,
      );
    }
    return typeof hook === "function" ? [[known, (connection) => hook(connection)] as const] : [];
  });
}

async function callHook(
  hook: (connection: unknown) => unknown,
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

function callSyncHook(
  name: HookName,
  hook: (connection: unknown) => unknown,
  core: ConnectionCore,
  store: EntityStore,
): void {
  const connection = new SyncConnection(core, store, syncRunner, () => undefined);
  try {
    const answer = hook(connection);
    if (!isPromiseLike(answer)) return;
    answer.then(undefined, () => {});
    throw new UnsupportedError(
      `the hook ${name} answered a promise, which the synchronous face cannot await; give connectSync a hook that answers at once`,
    );
  } finally {
    connection.close();
  }
}
