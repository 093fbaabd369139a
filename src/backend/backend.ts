import { ConfigurationError, type DatabaseError, type ErrorFacts } from "../errors/index.ts";
import type { Awaitable } from "../operation/operation.ts";
import type { Capabilities } from "./capabilities.ts";
import type { Dialect } from "./dialect.ts";
import type { DriverConnection } from "./driver.ts";

/** What a backend needs in order to connect. `DatabaseConfig` provides it. */
export interface ConnectTarget {
  /** Name of the database; for SQLite a path, `:memory:`, or an empty string for a temporary database. */
  readonly database: string;
  readonly host: string;
  readonly port: number;
  readonly user: string | undefined;
  /** Asked for each new connection, so that a rotated password is picked up. */
  readonly password: () => Awaitable<string | undefined>;
  /** Shown to the server as the application's name, where it has such a thing. */
  readonly alias: string;
  readonly connectTimeoutMs: number;
  /** Options of the backend's own, checked by `Backend.parseOptions`. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Everything that the layer must know of a database. Make it with `defineBackend`. */
export interface Backend {
  readonly name: string;
  /** Other names for it: `postgresql` for `postgres`. */
  readonly aliases: readonly string[];
  /** 0 for a backend without a server. */
  readonly defaultPort: number;
  readonly dialect: Dialect;
  readonly capabilities: Capabilities;
  /** Refuses unknown or ill-typed options with a `ConfigurationError`, and fills in defaults. No I/O. */
  parseOptions(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
  /** Capabilities that depend on the target, such as a database in memory that only one connection sees. */
  capabilitiesFor(target: ConnectTarget): Capabilities;
  /** Connects for callers who await. The driver's calls may answer promises. */
  connect(target: ConnectTarget): Awaitable<DriverConnection>;
  /** Connects for callers who block. Every call of the driver answers at once. */
  connectSync?(target: ConnectTarget): DriverConnection;
  /** Classifies what a driver threw. Total: anything unknown becomes a plain `DatabaseError`. */
  toDatabaseError(error: unknown, facts: ErrorFacts): DatabaseError;
}

type OptionalParts = "aliases" | "parseOptions" | "capabilitiesFor" | "capabilities" | "defaultPort";

/** What a backend states. What it leaves out gets a default. */
export type BackendDefinition = Omit<Backend, OptionalParts> & {
  /** Default: none. */
  readonly aliases?: readonly string[];
  /** Default 0: there is no server, and the database's name may be empty. */
  readonly defaultPort?: number;
  /** Those that differ from the defaults that `Capabilities` documents. */
  readonly capabilities?: Partial<Capabilities>;
  /** Those of a target that differ from `capabilities`. Default: none. */
  capabilitiesFor?(target: ConnectTarget): Partial<Capabilities>;
  /** Default: every option is refused. */
  parseOptions?(options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
};

const defaultCapabilities: Capabilities = {
  blocking: false,
  transactionalDdl: true,
  savepoints: true,
  partialIndexes: true,
  retypesIndexedTables: true,
  isolationLevels: ["serializable"],
  maxParameters: 999,
  maxColumns: 1000,
  statementComments: true,
  concurrentConnections: true,
};

/**
 * Completes a backend's definition. Register the result with `DatabaseFactory.register`. Throws a
 * `ConfigurationError` for a name that cannot begin a URL.
 */
export function defineBackend(definition: BackendDefinition): Backend {
  for (const name of [definition.name, ...(definition.aliases ?? [])]) checkName(name);
  const capabilities: Capabilities = {
    ...defaultCapabilities,
    blocking: definition.connectSync !== undefined,
    ...definition.capabilities,
  };
  return {
    aliases: [],
    defaultPort: 0,
    parseOptions: (options) => refuseOptions(definition.name, options),
    ...definition,
    capabilities,
    capabilitiesFor: (target) => ({ ...capabilities, ...definition.capabilitiesFor?.(target) }),
  };
}

/** A name is the scheme of a database's URL too: RFC 3986, 3.1. */
function checkName(name: string): void {
  if (/^[a-z][a-z0-9+.-]*$/.test(name)) return;
  throw new ConfigurationError(
    `expected a backend's name to be lower-case letters, digits, "+", "-" or ".", a letter first, got ${JSON.stringify(name)}`,
  );
}

function refuseOptions(name: string, options: Readonly<Record<string, unknown>>): typeof options {
  const given = Object.keys(options);
  if (given.length === 0) return options;
  throw new ConfigurationError(
    `the backend "${name}" takes no options, got ${given.map((option) => `"${option}"`).join(", ")}`,
    { backend: name },
  );
}
