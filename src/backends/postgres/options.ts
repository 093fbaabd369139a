import { ConfigurationError } from "../../errors/index.ts";

/** Options of the PostgreSQL backend, complete and checked. */
export interface PostgresOptions {
  /**
   * How the connection is encrypted. Default: not at all on a loopback address or a Unix socket, and
   * `verify-full` towards any other host.
   * - `true`, `"verify-full"`, `"require"`: TLS, and the certificate must be valid and name the host;
   * - `"no-verify"`: TLS with whoever answers. It keeps out listeners, not impostors;
   * - `false`, `"disable"`: no TLS;
   * - an object: options of Node's `tls.connect`, such as `{ ca }` for a private authority.
   */
  readonly ssl: boolean | "disable" | "require" | "verify-full" | "no-verify" | TlsOptions | undefined;
  /**
   * What stands between us and the server. Default `none`. `transaction` is for PgBouncer and its kin in
   * transaction mode, where each transaction may meet another session of the server: nothing of the session is then
   * kept or reset, and no statement is prepared by name unless `statementCacheSize` says so.
   */
  readonly pooler: "none" | "transaction";
  /**
   * How many prepared statements each connection keeps on the server. Default 200, and 0, which prepares none,
   * behind a pooler in transaction mode: set it there only if the pooler follows prepared statements (PgBouncer from
   * 1.21 on, with `max_prepared_statements` as large). A statement that is prepared runs about 1.6 times as often;
   * each costs the server some kilobytes.
   */
  readonly statementCacheSize: number;
  /** Schemas that unqualified names are looked up in, in order. Default: the server's setting. */
  readonly searchPath: readonly string[] | undefined;
  /** Seconds of silence after which TCP asks whether the server is there. Default 30; 0 never asks. */
  readonly keepAlive: number;
}

export type TlsOptions = Readonly<Record<string, unknown>>;

const sslModes = ["disable", "require", "verify-full", "no-verify"] as const;
const poolers = ["none", "transaction"] as const;

const readers: { readonly [Name in keyof PostgresOptions]: (given: unknown) => PostgresOptions[Name] } = {
  ssl: readSsl,
  pooler(given) {
    if (given === undefined) return "none";
    const found = poolers.find((pooler) => pooler === given);
    if (found === undefined) throw refused("pooler", '"none" or "transaction"', given);
    return found;
  },
  statementCacheSize(given) {
    if (given === undefined) return 200;
    if (typeof given === "number" && Number.isInteger(given) && given >= 0 && given <= 10_000) return given;
    throw refused("statementCacheSize", "a whole number from 0 to 10000", given);
  },
  searchPath(given) {
    if (given === undefined) return undefined;
    const names: readonly unknown[] = Array.isArray(given) ? given : [given];
    const valid = names.filter((name) => typeof name === "string" && name !== "" && !name.includes("\0"));
    if (valid.length === names.length && names.length > 0) return valid.map(String);
    throw refused("searchPath", "the name of a schema, or a list of names", given);
  },
  keepAlive(given) {
    if (given === undefined) return 30;
    if (typeof given === "number" && given >= 0 && given <= 86_400) return given;
    throw refused("keepAlive", "a number of seconds from 0 to 86400", given);
  },
};

/** Checks the options and fills in the defaults. An unknown or ill-typed one is a `ConfigurationError`. */
export function parsePostgresOptions(options: Readonly<Record<string, unknown>>): PostgresOptions {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(readers, name)) continue;
    throw new ConfigurationError(
      `expected an option of the postgres backend to be one of ${Object.keys(readers).join(", ")}, got "${name}"`,
      { backend: "postgres" },
    );
  }
  const pooler = readers.pooler(options.pooler);
  const unset = pooler === "transaction" ? 0 : undefined;
  const parsed: PostgresOptions = {
    ssl: readers.ssl(options.ssl),
    pooler,
    statementCacheSize: readers.statementCacheSize(options.statementCacheSize ?? unset),
    searchPath: readers.searchPath(options.searchPath),
    keepAlive: readers.keepAlive(options.keepAlive),
  };
  if (pooler === "transaction" && parsed.searchPath !== undefined) {
    throw new ConfigurationError(
      'expected searchPath to be left out with pooler: "transaction", which keeps no session: set it for the role, ALTER ROLE … SET search_path',
      { backend: "postgres" },
    );
  }
  return parsed;
}

/** The options of `tls.connect` for this host, or false for a connection without TLS. */
export function tlsFor(host: string, ssl: PostgresOptions["ssl"]): false | TlsOptions {
  if (ssl === undefined) return isLocal(host) ? false : { rejectUnauthorized: true };
  if (ssl === false || ssl === "disable") return false;
  if (ssl === "no-verify") return { rejectUnauthorized: false };
  return typeof ssl === "object" ? { rejectUnauthorized: true, ...ssl } : { rejectUnauthorized: true };
}

/** Whether no network lies between: a loopback address, or the folder of a Unix socket. */
export function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function readSsl(given: unknown): PostgresOptions["ssl"] {
  if (given === undefined || typeof given === "boolean") return given;
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given };
  const found = sslModes.find((mode) => mode === given);
  if (found !== undefined) return found;
  const expected = `true, false, ${sslModes.map((mode) => `"${mode}"`).join(", ")} or options of tls.connect`;
  throw refused("ssl", expected, given);
}

function refused(name: string, expected: string, given: unknown): ConfigurationError {
  const plain = typeof given === "string" || typeof given === "number" || typeof given === "boolean";
  const came = plain ? JSON.stringify(given) : Array.isArray(given) ? "an array" : typeof given;
  return new ConfigurationError(`expected ${name} to be ${expected}, got ${came}`, { backend: "postgres" });
}
