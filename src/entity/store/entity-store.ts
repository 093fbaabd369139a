import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { SchemaConflictError, ValidationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { Codec } from "../codec/codec.ts";
import { checkEntityName, checkId } from "../names/names.ts";
import { describe } from "../values/describe.ts";
import { Serializers } from "../values/serializers.ts";
import { type Stale, stale } from "./access.ts";
import { EntityReader } from "./entity-reader.ts";
import type { EntityRecord, EntityTable } from "./entity-table.ts";
import { ensureIndex } from "./indexes.ts";
import type { DeleteOptions, EntitySettings, PruneOptions, SaveOptions } from "./options.ts";
import { type RecordInput, readRecordInput } from "./record-input.ts";
import { planPrune, pruneBatch } from "./retention.ts";
import { saveRecord } from "./save.ts";
import { saveAtOnce } from "./save-at-once.ts";
import { SaveHabits } from "./save-habits.ts";
import { saveInSteps } from "./save-in-steps.ts";
import { BulkSave } from "./save-many.ts";
import { SchemaCatalog } from "./schema-catalog.ts";
import { TableAccess } from "./table-access.ts";
import { checkVersion, noSuchVersion, VersionReader } from "./versions.ts";
import { type Authorship, authorship, checkExpectedNone, RecordWriter, type StoredRow } from "./write.ts";

/**
 * Records that keep every version, in tables that make themselves. One store serves all connections of a database;
 * each operation works on the connection that it is given, in that connection's transaction if one is open.
 */
export class EntityStore {
  readonly settings: EntitySettings;
  readonly serializers = new Serializers();
  /** What only reads. */
  readonly read: EntityReader;
  readonly #tables: TableAccess;
  readonly #habits = new SaveHabits();

  constructor(settings: EntitySettings) {
    this.settings = settings;
    this.#tables = new TableAccess(new SchemaCatalog(new Codec(this.serializers), settings), settings);
    this.read = new EntityReader(this.#tables, this.serializers);
  }

  /** Creates or changes a record, and answers it as it is stored now. */
  *save(
    core: ConnectionCore,
    call: Call,
    entity: string,
    record: unknown,
    options: SaveOptions | undefined,
  ): Operation<EntityRecord> {
    checkEntityName(entity);
    checkExpectedVersion(options);
    const input = readRecordInput(entity, record);
    const author = authorship(options);
    const atOnce = yield* this.#tables.again(core, call, entity, () =>
      this.#saveAtOnce(core, call, entity, input, author, options),
    );
    const saved =
      atOnce ??
      (yield* this.#tables.write(core, call, entity, [input.values], (table) => {
        const writer = new RecordWriter({ core, call, table, author, settings: this.settings });
        return saveRecord(writer, input, options);
      }));
    if (input.id !== undefined) this.#habits.learn(entity, saved);
    return saved;
  }

  /** As `save`, for many records of one entity: all of them, or none. */
  *saveMany(
    core: ConnectionCore,
    call: Call,
    entity: string,
    records: readonly unknown[],
    options: SaveOptions | undefined,
  ): Operation<EntityRecord[]> {
    checkEntityName(entity);
    checkExpectedVersion(options);
    if (!Array.isArray(records)) {
      throw new ValidationError(`expected a list of records for "${entity}", got ${describe(records)}`);
    }
    if (records.length === 0) return [];
    const inputs = records.map((record) => readRecordInput(entity, record));
    const author = authorship(options);
    const values = inputs.map((input) => input.values);
    return yield* this.#tables.write(core, call, entity, values, (table) =>
      new BulkSave({ core, call, table, author, settings: this.settings }).save(inputs, options),
    );
  }

  /** Hides a record, or removes it. False when there was nothing to delete. */
  *delete(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    options: DeleteOptions | undefined,
  ): Operation<boolean> {
    if (options?.purgeHistory === true && options.permanent !== true) {
      throw new ValidationError("expected purgeHistory only together with permanent: true, got it alone");
    }
    const deletion = this.#changeRecord(core, call, entity, id, options, function* (writer, current) {
      if (current === null) return false;
      if (options?.permanent === true) {
        yield* writer.purge(current, options.purgeHistory === true);
        return true;
      }
      if (current.deleted) return false;
      yield* writer.hide(current);
      return true;
    });
    return (yield* deletion) ?? false;
  }

  /** Brings a softly deleted record back. False when there is none. */
  *restore(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    options: SaveOptions | undefined,
  ): Operation<boolean> {
    const restoration = this.#changeRecord(core, call, entity, id, options, function* (writer, current) {
      if (current === null || !current.deleted) return false;
      yield* writer.update(current, {}, "restore", null);
      return true;
    });
    return (yield* restoration) ?? false;
  }

  /** Makes the values of an earlier version the record's values again, as a new version. */
  *revert(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    version: unknown,
    options: SaveOptions | undefined,
  ): Operation<EntityRecord> {
    const checkedId = checkId(id);
    const wanted = checkVersion(version);
    const reversion = this.#changeRecord(core, call, entity, id, options, function* (writer, current, table) {
      const row = yield* new VersionReader({ core, call, table }).at(checkedId, wanted);
      if (row === stale || row === null) return row;
      const then = table.decodeRow(row);
      const values = Object.fromEntries([...table.fields.keys()].map((name) => [name, then[name]]));
      return current === null
        ? yield* writer.insert(checkedId, values, "revert", false)
        : yield* writer.update(current, values, "revert", null);
    });
    const reverted = (yield* reversion) ?? null;
    if (reverted === null) throw noSuchVersion(entity, checkedId, wanted);
    return reverted;
  }

  /** Notes that SQL of the caller's own runs in the open transaction, if there is one: it may use any table. */
  noteOwnSql(core: ConnectionCore): void {
    this.#tables.catalog.useAny(core);
  }

  /** Makes an index over fields of an entity; false when it is there already. */
  *ensureIndex(
    core: ConnectionCore,
    call: Call,
    entity: string,
    fields: readonly string[],
    unique: boolean,
  ): Operation<boolean> {
    if (!Array.isArray(fields) || fields.length === 0) {
      throw new ValidationError(`expected the names of one or more fields to index, got ${describe(fields)}`);
    }
    if (this.settings.schema === "frozen") {
      throw new SchemaConflictError(`the schema is frozen, so no index can be made on "${entity}"`);
    }
    const made = yield* this.#tables.alter<boolean | null>(core, call, entity, null, (on, table) => {
      const lock = () => this.#tables.catalog.lock(on, call, entity);
      return ensureIndex(on, call, table, fields, unique, lock);
    });
    if (made !== null) return made;
    throw new ValidationError(
      `there is no entity "${entity}" yet; save a record of it before making an index`,
    );
  }

  /** Removes old versions in batches, each in a transaction of its own, and answers how many went. */
  *prune(core: ConnectionCore, call: Call, entity: string, options: PruneOptions): Operation<number> {
    const plan = planPrune(options);
    let removed = 0;
    for (;;) {
      const batch = yield* this.#tables.change(core, call, entity, 0, (table) =>
        pruneBatch(core, call, table, plan),
      );
      removed += batch;
      if (batch < plan.batchSize) return removed;
    }
  }

  /** Saves in one round trip, or two, where that can be done; undefined when it could not. */
  *#saveAtOnce(
    core: ConnectionCore,
    call: Call,
    entity: string,
    input: RecordInput,
    author: Authorship,
    options: SaveOptions | undefined,
  ): Operation<EntityRecord | undefined> {
    const { auditedSave, auditedSteps } = core.environment.backend.dialect;
    if (auditedSave === undefined && auditedSteps === undefined) return undefined;
    const table = yield* this.#tables.catalog.fitting(core, call, entity, [input.values]);
    if (table === null) return undefined;
    const access = { core, call, table, author, settings: this.settings };
    const save = auditedSave === undefined ? saveInSteps : saveAtOnce;
    return yield* save(access, input, options, this.#habits.expected(entity));
  }

  /** As `#change`, for one record, which is read first and kept from others; undefined when there are no tables. */
  *#changeRecord<T>(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    options: SaveOptions | undefined,
    work: (writer: RecordWriter, current: StoredRow | null, table: EntityTable) => Operation<T | Stale>,
  ): Operation<T | undefined> {
    const checkedId = checkId(id);
    checkExpectedVersion(options);
    const author = authorship(options);
    const { settings } = this;
    const changed = yield* this.#tables.change<T | undefined>(
      core,
      call,
      entity,
      undefined,
      function* (table) {
        const writer = new RecordWriter({ core, call, table, author, settings });
        const current = yield* writer.current(checkedId);
        if (current === stale) return stale;
        writer.checkExpected(checkedId, current, options);
        return yield* work(writer, current, table);
      },
    );
    if (changed === undefined) checkExpectedNone(entity, checkedId, call, options);
    return changed;
  }
}

function checkExpectedVersion(options: SaveOptions | undefined): void {
  const expected: unknown = options?.expectedVersion;
  if (expected === undefined) return;
  if (typeof expected === "number" && Number.isSafeInteger(expected) && expected >= 0) return;
  const came = typeof expected === "number" ? String(expected) : describe(expected);
  throw new ValidationError(`expected expectedVersion to be a whole number from 0, got ${came}`);
}
