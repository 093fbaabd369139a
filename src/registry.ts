import type { Backend } from "./backend/index.ts";
import { mysqlBackend } from "./backends/mysql/index.ts";
import { postgresBackend } from "./backends/postgres/index.ts";
import { sqliteBackend } from "./backends/sqlite/index.ts";
import { ConfigurationError } from "./errors/index.ts";

/** The backends by name and alias. The built-in ones load their drivers when they first connect. */
const backends = new Map<string, Backend>();

/** Adds a backend, under its name and its aliases. A name that is taken is refused. */
export function registerBackend(backend: Backend): void {
  const names = [backend.name, ...backend.aliases].map((name) => name.toLowerCase());
  const taken = names.find((name) => backends.has(name));
  if (taken !== undefined) {
    throw new ConfigurationError(
      `expected a backend with a name of its own, got "${taken}", which is registered already`,
    );
  }
  for (const name of names) backends.set(name, backend);
}

/** Throws a `ConfigurationError` (`STRATA_UNKNOWN_BACKEND`) when there is none of that name. */
export function findBackend(name: unknown): Backend {
  const backend = typeof name === "string" ? backends.get(name.toLowerCase()) : undefined;
  if (backend !== undefined) return backend;
  const known = [...new Set(Array.from(backends.values(), (known) => known.name))].join(", ");
  const came = typeof name === "string" ? JSON.stringify(name.slice(0, 80)) : typeof name;
  throw new ConfigurationError(
    `expected the name of a backend, one of ${known}, got ${came}; add others with DatabaseFactory.register`,
    undefined,
    "STRATA_UNKNOWN_BACKEND",
  );
}

for (const backend of [postgresBackend, mysqlBackend, sqliteBackend]) registerBackend(backend);
