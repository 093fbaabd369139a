import type { BeginOptions, VersionDetails } from "../backend/index.ts";
import type { Call, CallOptions, ConnectionCore, Params, QueryResult } from "../connection/index.ts";
import { toRowObjects } from "../connection/index.ts";
import type {
  DeleteOptions,
  EntityDescription,
  EntityStore,
  FieldDifference,
  FilterOptions,
  FindOptions,
  GetOptions,
  IndexOptions,
  PruneOptions,
  SaveOptions,
} from "../entity/index.ts";
import type { Operation } from "../operation/index.ts";
import type { Answer, CallbackAnswer, Face, Stream } from "./answer.ts";
import { EntityHandle } from "./entity-handle.ts";
import type { TransactionHandle } from "./handle.ts";
import { executeOwn } from "./implicit-commit.ts";
import type { AnySchema, EntityName, RecordInput, Shaped, ShapedVersion, Stored } from "./records.ts";
import { vouch, vouchSchema } from "./vouch.ts";

/** How a transaction is begun, and whether it may run again. */
export interface TransactionOptions extends BeginOptions, CallOptions {
  /**
   * How often the whole callback is run again when the database reports a deadlock or a serialization failure.
   * Default 0. The callback must then be able to run more than once: see `attempt`.
   */
  readonly retries?: number;
}

/** How rows are fetched piece by piece. */
export interface StreamOptions extends CallOptions {
  /** Rows fetched at a time. Default 500. */
  readonly batchSize?: number;
}

/**
 * Whether a call only reads, so that it may run twice: a statement, which is looked at when that is asked, or true.
 * Undefined: it may write.
 */
export type Repeatable = string | true;

/** What a typed read says of its shape; left out, the configuration's `deserialize` decides. */
export interface ShapeOption<Typed extends boolean> {
  /** True: typed values. False: every value as text or null. */
  readonly deserialize?: Typed;
}

/**
 * What can be asked of a database, a connection and a transaction alike, on both faces: `F` says whether the methods
 * answer promises, `S` which entities there are, and `D` whether records are typed by default.
 *
 * Times in options are seconds. Every method takes `timeout`, `signal` and `tags`; every method throws subclasses of
 * `DatabaseError`.
 */
export abstract class Queries<F extends Face, S extends object = AnySchema, D extends boolean = false> {
  /** @internal */
  protected abstract readonly store: EntityStore;

  /** Runs an operation on a connection that nobody else uses meanwhile. @internal */
  protected abstract run<T>(
    operation: string,
    options: CallOptions | undefined,
    work: (core: ConnectionCore, call: Call) => Operation<T>,
    repeatable?: Repeatable,
  ): Answer<F, T>;

