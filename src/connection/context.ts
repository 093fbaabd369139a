import { AsyncLocalStorage } from "node:async_hooks";

/** Names and values that describe a call, for logs, metrics and a comment on the statement. */
export type Tags = Readonly<Record<string, unknown>>;

/** What a whole request or job has in common, so that no call needs to repeat it. */
export interface AmbientContext {
  /** Who does it: kept with every version that is written. */
  readonly userId?: string;
  /** Why: kept with every version that is written. */
  readonly comment?: string;
  readonly tags?: Tags;
}

const storage = new AsyncLocalStorage<AmbientContext>();
const nothing: AmbientContext = {};

/**
 * Runs `fn`, and everything that it awaits, with the given context. An inner context adds to the outer one. What a
 * call says itself wins over the context.
 */
export function withContext<T>(context: AmbientContext, fn: () => T): T {
  const outer = storage.getStore();
  const tags = mergeTags(outer?.tags, context.tags);
  return storage.run({ ...outer, ...context, ...(tags === undefined ? {} : { tags }) }, fn);
}

/** Both, the inner ones winning. */
export function mergeTags(outer: Tags | undefined, inner: Tags | undefined): Tags | undefined {
  return outer === undefined || inner === undefined ? (inner ?? outer) : { ...outer, ...inner };
}

export function ambientContext(): AmbientContext {
  return storage.getStore() ?? nothing;
}
