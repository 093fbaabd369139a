import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { LockTimeoutError, SchemaConflictError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import type { Codec } from "../codec/codec.ts";
import { type FieldType, parseFieldType } from "../kinds/index.ts";
import { tableNames } from "../names/names.ts";
import { type EvolutionPlan, planEvolution } from "../schema-plan.ts";
import { lockWaitMs, runStatement } from "./columns.ts";
import { type EntityRecord, EntityTable } from "./entity-table.ts";
import { alterTables, createTables } from "./evolution.ts";
import type { EntitySettings } from "./options.ts";

/** Stands for all entities among those that a transaction has used. No entity has this name. */
const anyEntity = "*";

/** After the first try for a table that somebody holds, inside a transaction. Each takes `lockWaitMs`. */
const moreTries = 2;

/**
 * Knows the tables of each entity, and makes them fit what is to be written.
 *
 * What a transaction has changed and not yet committed is known to its own connection only; it becomes everybody's
 * when the transaction commits.
 */
export class SchemaCatalog {
  readonly #codec: Codec;
  readonly #settings: EntitySettings;
  readonly #tables = new Map<string, EntityTable>();
  /** The entities that open transactions have worked on, where that keeps their tables from being changed. */
  readonly #uses = new WeakMap<ConnectionCore, Set<string>>();
  readonly #uncommitted = new WeakMap<ConnectionCore, Map<string, EntityTable>>();

  constructor(codec: Codec, settings: EntitySettings) {
    this.#codec = codec;
    this.#settings = settings;
  }

  /** The entity's tables; null when it has none yet. */
  *find(core: ConnectionCore, call: Call, entity: string): Operation<EntityTable | null> {
    const known = this.#uncommitted.get(core)?.get(entity) ?? this.#tables.get(entity);
    return known ?? (yield* this.#load(core, call, entity));
  }

  /** Forgets what is known of an entity, because it turned out to be out of date. */
  forget(core: ConnectionCore, entity: string): void {
    this.#tables.delete(entity);
    this.#uncommitted.get(core)?.delete(entity);
  }

  /** The entity's tables, if the records to be written fit them as they are. */
  *fitting(
    core: ConnectionCore,
    call: Call,
    entity: string,
    records: readonly EntityRecord[],
  ): Operation<EntityTable | null> {
    const table = yield* this.find(core, call, entity);
    return this.#plan(entity, table, records).kind === "unchanged" ? table : null;
  }

  /** Makes the entity's tables, or changes them, so that the records fit. Runs inside a transaction. */
  *evolve(
    core: ConnectionCore,
    call: Call,
    entity: string,
    records: readonly EntityRecord[],
  ): Operation<EntityTable> {
    yield* this.lock(core, call, entity);
    // Another process may have been here first, so what was known before the lock does not count.
    this.forget(core, entity);
    const table = yield* this.#load(core, call, entity);
    const plan = this.#plan(entity, table, records);
    if (plan.kind === "unchanged" && table !== null) return table;
    if (plan.kind === "create") yield* createTables(core, call, entity, plan);
    if (plan.kind === "alter" && table !== null) yield* alterTables(core, call, table, plan);
    const evolved = yield* this.#load(core, call, entity);
    if (evolved === null)
      throw new SchemaConflictError(`the tables of "${entity}" were made but cannot be found`);
    announce(core, entity, plan);
    return evolved;
  }

  /** Keeps others from changing the entity's tables until the end of the transaction, or of the connection. */
  *lock(core: ConnectionCore, call: Call, entity: string): Operation<void> {
    const lock = core.environment.backend.dialect.lockSchema(entity);
    if (lock === null) return;
    const [row] = yield* runStatement(core, call, lock);
    if (row?.[0] === 0) throw lockedTooLong(core, entity);
  }

  /**
   * Does what `evolve` does beforehand and on a connection of its own, where DDL would commit the transaction that it
   * runs in. Elsewhere it does nothing.
   */
  *evolveApart(
    core: ConnectionCore,
    call: Call,
    entity: string,
    records: readonly EntityRecord[],
  ): Operation<void> {
    if (core.environment.capabilities.transactionalDdl) return;
    if ((yield* this.fitting(core, call, entity, records)) !== null) return;
    yield* this.withDdl(core, call, entity, (on) => this.evolve(on, call, entity, records));
  }

  /**
   * Runs `work`, which changes an entity's tables, where that does no harm: on the connection itself where DDL takes
   * part in transactions, else on one of its own. When an open transaction keeps the tables from being changed, it is
   * refused, or, if the configuration allows that, the transaction is committed before and begun again after.
   */
  *withDdl<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    work: (on: ConnectionCore) => Operation<T>,
  ): Operation<T> {
    const { capabilities, backend } = core.environment;
    if (capabilities.transactionalDdl) return yield* work(core);
    const open = core.transactions.current;
    const mayCommit = this.#settings.allowImplicitCommit && open?.parent === null;
    if (this.#usesOf(core)?.has(entity) !== true) {
      try {
        return yield* this.#patiently(core, call, work);
      } catch (error) {
        // The transaction may have used the tables by SQL of its own, and so be who the server waited for.
        if (!this.#mayUseAny(core) || !isTableLock(error)) throw error;
        if (!mayCommit) throw inUse(entity, backend.name, error);
      }
    }
    if (!mayCommit) throw changesWhatItUses(entity, backend.name);
    yield* core.transactions.commitEarly(call);
    try {
      return yield* apart(core, call, work);
    } finally {
      yield* core.transactions.beginAgain(call);
    }
  }

  /** Notes that the open transaction works on an entity, whose tables no other connection can change until its end. */
  use(core: ConnectionCore, entity: string): void {
    if (!core.environment.capabilities.transactionalDdl) this.#usesOf(core)?.add(entity);
  }

  /** Notes that the open transaction works on tables that are not known. */
  useAny(core: ConnectionCore): void {
    this.use(core, anyEntity);
  }

  #mayUseAny(core: ConnectionCore): boolean {
    return this.#usesOf(core)?.has(anyEntity) === true;
  }

  /**
   * Outside of a transaction the whole call is tried again, for as long as it may last. In one there is one try, for its
   * end is what others may wait for. But a table can be held for a moment by the server itself, which clears up behind
   * deletes; so a transaction that cannot be who holds it tries some more.
   */
  *#patiently<T>(core: ConnectionCore, call: Call, work: (on: ConnectionCore) => Operation<T>): Operation<T> {
    for (let left = core.transactions.current === null || this.#mayUseAny(core) ? 0 : moreTries; ; left--) {
      try {
        return yield* apart(core, call, work);
      } catch (error) {
        if (left === 0 || !isTableLock(error)) throw error;
        call.check();
      }
    }
  }

  #usesOf(core: ConnectionCore): Set<string> | undefined {
    if (core.transactions.current === null) return undefined;
    const known = this.#uses.get(core);
    if (known !== undefined) return known;
    const uses = new Set<string>();
    this.#uses.set(core, uses);
    const forget = () => {
      if (core.transactions.current === null) this.#uses.delete(core);
    };
    core.transactions.listen({ committed: forget, rolledBack: forget });
    return uses;
  }

  #plan(entity: string, table: EntityTable | null, records: readonly EntityRecord[]): EvolutionPlan {
    const { schema, maxFields } = this.#settings;
    const { serializers } = this.#codec;
    return planEvolution(table?.schema ?? null, records, { mode: schema, maxFields, entity, serializers });
  }

  *#load(core: ConnectionCore, call: Call, entity: string): Operation<EntityTable | null> {
    const { dialect } = core.environment.backend;
    const names = tableNames(entity);
    const found = (yield* runStatement(core, call, dialect.findTable(names.main))).map(([name]) =>
      String(name),
    );
    checkFound(entity, found);
    if (found.length === 0) return null;
    if ((yield* runStatement(core, call, dialect.findTable(names.meta))).length === 0) {
      throw new SchemaConflictError(
        `there is a table "${entity}" that the entity store did not make; choose another name for the entity, or rename the table`,
      );
    }
    const rows = yield* core.execute(
      `SELECT [name], [type] FROM [${names.meta}] ORDER BY [name]`,
      undefined,
      call,
    );
    let revision = 0;
    const fields = new Map<string, FieldType>();
    for (const [name, type] of rows) {
      if (name === "") revision = Number(type);
      else fields.set(String(name), parseFieldType(String(type)));
    }
    const table = new EntityTable(entity, { fields }, revision, this.#codec, dialect);
    this.#remember(core, entity, table);
    return table;
  }

  #remember(core: ConnectionCore, entity: string, table: EntityTable): void {
    if (core.transactions.current === null) {
      this.#tables.set(entity, table);
      return;
    }
    const own = this.#uncommitted.get(core) ?? this.#beginUncommitted(core);
    own.set(entity, table);
  }

  #beginUncommitted(core: ConnectionCore): Map<string, EntityTable> {
    const tables = new Map<string, EntityTable>();
    this.#uncommitted.set(core, tables);
    core.transactions.listen({
      committed: () => {
        this.#uncommitted.delete(core);
        for (const [name, changed] of tables) this.#tables.set(name, changed);
      },
      // A nested rollback may have undone some of it, and which is not worth knowing: all is read again.
      rolledBack: () => {
        tables.clear();
        if (core.transactions.current === null) this.#uncommitted.delete(core);
      },
    });
    return tables;
  }
}