  /**
   * Runs one statement of portable SQL (`[name]`, `?`, `:name`) or of the database's own, and answers rows as tuples,
   * with `columns` and `rowCount`.
   *
   * Throws `SqlSyntaxError`, `SqlParameterError`, subclasses of `ConstraintViolationError`, `QueryTimeoutError`,
   * `AbortedError`, `LockTimeoutError`, `ConnectionError`, `PoolTimeoutError`, `CircuitOpenError`.
   */
  execute(sql: string, params?: Params, options?: CallOptions): Answer<F, QueryResult> {
    return this.run("execute", options, (core, call) => this.#own(core, sql, params, call), sql);
  }

  /**
   * Runs one statement with many sets of values, all of them or none, and answers how many rows were changed.
   */
  executemany(
    sql: string,
    paramSets: Iterable<readonly unknown[]>,
    options?: CallOptions,
  ): Answer<F, number> {
    return this.run("executemany", options, (core, call) => {
      this.store.noteOwnSql(core);
      return core.transactions.atomically(call, {}, () => core.executeMany(sql, paramSets, call));
    });
  }

  /** As `execute`, with rows as objects. Of columns with the same name the last one counts. */
  query<T extends object = Record<string, unknown>>(
    sql: string,
    params?: Params,
    options?: CallOptions,
  ): Answer<F, T[]> {
    return this.run<T[]>(
      "query",
      options,
      (core, call) => vouch(queryRows(this.#own(core, sql, params, call))),
      sql,
    );
  }

  /** As `query`, for the first row; null when there is none. */
  queryOne<T extends object = Record<string, unknown>>(
    sql: string,
    params?: Params,
    options?: CallOptions,
  ): Answer<F, T | null> {
    return this.run<T | null>(
      "queryOne",
      options,
      (core, call) => vouch(queryFirst(this.#own(core, sql, params, call))),
      sql,
    );
  }

  /** As `query`, row by row from a cursor on the server. Leaving the loop early ends the cursor. */
  abstract stream<T extends object = Record<string, unknown>>(
    sql: string,
    params?: Params,
    options?: StreamOptions,
  ): Stream<F, T>;

  /**
   * Runs `fn` in a transaction: commits when it answers, rolls back when it throws. Inside a transaction it makes a
   * nested one, a savepoint, whose failure leaves the outer one usable when it is caught. `timeout` holds for the begin
   * and for the commit, each by itself; what the callback calls has limits of its own.
   *
   * Throws what `fn` throws; `TransactionDoomedError` when `fn` swallowed the failure of a statement;
   * `CommitOutcomeUnknownError`; `DeadlockError` and `SerializationError` when no retries are left.
   */
  abstract transaction<T>(
    fn: (tx: TransactionHandle<F, S, D>) => CallbackAnswer<F, T>,
    options?: TransactionOptions,
  ): Answer<F, T>;

  /** Asks the database for a sign of life; throws when there is none. */
  ping(options?: CallOptions): Answer<F, void> {
    return this.run("ping", options, (core, call) => core.drive(call, () => core.driver.ping(call)), true);
  }

  /** Versions of the server and of the driver. */
  getVersionDetails(options?: CallOptions): Answer<F, VersionDetails> {
    return this.run(
      "getVersionDetails",
      options,
      (core, call) => core.drive(call, () => core.driver.version()),
      true,
    );
  }

  /**
   * Creates a record, or changes the one with the given `id`, and answers it with typed values. The entity's tables
   * are made and extended as needed. Fields that are not named keep their values. Every save that changes something
   * makes a version. Saving a deleted record restores it.
   *
   * Throws `ValidationError`, `VersionConflictError`, `SchemaConflictError`, `UnknownFieldError`,
   * `UniqueViolationError`.
   */
  saveEntity<N extends EntityName<S>>(
    entity: N,
    record: RecordInput<S[N]>,
    options?: SaveOptions,
  ): Answer<F, Stored<S[N]>> {
    return this.run<Stored<S[N]>>("saveEntity", options, (core, call) =>
      vouch(this.store.save(core, call, entity, record, options)),
    );
  }

  /** As `saveEntity`, for many records: all of them or none. Answers them in the order given. */
  saveEntities<N extends EntityName<S>>(
    entity: N,
    records: readonly RecordInput<S[N]>[],
    options?: SaveOptions,
  ): Answer<F, Stored<S[N]>[]> {
    return this.run<Stored<S[N]>[]>("saveEntities", options, (core, call) =>
      vouch(this.store.saveMany(core, call, entity, records, options)),
    );
  }

  /** The record with an id; null when there is none, or it is deleted. Values are text unless `deserialize` is set. */
  getEntity<N extends EntityName<S>, Typed extends boolean = D>(
    entity: N,
    id: string,
    options?: GetOptions & ShapeOption<Typed>,
  ): Answer<F, Shaped<S[N], Typed> | null> {
    return this.run<Shaped<S[N], Typed> | null>(
      "getEntity",
      options,
      (core, call) => vouch(this.store.read.get(core, call, entity, id, options, this.#typed(options))),
      true,
    );
  }

  /**
   * The records that fit a condition; all of them without one. Values are text unless `deserialize` is set. Throws
   * `ValidationError` for options that cannot be used, and what the database says of the condition.
   */
  findEntities<N extends EntityName<S>, Typed extends boolean = D>(
    entity: N,
    options?: FindOptions & ShapeOption<Typed>,
  ): Answer<F, Shaped<S[N], Typed>[]> {
    return this.run<Shaped<S[N], Typed>[]>(
      "findEntities",
      options,
      (core, call) => vouch(this.store.read.find(core, call, entity, options, this.#typed(options))),
      true,
    );
  }

  /** How many records fit a condition; of all, without one. */
  countEntities<N extends EntityName<S>>(entity: N, options?: FilterOptions): Answer<F, number> {
    return this.run(
      "countEntities",
      options,
      (core, call) => this.store.read.count(core, call, entity, options),
      true,
    );
  }

  /**
   * Hides a record, which is a version of it and can be undone by `restoreEntity`; with `permanent` removes it, and
   * with `purgeHistory` its history too. Answers false when there was nothing to delete.
   */
  deleteEntity<N extends EntityName<S>>(entity: N, id: string, options?: DeleteOptions): Answer<F, boolean> {
    return this.run("deleteEntity", options, (core, call) =>
      this.store.delete(core, call, entity, id, options),
    );
  }

  /** Brings a deleted record back, as a version. Answers false when no such record is deleted. */
  restoreEntity<N extends EntityName<S>>(entity: N, id: string, options?: SaveOptions): Answer<F, boolean> {
    return this.run("restoreEntity", options, (core, call) =>
      this.store.restore(core, call, entity, id, options),
    );
  }

  /** All versions of a record, the oldest first. */
  getEntityHistory<N extends EntityName<S>, Typed extends boolean = D>(
    entity: N,
    id: string,
    options?: CallOptions & ShapeOption<Typed>,
  ): Answer<F, ShapedVersion<S[N], Typed>[]> {
    return this.run<ShapedVersion<S[N], Typed>[]>(
      "getEntityHistory",
      options,
      (core, call) => vouch(this.store.read.history(core, call, entity, id, this.#typed(options))),
      true,
    );
  }

  /** One version of a record; null when there is no such version. */
  getEntityByVersion<N extends EntityName<S>, Typed extends boolean = D>(
    entity: N,
    id: string,
    version: number,
    options?: CallOptions & ShapeOption<Typed>,
  ): Answer<F, ShapedVersion<S[N], Typed> | null> {
    return this.run<ShapedVersion<S[N], Typed> | null>(
      "getEntityByVersion",
      options,
      (core, call) => vouch(this.store.read.version(core, call, entity, id, version, this.#typed(options))),
      true,
    );
  }

  /** A record as it was at a moment; null when it was not there then, or was deleted. */
  getEntityAsOf<N extends EntityName<S>, Typed extends boolean = D>(
    entity: N,
    id: string,
    at: Date,
    options?: GetOptions & ShapeOption<Typed>,
  ): Answer<F, ShapedVersion<S[N], Typed> | null> {
    return this.run<ShapedVersion<S[N], Typed> | null>(
      "getEntityAsOf",
      options,
      (core, call) => vouch(this.store.read.asOf(core, call, entity, id, at, options, this.#typed(options))),
      true,
    );
  }

  /** The records that `findEntities` would have answered at a moment. */
  findEntitiesAsOf<N extends EntityName<S>, Typed extends boolean = D>(
    entity: N,
    at: Date,
    options?: FindOptions & ShapeOption<Typed>,
  ): Answer<F, ShapedVersion<S[N], Typed>[]> {
    return this.run<ShapedVersion<S[N], Typed>[]>(
      "findEntitiesAsOf",
      options,
      (core, call) => vouch(this.store.read.findAsOf(core, call, entity, at, options, this.#typed(options))),
      true,
    );
  }

  /** What changed between two versions of a record. Throws `NotFoundError` when one of them is not there. */
  diffEntityVersions<N extends EntityName<S>>(
    entity: N,
    id: string,
    from: number,
    to: number,
    options?: CallOptions,
  ): Answer<F, FieldDifference[]> {
    return this.run(
      "diffEntityVersions",
      options,
      (core, call) => this.store.read.diff(core, call, entity, id, from, to),
      true,
    );
  }

  /**
   * Gives a record the values of an earlier version again, as a new version. It also brings back a record that was
   * deleted, even for good as long as its history is there. Throws `NotFoundError`.
   */
  revertEntity<N extends EntityName<S>>(
    entity: N,
    id: string,
    version: number,
    options?: SaveOptions,
  ): Answer<F, Stored<S[N]>> {
    return this.run<Stored<S[N]>>("revertEntity", options, (core, call) =>
      vouch(this.store.revert(core, call, entity, id, version, options)),
    );
  }

  /** Makes an index over fields; answers false when it is there already. */
  ensureIndex<N extends EntityName<S>>(
    entity: N,
    fields: readonly string[],
    options?: IndexOptions,
  ): Answer<F, boolean> {
    return this.run("ensureIndex", options, (core, call) =>
      this.store.ensureIndex(core, call, entity, fields, options?.unique === true),
    );
  }

  /**
   * Removes old versions in batches and answers how many went. The newest version of each record always stays.
   */
  pruneHistory<N extends EntityName<S>>(entity: N, options: PruneOptions): Answer<F, number> {
    return this.run("pruneHistory", options, (core, call) => this.store.prune(core, call, entity, options));
  }

  /** An entity's fields with their kinds, and its indexes; null when it has no tables yet. */
  describeEntity<N extends EntityName<S>>(
    entity: N,
    options?: CallOptions,
  ): Answer<F, EntityDescription | null> {
    return this.run(
      "describeEntity",
      options,
      (core, call) => this.store.read.describe(core, call, entity),
      true,
    );
  }

  /**
   * A handle on one entity, whose records always have typed values: `db.entity<User>("users")`. Without a type of its
   * own the name is one of the schema's.
   */
  entity<N extends EntityName<S>>(name: N): EntityHandle<F, S[N]>;
  entity<T extends object = never>(name: [T] extends [never] ? never : string): EntityHandle<F, T>;
  entity(name: string): EntityHandle<F, Record<string, unknown>> {
    return new EntityHandle(vouchSchema<F>(this), name);
  }

  #own(core: ConnectionCore, sql: string, params: Params | undefined, call: Call): Operation<QueryResult> {
    return executeOwn(core, sql, params, call, this.store);
  }

  #typed(options: ShapeOption<boolean> | undefined): boolean {
    return options?.deserialize ?? this.store.settings.deserialize;
  }
}

function* queryRows(statement: Operation<QueryResult>) {
  const result = yield* statement;
  return toRowObjects(result.columns, result);
}

function* queryFirst(statement: Operation<QueryResult>) {
  const result = yield* statement;
  return toRowObjects(result.columns, result.slice(0, 1))[0] ?? null;
}
