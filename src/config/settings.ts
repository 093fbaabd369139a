import { DatabaseConfig } from "./database-config.ts";
import { isPoolPreset, type PoolConfig, poolPresets } from "./pool.ts";
import { configurationError, type Problem } from "./problems.ts";
import type { Settings } from "./schema.ts";
import { closestName } from "./suggest.ts";
import { parseDatabaseUrl } from "./url.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ConfigFromEnv {
  /** Name of the backend, for `DatabaseManager.fromConfig`. */
  readonly backend: string;
  readonly config: DatabaseConfig;
}

interface Draft {
  backend?: string;
  options: Record<string, unknown>;
  pool: Record<string, unknown>;
}

/** Puts one variable's text where it belongs, or answers what was expected of it. */
type Reader = (draft: Draft, text: string) => string | undefined;

function text(name: keyof Settings): Reader {
  return (draft, value) => {
    draft.options[name] = value;
    return undefined;
  };
}

function number(place: (draft: Draft, value: number) => void): Reader {
  return (draft, value) => {
    if (!/^-?\d+(\.\d+)?$/.test(value)) return "expected a number, got other text";
    place(draft, Number(value));
    return undefined;
  };
}

function option(name: keyof Settings): Reader {
  return number((draft, value) => {
    draft.options[name] = value;
  });
}

function pool(name: keyof PoolConfig): Reader {
  return number((draft, value) => {
    draft.pool[name] = value;
  });
}

const flags: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

function flag(place: (draft: Draft, value: boolean) => string | undefined): Reader {
  return (draft, value) => {
    const known = flags.get(value.toLowerCase());
    return known === undefined ? "expected true or false, got other text" : place(draft, known);
  };
}

const echo = flag((_draft, on) =>
  on ? "statements are not printed; listen to the database's events and log what they say" : undefined,
);

/** The variables, without their prefix. */
const readers: Readonly<Record<string, Reader>> = {
  BACKEND: (draft, value) => {
    draft.backend = value;
    return undefined;
  },
  HOST: text("host"),
  PORT: option("port"),
  USER: text("user"),
  PASSWORD: text("password"),
  NAME: text("database"),
  ALIAS: text("alias"),
  ENV: text("env"),
  QUERY_TIMEOUT: option("queryExecutionTimeout"),
  CONNECT_TIMEOUT: option("connectionCreationTimeout"),
  POOL_SIZE: pool("maxSize"),
  MAX_OVERFLOW: pool("maxOverflow"),
  POOL_OVERFLOW: pool("maxOverflow"),
  POOL_TIMEOUT: option("connectionAcquisitionTimeout"),
  POOL_RECYCLE: number((draft, value) => {
    // -1 is how this variable says "never" elsewhere.
    draft.pool.recycle = value === -1 ? 0 : value;
  }),
  POOL_PRE_PING: flag((draft, on) => {
    if (on) draft.pool.validateAfterIdle = 0;
    return undefined;
  }),
  ECHO: echo,
  ECHO_POOL: echo,
};

/**
 * Reads a configuration from environment variables: `DATABASE_URL`, or `DATABASE_BACKEND`, `_NAME`, `_HOST`,
 * `_PORT`, `_USER` and `_PASSWORD`; and `_ALIAS`, `_ENV`, `_POOL_SIZE` (`pool.maxSize`), `_MAX_OVERFLOW` or
 * `_POOL_OVERFLOW`, `_POOL_TIMEOUT` (waiting for a connection), `_QUERY_TIMEOUT`, `_CONNECT_TIMEOUT`,
 * `_POOL_RECYCLE` (-1: never), all times in seconds, and `_POOL_PRE_PING` (true: a connection is validated at
 * each use; false: only after an idle while). `_ECHO` and `_ECHO_POOL` have no counterpart: true is refused.
 * A variable wins over the same part of the URL; an empty one counts as unset.
 *
 * @throws ConfigurationError that names every variable which cannot be used, and repeats no variable's value.
 */
export function configFromEnv(env: Environment = process.env, prefix = "DATABASE_"): ConfigFromEnv {
  const draft: Draft = { options: {}, pool: {} };
  const problems: Problem[] = [];
  const url = env[`${prefix}URL`];
  if (url) {
    const parsed = parseDatabaseUrl(url);
    draft.backend = parsed.backend;
    draft.options = { ...parsed.options };
  }
  const named = draft.options.pool;
  if (isPoolPreset(named)) draft.pool = { ...poolPresets[named] };
  else if (typeof named === "object") draft.pool = { ...named };

  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(prefix) || !value) continue;
    const problem = read(draft, name.slice(prefix.length), value);
    if (problem !== undefined) problems.push({ path: name, message: problem });
  }
  const { backend, options } = draft;
  const { database } = options;
  if (backend === undefined) problems.push({ path: `${prefix}URL`, message: "expected a URL, got nothing" });
  else if (typeof database !== "string") {
    problems.push({ path: `${prefix}NAME`, message: "expected the name of the database, got nothing" });
  } else if (problems.length === 0) {
    const settings = Object.keys(draft.pool).length === 0 ? {} : { pool: draft.pool };
    return { backend, config: new DatabaseConfig({ ...options, ...settings, database, backend }) };
  }
  throw configurationError("the environment", problems);
}

/** Variables that are not ours may be another program's, so only a likely misspelling is a problem. */
function read(draft: Draft, name: string, value: string): string | undefined {
  if (name === "URL") return undefined;
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined;
  if (reader !== undefined) return reader(draft, value);
  const close = closestName(name, [...Object.keys(readers), "URL"]);
  return close === undefined ? undefined : `unknown variable; did you mean "${close}" after the prefix?`;
}
