import { timingSafeEqual } from "node:crypto";
import { type InspectOptions, inspect } from "node:util";
import type { Backend, ConnectTarget } from "../backend/backend.ts";
import type { EntitySettings } from "../entity/index.ts";
import type { PoolOptions } from "../pool/options.ts";
import { CircuitBreaker, retryPolicy } from "../resilience/index.ts";
import { secondsToMs } from "./check.ts";
import { type Endpoint, parseEndpoint } from "./endpoints.ts";
import type { DatabaseOptions, PasswordSource, ResilienceSettings, TimeLimits } from "./options.ts";
import { askPassword } from "./password.ts";
import { poolSettingsToMs } from "./pool.ts";
import { resolveTarget } from "./resolve.ts";
import { checkOptions, type Settings } from "./schema.ts";
import { hidden, redacted, stableHash } from "./secrets.ts";
import { formatDatabaseUrl, parseDatabaseUrl } from "./url.ts";

/**
 * Where a database is and how to use it. Checked once, when it is made, and never changed: `with` makes another.
 * It needs no backend; `resolve` adds what only a backend knows. The password is held in a private field, and
 * shows in no text, JSON, inspection or copy of a configuration.
 *
 * @throws ConfigurationError that lists every option which is missing, unknown or of a wrong type.
 */
export class DatabaseConfig {
  readonly #settings: Settings;
  readonly #backendOptions: Readonly<Record<string, unknown>>;
  readonly #pool: PoolOptions;
  readonly #entities: EntitySettings;
  readonly #limits: TimeLimits;
  readonly #resilience: ResilienceSettings;
  #hash: string | undefined;

