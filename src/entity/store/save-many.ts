import { randomUUID } from "node:crypto";
import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import type { Operation } from "../../operation/index.ts";
import { BulkWriter } from "./bulk-writer.ts";
import { chunks } from "./chunks.ts";
import type { EntityRecord, EntityTable } from "./entity-table.ts";
import type { EntitySettings, SaveOptions } from "./options.ts";
import type { RecordInput } from "./record-input.ts";
import { checkPrecondition, planSave, saveRecord } from "./save.ts";
import { type Authorship, RecordWriter, type Stale, type StoredRow, stale } from "./write.ts";

/**
 * Saves many records inside one transaction, with as few statements as possible: all are looked up together, and
 * then all that are written with the same fields are written together.
 */
export class BulkSave {
  readonly #core: ConnectionCore;
  readonly #call: Call;
  readonly #table: EntityTable;
  readonly #author: Authorship;
  readonly #settings: EntitySettings;
  readonly #writer: RecordWriter;

  constructor(
    core: ConnectionCore,
    call: Call,
    table: EntityTable,
    author: Authorship,
    settings: EntitySettings,
  ) {
    this.#core = core;
    this.#call = call;
    this.#table = table;
    this.#author = author;
    this.#settings = settings;
    this.#writer = new RecordWriter(core, call, table, author, settings);
  }

  /** Answers the saved records in the order given. */
  *save(inputs: readonly RecordInput[], options: SaveOptions | undefined): Operation<EntityRecord[] | Stale> {
    if (yield* this.#writer.isStale()) return stale;
    const ids = inputs.flatMap(({ id }) => (id === undefined ? [] : [id]));
    if (new Set(ids).size < ids.length) return yield* this.#oneByOne(inputs, options);

    const stored = yield* this.#stored(ids);
    const lastVersions = yield* this.#lastVersions(ids.filter((id) => !stored.has(id)));
    const batch = new BulkWriter(this.#core, this.#call, this.#table, this.#author, this.#settings);
    const saved: EntityRecord[] = new Array(inputs.length);
    for (const position of this.#inOrder(inputs)) {
      const input = inputs[position];
      if (input === undefined) continue;
      const id = input.id ?? randomUUID();
      const current = stored.get(id) ?? null;
      checkPrecondition(this.#writer, id, current, input, options);
      const plan = planSave(current, input, this.#settings.unchangedSaves, this.#table);
      if (plan.does === "insert") {
        saved[position] = this.#insert(batch, id, (lastVersions.get(id) ?? 0) + 1, input);
      } else if (plan.does === "update") {
        saved[position] = this.#update(batch, id, plan.current, input);
      } else {
        saved[position] = plan.current.record;
      }
    }
    yield* batch.write();
    return saved;
  }

  #insert(batch: BulkWriter, id: string, version: number, input: RecordInput): EntityRecord {
    const { at, userId } = this.#author;
    const encoded = batch.add({ isNew: true, operation: "insert", id, version, values: input.values });
    const record = {
      id,
      created_at: at,
      created_by: userId,
      updated_at: at,
      updated_by: userId,
      deleted_at: null,
      version,
    };
    return this.#writer.completed(record, encoded);
  }

  #update(batch: BulkWriter, id: string, current: StoredRow, input: RecordInput): EntityRecord {
    const { at, userId } = this.#author;
    const { version, deleted } = current;
    const operation = deleted ? "restore" : "update";
    const encoded = batch.add({ isNew: false, operation, id, version, values: input.values });
    const system = { updated_at: at, updated_by: userId, deleted_at: null, version: version + 1 };
    return this.#writer.completed({ ...current.record, ...system }, encoded);
  }

  /** In order of id where ids are given, so that two bulk saves of the same new records cannot wait for each other. */
  #inOrder(inputs: readonly RecordInput[]): readonly number[] {
    const positions = Array.from(inputs.keys());
    if (inputs.every(({ id }) => id === undefined)) return positions;
    const idAt = (position: number) => inputs[position]?.id ?? "";
    return positions.sort((a, b) => Number(idAt(a) > idAt(b)) - Number(idAt(a) < idAt(b)));
  }

  /** One record may come several times; then each save has to see the one before. */
  *#oneByOne(
    inputs: readonly RecordInput[],
    options: SaveOptions | undefined,
  ): Operation<EntityRecord[] | Stale> {
    const saved: EntityRecord[] = [];
    for (const input of inputs) {
      const record = yield* saveRecord(
        this.#writer,
        this.#table,
        input,
        this.#settings.unchangedSaves,
        options,
      );
      if (record === stale) return stale;
      saved.push(record);
    }
    return saved;
  }

  *#stored(ids: readonly string[]): Operation<Map<string, StoredRow>> {
    const stored = new Map<string, StoredRow>();
    const lock = this.#core.environment.backend.dialect.lockRows;
    const { condition, size } = this.#idList();
    // In order of id, so that two bulk saves of the same records cannot wait for each other.
    for (const chunk of chunks([...ids].sort(), size)) {
      const sql = `${this.#table.statements.select} WHERE ${condition} ORDER BY [id]${lock}`;
      for (const row of yield* this.#core.execute(sql, [chunk], this.#call)) {
        stored.set(String(row[0]), this.#writer.stored(row));
      }
    }
    return stored;
  }

  *#lastVersions(ids: readonly string[]): Operation<Map<string, number>> {
    const versions = new Map<string, number>();
    const { condition, size } = this.#idList();
    const sql = `SELECT [id], MAX([version]) FROM [${this.#table.names.history}] WHERE ${condition} GROUP BY [id]`;
    for (const chunk of chunks(ids, size)) {
      for (const [id, version] of yield* this.#core.execute(sql, [chunk], this.#call)) {
        versions.set(String(id), Number(version));
      }
    }
    return versions;
  }

  /** The condition that an id is in a list, and how long the list may be. */
  #idList(): { readonly condition: string; readonly size?: number } {
    const { inList } = this.#core.environment.backend.dialect;
    return inList === undefined
      ? { condition: "[id] IN (?)" }
      : { condition: inList("id"), size: longestList };
  }
}

/** Ids that one value may carry, so that neither it nor the answer becomes too large. */
const longestList = 10_000;
