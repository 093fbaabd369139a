import type { BeginOptions } from "../../backend/index.ts";
import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { SchemaConflictError } from "../../errors/index.ts";
import { type Operation, wait } from "../../operation/index.ts";
import { checkEntityName } from "../names/names.ts";
import { type Stale, stale } from "./access.ts";
import type { EntityRecord, EntityTable } from "./entity-table.ts";
import type { EntitySettings } from "./options.ts";
import { lostRace, mostAttempts, pauseAfter } from "./races.ts";
import type { SchemaCatalog } from "./schema-catalog.ts";

/**
 * Runs work on an entity's tables as they are now: again when they turn out to have changed since they were last
 * looked at, or when somebody else was faster.
 */
export class TableAccess {
  readonly catalog: SchemaCatalog;
  readonly settings: EntitySettings;

  constructor(catalog: SchemaCatalog, settings: EntitySettings) {
    this.catalog = catalog;
    this.settings = settings;
  }

  /** Runs `work` on tables that fit the records, in one transaction, again when the schema turns out to be old. */
  write<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    records: readonly EntityRecord[],
    work: (table: EntityTable) => Operation<T | Stale>,
  ): Operation<T> {
    return this.again(core, call, entity, () => this.#writeOnce(core, call, entity, records, work));
  }

  *#writeOnce<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    records: readonly EntityRecord[],
    work: (table: EntityTable) => Operation<T | Stale>,
  ): Operation<T | Stale> {
    const { catalog } = this;
    yield* catalog.evolveApart(core, call, entity, records);
    // A save that is refused leaves nothing behind, neither some of its records nor a change of the schema.
    const mayRefuseHalfway =
      core.transactions.current !== null &&
      (records.length > 1 || (yield* catalog.fitting(core, call, entity, records)) === null);
    const save = () => this.#onFittingTable(core, call, entity, records, work);
    return yield* core.transactions.atomically(
      call,
      {},
      save,
      mayRefuseHalfway ? "savepoint" : "transaction",
    );
  }

  *#onFittingTable<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    records: readonly EntityRecord[],
    work: (table: EntityTable) => Operation<T | Stale>,
  ): Operation<T | Stale> {
    const fitting = yield* this.catalog.fitting(core, call, entity, records);
    const table = fitting ?? (yield* this.catalog.evolve(core, call, entity, records));
    this.catalog.use(core, entity);
    return yield* work(table);
  }

  /** As `write`, for what needs the tables as they are; answers `none` when there are none. */
  change<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    none: T,
    work: (table: EntityTable) => Operation<T | Stale>,
    begin: BeginOptions = {},
  ): Operation<T> {
    checkEntityName(entity);
    return this.again(core, call, entity, () =>
      core.transactions.atomically(call, begin, () => this.#onTable(core, call, entity, none, work)),
    );
  }

  /** As `change`, for what changes the tables themselves, where that does no harm: see `SchemaCatalog.withDdl`. */
  alter<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    none: T,
    work: (on: ConnectionCore, table: EntityTable) => Operation<T | Stale>,
  ): Operation<T> {
    checkEntityName(entity);
    return this.again(core, call, entity, () =>
      this.catalog.withDdl(core, call, entity, (on) =>
        on.transactions.atomically(call, {}, () =>
          this.#onTable(on, call, entity, none, (table) => work(on, table)),
        ),
      ),
    );
  }

  /** As `change`, for what only reads, in one statement, and so needs no transaction; `make` makes the answer of it. */
  read<Found, T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    none: T,
    query: (table: EntityTable) => Operation<Found>,
    make: (found: Found, table: EntityTable) => T | Stale,
  ): Operation<T> {
    checkEntityName(entity);
    return this.again(core, call, entity, () => this.#readOnce(core, call, entity, none, query, make));
  }

  *#readOnce<Found, T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    none: T,
    query: (table: EntityTable) => Operation<Found>,
    make: (found: Found, table: EntityTable) => T | Stale,
  ): Operation<T | Stale> {
    const table = yield* this.catalog.find(core, call, entity);
    if (table === null) return none;
    this.catalog.use(core, entity);
    return make(yield* query(table), table);
  }

  *#onTable<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    none: T,
    work: (table: EntityTable) => Operation<T | Stale>,
  ): Operation<T | Stale> {
    const table = yield* this.catalog.find(core, call, entity);
    if (table === null) return none;
    this.catalog.use(core, entity);
    return yield* work(table);
  }

  /** Runs `work` again when the schema was out of date, or when a race was lost that can be run once more. */
  *again<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    work: () => Operation<T | Stale>,
  ): Operation<T> {
    for (let attempt = 1, stales = 0; stales < mostAttempts; attempt++) {
      try {
        const result = yield* work();
        if (result !== stale) return result;
        stales += 1;
      } catch (error) {
        const { transactions, environment } = core;
        if (transactions.current !== null) {
          throw lostRace(error, entity, { backend: environment.backend.name, operation: call.operation });
        }
        const pauseMs = pauseAfter(error, entity, attempt, call.timeoutMs);
        if (pauseMs === null) throw error;
        call.check();
        yield* wait(environment.sleep(pauseMs));
      }
      this.catalog.forget(core, entity);
    }
    throw changesTooOften(entity);
  }
}

function changesTooOften(entity: string): SchemaConflictError {
  return new SchemaConflictError(`the schema of "${entity}" changed each time that it was read; try again`);
}