  /** `database` has to be among the options; that it is not is reported together with whatever else is wrong. */
  constructor(options: Partial<DatabaseOptions>) {
    const { settings, backendOptions } = checkOptions(options);
    const { schema, deserialize, unchangedSaves, history, maxFields, allowImplicitCommit } = settings;
    this.#settings = settings;
    this.#backendOptions = backendOptions;
    this.#pool = Object.freeze(poolSettingsToMs(settings.pool));
    this.#entities = Object.freeze({
      schema,
      deserialize,
      unchangedSaves,
      history,
      maxFields,
      allowImplicitCommit,
    });
    this.#resilience = Object.freeze(checkResilience(settings));
    this.#limits = Object.freeze({
      acquireTimeoutMs: secondsToMs(settings.connectionAcquisitionTimeout),
      poolCreationTimeoutMs: secondsToMs(settings.poolCreationTimeout),
      queryTimeoutMs: secondsToMs(settings.queryExecutionTimeout),
      connectTimeoutMs: secondsToMs(settings.connectionCreationTimeout),
    });
    Object.freeze(this);
  }

  /**
   * Reads `postgres://admin:secret@localhost:5432/mydb?alias=main` or `sqlite:./app.db`; see `parseDatabaseUrl`.
   * Options given beside the URL win over the same options in it.
   */
  static fromUrl(url: string | URL, options: Partial<DatabaseOptions> = {}): DatabaseConfig {
    const parsed = parseDatabaseUrl(url);
    return new DatabaseConfig({ ...parsed.options, backend: parsed.backend }).with(options);
  }

  /** Name of the backend, where a URL or an option has said it. */
  get backend(): string | undefined {
    return this.#settings.backend;
  }

  get database(): string {
    return this.#settings.database;
  }

  /** A friendly name; the database's own unless another was given. */
  get alias(): string {
    return this.#settings.alias ?? (this.database === "" ? "temporary" : this.database);
  }

  get host(): string {
    return this.#settings.host;
  }

  /** The servers to try, one or several; those without a port have `defaultPort`. */
  endpoints(defaultPort: number): readonly Endpoint[] {
    const { hosts, host, port = defaultPort } = this.#settings;
    if (hosts === undefined) return [{ host, port }];
    return hosts.flatMap((text) => parseEndpoint(text, port) ?? []);
  }

  /** Which of several servers will do. */
  get role(): "primary" | "any" {
    return this.#settings.role;
  }

  /** Undefined where the backend's default is meant. */
  get port(): number | undefined {
    return this.#settings.port;
  }

  get user(): string | undefined {
    return this.#settings.user;
  }

  /** As it was given. It is on the class, not on the object, so that nothing lists or copies it. */
  get password(): string | PasswordSource | undefined {
    return this.#settings.password;
  }

  get env(): string {
    return this.#settings.env;
  }

  /** Seconds. */
  get connectionAcquisitionTimeout(): number {
    return this.#settings.connectionAcquisitionTimeout;
  }

  /** Seconds. */
  get poolCreationTimeout(): number {
    return this.#settings.poolCreationTimeout;
  }

  /** Seconds. */
  get queryExecutionTimeout(): number {
    return this.#settings.queryExecutionTimeout;
  }

  /** Seconds. */
  get connectionCreationTimeout(): number {
    return this.#settings.connectionCreationTimeout;
  }

  /** The four time limits in milliseconds. */
  get limits(): TimeLimits {
    return this.#limits;
  }

  /** What is said of the pool, times in milliseconds; what is not said has the pool's own default. */
  get pool(): PoolOptions {
    return this.#pool;
  }

  get entities(): EntitySettings {
    return this.#entities;
  }

  /** As they were given; whoever calls them checks them. */
  get hooks(): object | undefined {
    return this.#settings.hooks;
  }

  /** How a database that fails is dealt with, checked. */
  get resilience(): ResilienceSettings {
    return this.#resilience;
  }

  /**
   * SHA-256 in hex of everything but the password and the backend's name; the same for equal configurations,
   * whatever the order of their keys. Paths are taken as given: `./app.db` and its absolute path differ. It stays
   * the same from one process to the next, unless a backend's option is a function, an object of a class, or
   * has a secret's name (`key`, `token`).
   */
  get hash(): string {
    this.#hash ??= stableHash({ ...this.#plain(), options: this.#backendOptions });
    return this.#hash;
  }

  /** As a URL without parameters, for people to read: `postgres://admin:***@localhost:5432/mydb`. */
  get uri(): string {
    const { backend, database, host, port, user } = this;
    return formatDatabaseUrl({
      backend,
      database,
      host,
      port,
      user,
      hasPassword: this.password !== undefined,
    });
  }

  /** Another configuration, with these options changed. `undefined` puts one back to its default. */
  with(changes: Partial<DatabaseOptions>): DatabaseConfig {
    return new DatabaseConfig({ ...this.#settings, ...this.#backendOptions, ...changes });
  }

  /**
   * What `backend` needs in order to connect, its defaults filled in. No I/O.
   *
   * @throws ConfigurationError when the configuration is not for this backend, or the backend refuses an option.
   */
  resolve(backend: Pick<Backend, "name" | "aliases" | "defaultPort" | "parseOptions">): ConnectTarget {
    return resolveTarget(this, backend, this.#backendOptions, () => askPassword(this.password));
  }

  /** Whether both have the same password, which the hash does not tell: only then may they share connections. */
  hasSamePassword(other: DatabaseConfig): boolean {
    const [mine, theirs] = [this.password, other.password];
    if (typeof mine !== "string" || typeof theirs !== "string") return mine === theirs;
    const [left, right] = [Buffer.from(mine), Buffer.from(theirs)];
    return left.length === right.length && timingSafeEqual(left, right);
  }

  toString(): string {
    return this.uri;
  }

  /** Every setting with its default; the password, and what is secret among the backend's options, as `***`. */
  toJSON(): Record<string, unknown> {
    const options = Object.entries(this.#backendOptions).map(([name, value]) => [
      name,
      redacted(value, name),
    ]);
    return {
      ...(this.backend === undefined ? {} : { backend: this.backend }),
      ...this.#plain(),
      ...(this.password === undefined ? {} : { password: hidden }),
      ...Object.fromEntries(options),
    };
  }

  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `DatabaseConfig ${inspect(this.toJSON(), options)}`;
  }

  /** Every setting of ours but the password and the backend's name. */
  #plain(): Record<string, unknown> {
    const { password: _password, backend: _backend, ...rest } = this.#settings;
    return { ...rest, alias: this.alias };
  }
}

/** Lets those who take the options check them. */
function checkResilience({ circuitBreaker, retry }: Settings): ResilienceSettings {
  if (circuitBreaker !== false) new CircuitBreaker("configuration", circuitBreaker);
  return {
    circuitBreaker: circuitBreaker === false ? undefined : circuitBreaker,
    retry: retry === false ? undefined : retryPolicy(retry),
  };
}