/** Whether the server waited for a table in vain; not for another process that changes the same schema. */
function isTableLock(error: unknown): error is LockTimeoutError {
  return error instanceof LockTimeoutError && error.sqlState !== undefined;
}

/** Runs `work` on a connection of its own, on which nobody waits for long behind what it waits for. */
function apart<T>(
  core: ConnectionCore,
  call: Call,
  work: (on: ConnectionCore) => Operation<T>,
): Operation<T> {
  const { separately, backend } = core.environment;
  return separately(call, function* (on) {
    const limit = backend.dialect.limitLockWait?.(lockWaitMs);
    if (limit !== undefined) yield* runStatement(on, call, limit);
    return yield* work(on);
  });
}

function lockedTooLong(core: ConnectionCore, entity: string): LockTimeoutError {
  return new LockTimeoutError(
    `another process was changing the tables of "${entity}" for too long; try again when it has ended`,
    { backend: core.environment.backend.name, outcome: "rejected" },
  );
}

function inUse(entity: string, backend: string, cause: LockTimeoutError): SchemaConflictError {
  return new SchemaConflictError(
    `"${entity}" needs a new or wider field or an index, but its tables are in use, perhaps by this transaction itself: on ${backend} no other connection can change a table until every transaction that has read it has ended; save such a record before the transaction, or first of all in it`,
    { backend, cause, outcome: "rejected" },
  );
}

function changesWhatItUses(entity: string, backend: string): SchemaConflictError {
  return new SchemaConflictError(
    `"${entity}" needs a new or wider field, but this transaction has used it already, and on ${backend} a change of the schema would commit the transaction; save such a record before the transaction, or first of all in it, or set allowImplicitCommit, which does it for a transaction that is not nested`,
  );
}

function announce(core: ConnectionCore, entity: string, plan: EvolutionPlan): void {
  const { events } = core.environment;
  if (plan.kind === "unchanged" || !events.has("schemaChanged")) return;
  const added = plan.kind === "create" ? [...plan.fields.keys()] : plan.add.map(({ name }) => name);
  const retyped = plan.kind === "create" ? [] : plan.retype.map(({ name }) => name);
  events.emit("schemaChanged", { entity, added, retyped });
}

function checkFound(entity: string, found: readonly string[]): void {
  const other = found.find((name) => name !== entity);
  if (other === undefined || found.includes(entity)) return;
  throw new SchemaConflictError(
    `there is a table "${other}", and "${entity}" differs from it by upper and lower case only, which not every database can tell apart; use one spelling`,
  );
}
