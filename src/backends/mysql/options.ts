import { ConfigurationError } from "../../errors/index.ts";

export type TlsOptions = Readonly<Record<string, unknown>>;

/** Options of the MySQL backend, complete and checked. */
export type MysqlOptions = {
  /**
   * How the connection is encrypted. Default: not at all on a loopback address or a Unix socket, and
   * `verify-full` towards any other host.
   * - `true`, `"verify-full"`, `"require"`: TLS, and the certificate must be valid and name the host;
   * - `"no-verify"`: TLS with whoever answers. It keeps out listeners, not impostors;
   * - `false`, `"disable"`: no TLS;
   * - an object: options of Node's `tls.connect`, such as `{ ca }` for a private authority.
   */
  readonly ssl: boolean | (typeof sslModes)[number] | TlsOptions | undefined;
  /** Path of the server's Unix socket; host and port are not used then. A host that begins with `/` does the same. */
  readonly socketPath: string | undefined;
  /**
   * How many prepared statements each connection keeps on the server. Default 100; 0 keeps none from call to call.
   * All connections together share the server's `max_prepared_stmt_count`, by default 16,382.
   */
  readonly statementCacheSize: number;
  /** Seconds of silence after which TCP asks whether the server is there. Default 30; 0 never asks. */
  readonly keepAlive: number;
  /**
   * Whether the server may be asked for the RSA key with which the password is encrypted when there is no TLS
   * (MySQL's `caching_sha2_password`). Default: only on a loopback address, since an impostor on the way could
   * answer with a key of his own.
   */
  readonly allowPublicKeyRetrieval: boolean | undefined;
};

const sslModes = ["disable", "require", "verify-full", "no-verify"] as const;

const readers: { readonly [Name in keyof MysqlOptions]: (given: unknown) => MysqlOptions[Name] } = {
  ssl: readSsl,
  socketPath(given) {
    if (given === undefined) return undefined;
    if (typeof given === "string" && given !== "" && !given.includes("\0")) return given;
    throw refused("socketPath", "the path of a Unix socket", given);
  },
  statementCacheSize(given) {
    if (given === undefined) return 100;
    if (typeof given === "number" && Number.isInteger(given) && given >= 0 && given <= 10_000) return given;
    throw refused("statementCacheSize", "a whole number from 0 to 10000", given);
  },
  keepAlive(given) {
    if (given === undefined) return 30;
    if (typeof given === "number" && given >= 0 && given <= 86_400) return given;
    throw refused("keepAlive", "a number of seconds from 0 to 86400", given);
  },
  allowPublicKeyRetrieval(given) {
    if (given === undefined || typeof given === "boolean") return given;
    throw refused("allowPublicKeyRetrieval", "true or false", given);
  },
};

/** Checks the options and fills in the defaults. An unknown or ill-typed one is a `ConfigurationError`. */
export function parseMysqlOptions(options: Readonly<Record<string, unknown>>): MysqlOptions {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(readers, name)) continue;
    throw new ConfigurationError(
      `expected an option of the mysql backend to be one of ${Object.keys(readers).join(", ")}, got "${name}"`,
      { backend: "mysql" },
    );
  }
  return {
    ssl: readers.ssl(options.ssl),
    socketPath: readers.socketPath(options.socketPath),
    statementCacheSize: readers.statementCacheSize(options.statementCacheSize),
    keepAlive: readers.keepAlive(options.keepAlive),
    allowPublicKeyRetrieval: readers.allowPublicKeyRetrieval(options.allowPublicKeyRetrieval),
  };
}

/** Whether no network lies between: a loopback address, or a Unix socket. */
export function isLocal(host: string): boolean {
  return host.startsWith("/") || host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

function readSsl(given: unknown): MysqlOptions["ssl"] {
  if (given === undefined || typeof given === "boolean") return given;
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return { ...given };
  const found = sslModes.find((mode) => mode === given);
  if (found !== undefined) return found;
  const modes = sslModes.map((mode) => `"${mode}"`).join(", ");
  throw refused("ssl", `true, false, ${modes} or options of tls.connect`, given);
}

function refused(name: string, expected: string, given: unknown): ConfigurationError {
  const plain = typeof given === "number" || typeof given === "boolean" || given === null;
  const came = typeof given === "string" ? `"${given}"` : plain ? String(given) : typeof given;
  return new ConfigurationError(`expected ${name} to be ${expected}, got ${came}`, { backend: "mysql" });
}
