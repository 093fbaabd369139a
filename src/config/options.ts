import type { EntitySettings, SchemaMode } from "../entity/index.ts";
import type { Awaitable } from "../operation/operation.ts";
import type { CircuitBreakerOptions, RetryOptions, RetryPolicy } from "../resilience/index.ts";
import type { PoolConfig } from "./pool.ts";

/** Answers the password for one new connection; asked again for the next, so that a rotated one is picked up. */
export type PasswordSource = () => Awaitable<string | undefined>;

/**
 * What `new DatabaseConfig` takes. Times are seconds, above 0 and at most 24 days. An option that is `undefined`
 * counts as left out. Keys that are not listed here are options of the backend (`isolation`, `ssl`): they are
 * kept as they are, and checked by the backend when it connects.
 */
export interface DatabaseOptions {
  /** Name of the database. For SQLite a path, `:memory:`, or an empty string for a temporary database. */
  readonly database: string;
  /** Name of the backend, where the configuration is to say it: a URL does. Not part of the hash. */
  readonly backend?: string | undefined;
  /** Default `localhost`. */
  readonly host?: string | undefined;
  /**
   * Several servers of one cluster, each as `host` or `host:port`, instead of `host`: they are tried in turn, beginning
   * with the one that answered last.
   */
  readonly hosts?: readonly string[] | undefined;
  /** Which of `hosts` will do: `primary`, one that takes writes, or `any`. Default `any`. */
  readonly role?: "primary" | "any" | undefined;
  /** 1 to 65535. Default: the backend's own. */
  readonly port?: number | undefined;
  readonly user?: string | undefined;
  /** A string, or a function that is asked for each new connection. Never shown and never hashed. */
  readonly password?: string | PasswordSource | undefined;
  /** A friendly name for logs and for the server's list of sessions. Default: the database's name. */
  readonly alias?: string | undefined;
  /** A label of the environment: `prod`, `dev`, `test`. Default `prod`. */
  readonly env?: string | undefined;

  /** How long a caller waits for a connection while the pool is busy. Default 10. */
  readonly connectionAcquisitionTimeout?: number | undefined;
  /** How long the pool's first connections may take altogether. Default 30. */
  readonly poolCreationTimeout?: number | undefined;
  /** How long a statement may run, unless the call says otherwise. Default 60. */
  readonly queryExecutionTimeout?: number | undefined;
  /** How long one connection may take to be made, login included. Default 15. */
  readonly connectionCreationTimeout?: number | undefined;

  /** Sizes and times of the pool, or the name of a preset. Default: the pool's own defaults. */
  readonly pool?: PoolPreset | PoolConfig | undefined;

  /**
   * How an entity's tables follow what is saved. `auto` adds columns and widens them; `addOnly` adds columns, and
   * refuses a value that does not fit; `frozen` runs no DDL and refuses unknown fields. Default `auto`.
   */
  readonly schema?: SchemaMode | undefined;
  /** Whether entities are answered with typed values; else every field is text or null. Default false. */
  readonly deserialize?: boolean | undefined;
  /** Whether a save that changes nothing makes a version all the same. Default `skip`: it does not. */
  readonly unchangedSaves?: UnchangedSaves | undefined;
  /** Whether a version keeps every field or only those that changed: smaller, but slower to read. Default `full`. */
  readonly history?: HistoryMode | undefined;
  /** Most fields of one entity, so that keys made from foreign input cannot grow a table for ever. Default 300. */
  readonly maxFields?: number | undefined;
  /** Whether DDL that commits an open transaction (MySQL) may do so. Default false: it is refused. */
  readonly allowImplicitCommit?: boolean | undefined;

  /** Functions that are called with a connection when it is made, lent and given back: `ConnectionHooks`. */
  readonly hooks?: object | undefined;
  /**
   * When the database is given a rest after failures; false: never. Default: after 5 failures to answer within 60 s,
   * for 30 s. Errors that the database answers with do not count.
   */
  readonly circuitBreaker?: false | CircuitBreakerOptions | undefined;
  /**
   * How calls that certainly did nothing, and single reads, are tried again after the connection was lost; false: not
   * at all. Default: 3 times within the call's time. Writes that may have happened are never tried again.
   */
  readonly retry?: false | RetryOptions | undefined;

  readonly [backendOption: string]: unknown;
}

/** Pool settings by workload, from `light` (5 connections) to `batch` (30 and up to 50 more). */
export type PoolPreset = "light" | "medium" | "heavy" | "batch";
export type UnchangedSaves = EntitySettings["unchangedSaves"];
export type HistoryMode = EntitySettings["history"];

/** How a configuration answers to a database that fails. */
export interface ResilienceSettings {
  /** Undefined: no circuit breaker. */
  readonly circuitBreaker: CircuitBreakerOptions | undefined;
  /** Undefined: nothing is tried again but connecting. */
  readonly retry: RetryPolicy | undefined;
}

/** The four time limits of a configuration in milliseconds. */
export interface TimeLimits {
  readonly acquireTimeoutMs: number;
  readonly poolCreationTimeoutMs: number;
  readonly queryTimeoutMs: number;
  readonly connectTimeoutMs: number;
}
