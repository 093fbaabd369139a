import { ConfigurationError } from "../errors/index.ts";

/** What a recommended size starts from, besides what the server says. */
export interface SizingOptions {
  /** Processor cores of the database server. Default: those of this machine, which is right where they are one. */
  readonly cores?: number | undefined;
  /** Processes that will have such a pool, on all machines together. Default 1. */
  readonly processes?: number | undefined;
}

export interface SizingFacts {
  /** Processor cores of the database server (not of this machine). */
  readonly cores: number;
  /** Connections that the server accepts: `max_connections`. */
  readonly serverMaxConnections: number;
  /** Processes that will have such a pool, on all machines together. */
  readonly processes: number;
}

export interface SuggestedSize {
  readonly maxSize: number;
  readonly maxOverflow: number;
}

/**
 * Suggests a pool's size for each of `processes`. All of them together keep at most `cores × 2 + 1` connections
 * busy (the PostgreSQL project's rule of thumb: more only wait for each other), and may burst to twice that.
 * A tenth of the server's connections, three at least, is left to administrators and other programs.
 */
export function suggestPoolSize({ cores, serverMaxConnections, processes }: SizingFacts): SuggestedSize {
  const facts = { cores, serverMaxConnections, processes };
  for (const [name, value] of Object.entries(facts)) {
    if (Number.isSafeInteger(value) && value >= 1) continue;
    throw new ConfigurationError(`suggestPoolSize: expected "${name}" to be 1 or more, got ${String(value)}`);
  }
  const reserved = Math.max(3, Math.ceil(serverMaxConnections / 10));
  const share = Math.floor((serverMaxConnections - reserved) / processes);
  if (share < 1) {
    throw new ConfigurationError(
      `suggestPoolSize: expected "serverMaxConnections" to leave each of ${processes} processes a connection ` +
        `after ${reserved} are reserved, got ${serverMaxConnections}; raise it, or put a pooler in between`,
    );
  }
  const maxSize = Math.min(share, Math.ceil((cores * 2 + 1) / processes));
  return { maxSize, maxOverflow: Math.min(maxSize, share - maxSize) };
}
