import type { BeginOptions, PortableStatement } from "../backend/index.ts";
import { ClosedError, type Outcome, TransactionDoomedError } from "../errors/index.ts";

/**
 * How far a transaction, or a transaction nested in it as a savepoint, has come.
 * `doomed` is an open one in which a statement failed: it can only be rolled back.
 */
export type ScopeState =
  | { readonly is: "open" }
  | { readonly is: "doomed"; readonly cause: unknown }
  | { readonly is: "ended"; readonly how: "committed" | "rolled back" };

const open: ScopeState = { is: "open" };

/** A transaction on one connection. The outermost has no parent; each nested one is a savepoint in its parent. */
export class TransactionScope {
  readonly parent: TransactionScope | null;
  readonly options: BeginOptions;
  /** Whether it was begun by `beginTransaction`, so that the connection's own handle works inside it. */
  readonly explicit: boolean;
  /** 0 for the outermost. */
  readonly depth: number;
  /** Answers a row once the transaction has been committed; for a commit whose answer is lost. */
  evidence: PortableStatement | undefined = undefined;
  #state: ScopeState = open;

  constructor(parent: TransactionScope | null, options: BeginOptions, explicit: boolean) {
    this.parent = parent;
    this.options = options;
    this.explicit = explicit;
    this.depth = parent === null ? 0 : parent.depth + 1;
  }

  get state(): ScopeState {
    return this.#state;
  }

  get savepoint(): string {
    return `strata_${this.depth}`;
  }

  /** Marks the scope as one that can only be rolled back. The first failure is the one that is kept. */
  doom(cause: unknown): void {
    if (this.#state.is === "open") this.#state = { is: "doomed", cause };
  }

  end(how: "committed" | "rolled back"): void {
    this.#state = { is: "ended", how };
  }

  /** Refuses a statement that this scope can no longer run. */
  check(): void {
    if (this.#state.is === "open") return;
    if (this.#state.is === "doomed") throw doomed(this.#state.cause);
    throw new ClosedError(
      `this transaction was ${this.#state.how} before the call; await every call inside the transaction's callback`,
    );
  }

  isInside(outer: TransactionScope | null): boolean {
    if (outer === null) return true;
    for (let scope: TransactionScope | null = this; scope !== null; scope = scope.parent) {
      if (scope === outer) return true;
    }
    return false;
  }
}

export function doomed(cause: unknown, outcome: Outcome = "rejected"): TransactionDoomedError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TransactionDoomedError(
    `an earlier statement of this transaction failed, so it can only be rolled back (${reason}); ` +
      "to go on after a failure, run what may fail in a nested transaction",
    { cause, outcome },
  );
}
