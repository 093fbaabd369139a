import type { Backend, ConnectTarget } from "../backend/backend.ts";
import { ConfigurationError } from "../errors/index.ts";
import type { DatabaseConfig } from "./database-config.ts";
import { configurationError, type Problem } from "./problems.ts";
import { settingNames } from "./schema.ts";
import { closestName } from "./suggest.ts";

type Named = Pick<DatabaseConfig, "backend" | "database" | "host" | "port" | "user" | "alias" | "limits">;

/** Joins a configuration and a backend, or refuses the pair. Plain data in and out; no I/O. */
export function resolveTarget(
  config: Named,
  backend: Pick<Backend, "name" | "aliases" | "defaultPort" | "parseOptions">,
  backendOptions: Readonly<Record<string, unknown>>,
  password: ConnectTarget["password"],
): ConnectTarget {
  const { backend: named, database, host, port = backend.defaultPort, user, alias, limits } = config;
  const problems: Problem[] = [];
  if (named !== undefined && named !== backend.name && !backend.aliases.includes(named)) {
    problems.push({ path: "backend", message: `the configuration is for "${named}"` });
  }
  // A default port is what tells a server from a file.
  if (backend.defaultPort > 0) {
    if (database === "") problems.push({ path: "database", message: "expected a name, got an empty string" });
    if (port === 0)
      problems.push({ path: "port", message: "expected a whole number from 1 to 65535, got 0" });
  }
  if (problems.length > 0) throw configurationError(`connecting with ${backend.name}`, problems);
  return Object.freeze({
    database,
    host,
    port,
    user,
    password,
    alias,
    connectTimeoutMs: limits.connectTimeoutMs,
    options: parseOptions(backend, backendOptions),
  });
}

/** A misspelt setting of ours reaches the backend as an option it does not know: add what was probably meant. */
function parseOptions(
  backend: Pick<Backend, "parseOptions">,
  options: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  try {
    return backend.parseOptions(options);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    const hints = Object.keys(options).flatMap((name) => {
      const close = closestName(name, settingNames);
      return close === undefined ? [] : [`for "${name}", did you mean "${close}"?`];
    });
    if (hints.length === 0) throw error;
    throw new ConfigurationError(`${error.message} (${hints.join(" ")})`, { cause: error });
  }
}
