import { randomUUID } from "node:crypto";
import type { Operation } from "../../operation/index.ts";
import { isStale, type Stale, stale } from "./access.ts";
import { BulkWriter } from "./bulk-writer.ts";
import { chunks } from "./chunks.ts";
import type { EntityRecord } from "./entity-table.ts";
import type { SaveOptions } from "./options.ts";
import type { RecordInput } from "./record-input.ts";
import { checkPrecondition, planSave, saveRecord } from "./save.ts";
import { type EntityWrite, RecordWriter, type StoredRow } from "./write.ts";

/**
 * Saves many records inside one transaction, with as few statements as possible: all are looked up together, and
 * then all that are written with the same fields are written together.
 */
export class BulkSave {
  readonly #access: EntityWrite;
  readonly #writer: RecordWriter;

  constructor(access: EntityWrite) {
    this.#access = access;
    this.#writer = new RecordWriter(access);
  }

  /** Answers the saved records in the order given. */
  *save(inputs: readonly RecordInput[], options: SaveOptions | undefined): Operation<EntityRecord[] | Stale> {
    if (yield* isStale(this.#access)) return stale;
    const ids = inputs.flatMap(({ id }) => (id === undefined ? [] : [id]));
    if (new Set(ids).size < ids.length) return yield* this.#oneByOne(inputs, options);

    const stored = yield* this.#stored(ids);
    const lastVersions = yield* this.#lastVersions(ids.filter((id) => !stored.has(id)));
    const { settings, table } = this.#access;
    const batch = new BulkWriter(this.#access);
    const saved: EntityRecord[] = new Array(inputs.length);
    for (const position of this.#inOrder(inputs)) {
      const input = inputs[position];
      if (input === undefined) continue;
      const id = input.id ?? randomUUID();
      const current = stored.get(id) ?? null;
      checkPrecondition(this.#writer, id, current, input, options);
      const plan = planSave(current, input, settings.unchangedSaves, table);
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
    const { at, userId } = this.#access.author;
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
    const { at, userId } = this.#access.author;
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
      const record = yield* saveRecord(this.#writer, input, options);
      if (record === stale) return stale;
      saved.push(record);
    }
    return saved;
  }

  *#stored(ids: readonly string[]): Operation<Map<string, StoredRow>> {
    const stored = new Map<string, StoredRow>();
    const { core, call, table } = this.#access;
    const lock = core.environment.backend.dialect.lockRows;
    const { condition, size } = this.#idList();
    // In order of id, so that two bulk saves of the same records cannot wait for each other.
    for (const chunk of chunks([...ids].sort(), size)) {
      const sql = `${table.statements.select} WHERE ${condition} ORDER BY [id]${lock}`;
      for (const row of yield* core.execute(sql, [chunk], call)) {
        stored.set(String(row[0]), this.#writer.stored(row));
      }
    }
    return stored;
  }

  *#lastVersions(ids: readonly string[]): Operation<Map<string, number>> {
    const { core, call, table } = this.#access;
    const versions = new Map<string, number>();
    const { condition, size } = this.#idList();
    const sql = `SELECT [id], MAX([version]) FROM [${table.names.history}] WHERE ${condition} GROUP BY [id]`;
    for (const chunk of chunks(ids, size)) {
      for (const [id, version] of yield* core.execute(sql, [chunk], call)) {
        versions.set(String(id), Number(version));
      }
    }
    return versions;
  }

  /** The condition that an id is in a list, and how long the list may be. */
  #idList(): { readonly condition: string; readonly size?: number } {
    const { inList } = this.#access.core.environment.backend.dialect;
    return inList === undefined
      ? { condition: "[id] IN (?)" }
      : { condition: inList("id"), size: longestList };
  }
}

/** Ids that one value may carry, so that neither it nor the answer becomes too large. */
const longestList = 10_000;
