import type { ConnectionCore } from "../connection/index.ts";
import { ConnectionError, UnsupportedError } from "../errors/index.ts";
import type { CoreHooks, HookName } from "./hooks.ts";

/** Calls the hooks of the synchronous face's one connection as a pool would: once for each outermost use. */
export class SyncLending {
  readonly #hooks: CoreHooks;
  /** Uses inside each other. */
  #depth = 0;
  #checkedOut: ConnectionCore | undefined;

  constructor(hooks: CoreHooks) {
    this.#hooks = hooks;
  }

  /** To be called with a connection that was just made. When its hook throws, it is destroyed. */
  made(core: ConnectionCore): void {
    this.#call("onConnect", core);
  }

  /** To be followed by one `giveBack`. When the hook throws, the connection is destroyed and not lent. */
  lend(core: ConnectionCore): void {
    // Another one than before, if that was lost while it was in use.
    if (core !== this.#checkedOut) this.#call("onCheckout", core);
    this.#checkedOut = core;
    this.#depth += 1;
  }

  giveBack(core: ConnectionCore): void {
    this.#depth -= 1;
    if (this.#depth > 0) return;
    this.#checkedOut = undefined;
    if (!core.usable) return;
    try {
      this.#call("onCheckin", core);
    } catch (error) {
      // The work before it is done, and stays so. What cannot work at all must be said, though.
      if (error instanceof UnsupportedError) throw error;
    }
  }

  #call(name: HookName, core: ConnectionCore): void {
    try {
      this.#hooks[name]?.(core);
    } catch (error) {
      core.destroy();
      if (error instanceof UnsupportedError) throw error;
      throw new ConnectionError(`the hook ${name} threw, so its connection was closed`, {
        backend: core.environment.backend.name,
        operation: name,
        outcome: "not_sent",
        cause: error,
      });
    }
  }
}
