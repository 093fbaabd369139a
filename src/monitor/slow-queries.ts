import type { QueryEvent } from "../observe/events.ts";
import { OptionReader } from "../resilience/option-reader.ts";

/** What tells of its queries: a database of either face. */
export interface QuerySource {
  on(name: "query", listener: (event: QueryEvent) => void): () => void;
}

export interface SlowQueryOptions {
  /** Seconds from which on a statement is slow, however it ended. Default 2; 0: every statement. */
  readonly threshold?: number | undefined;
}

/**
 * Calls `listener` for each statement that took long; answers a function that ends it. The time is the statement's
 * own, without the wait for a connection. Throws a `ConfigurationError` for wrong options.
 */
export function onSlowQuery(
  db: QuerySource,
  options: SlowQueryOptions,
  listener: (event: QueryEvent) => void,
): () => void {
  const read = new OptionReader("slow query options", options);
  const thresholdMs = read.number("threshold", 2, { min: 0, max: 86_400 }) * 1000;
  read.done();
  return db.on("query", (event) => {
    if (event.durationMs >= thresholdMs) listener(event);
  });
}
