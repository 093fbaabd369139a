import { randomUUID } from "node:crypto";
import type { PortableStatement } from "../../backend/index.ts";
import type { Call } from "../../connection/call.ts";
import { ambientContext } from "../../connection/context.ts";
import { ValidationError, VersionConflictError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { describe } from "../values/describe.ts";
import { checkText } from "../values/text-check.ts";
import { type EntityAccess, isStale, type Stale, stale } from "./access.ts";
import type { EntityRecord } from "./entity-table.ts";
import type { EntitySettings, SaveOptions, WriteOptions } from "./options.ts";

/**
 * What a version in the history came from: `insert` and `update` by a save, `delete` and `restore` (also by saving what
 * was deleted), `revert` to an earlier version, `purge` when the record was removed for good.
 */
export type HistoryOperation = "insert" | "update" | "delete" | "restore" | "revert" | "purge";

/** Who, when and why, the same for all that one call writes. */
export interface Authorship {
  readonly at: Date;
  readonly userId: string | null;
  readonly comment: string | null;
  /** Random; tells whether a write whose answer was lost has happened. */
  readonly writeId: string;
}

/** What all that one call writes to an entity has in common. */
export interface EntityWrite extends EntityAccess {
  readonly author: Authorship;
  readonly settings: EntitySettings;
}

/** A record as it is stored: its row, and its values. */
export interface StoredRow {
  readonly row: readonly unknown[];
  readonly record: EntityRecord;
  readonly version: number;
  readonly deleted: boolean;
}

/** Columns, and a value for each as a statement binds it. */
export interface EncodedRecord {
  readonly columns: readonly string[];
  readonly params: readonly unknown[];
}

export function authorship(options: WriteOptions | undefined): Authorship {
  const context = ambientContext();
  const userId = options?.userId ?? context.userId;
  const comment = options?.comment ?? context.comment;
  return {
    at: new Date(),
    userId: checkNote(userId, "userId"),
    comment: checkNote(comment, "comment"),
    writeId: randomUUID(),
  };
}

/** A query that answers whether this call has written the record, to be asked when the answer to a COMMIT is lost. */
export function evidenceOf({ table, author }: EntityWrite, id: string): PortableStatement {
  return { sql: table.statements.writtenBy, params: [id, author.writeId] };
}

function checkNote(note: unknown, name: string): string | null {
  if (note === undefined) return null;
  if (typeof note === "string") return checkText(note, name);
  throw new ValidationError(`expected ${name} to be a string, got ${describe(note)}`);
}

/** The writes of one call on one entity, inside one transaction. */
export class RecordWriter {
  readonly access: EntityWrite;

  constructor(access: EntityWrite) {
    this.access = access;
  }

  /** Reads a record to change it, and keeps others from changing it meanwhile. */
  *current(id: string): Operation<StoredRow | null | Stale> {
    const { core, call, table } = this.access;
    const lock = core.environment.backend.dialect.lockRows;
    const rows = yield* core.execute(table.statements.selectById + lock, [id], call);
    const row = rows[0];
    if (row === undefined) return (yield* isStale(this.access)) ? stale : null;
    return table.isStale(row) ? stale : this.stored(row);
  }

  stored(row: readonly unknown[]): StoredRow {
    const record = this.access.table.decodeRow(row);
    return { row, record, version: Number(record.version), deleted: record.deleted_at !== null };
  }

  /** Stores a record that is not there, counting on from what its id had before. */
  *insert(
    id: string,
    values: EntityRecord,
    operation: HistoryOperation,
    isNewId: boolean,
  ): Operation<EntityRecord> {
    const { core, call, table, author } = this.access;
    const { at, userId } = author;
    const last = isNewId
      ? 0
      : Number((yield* core.execute(table.statements.lastVersion, [id], call))[0]?.[0] ?? 0);
    const system = {
      created_at: at,
      created_by: userId,
      updated_at: at,
      updated_by: userId,
      deleted_at: null,
      version: last + 1,
    };
    const record = { id, ...values, ...system };
    const encoded = this.encode(record);
    yield* core.executeAll(
      [
        [table.statements.insert(encoded.columns), encoded.params],
        this.#historyOf(id, operation, record.version, null),
      ],
      call,
    );
    return this.completed(record, encoded);
  }

  /** Changes a record that is there, and is still at the version at which it was read. */
  *update(
    current: StoredRow,
    values: EntityRecord,
    operation: HistoryOperation,
    deletedAt: Date | null,
  ): Operation<EntityRecord> {
    const { core, call, table, author } = this.access;
    const id = String(current.record.id);
    const { at, userId } = author;
    const system = {
      updated_at: at,
      updated_by: userId,
      deleted_at: deletedAt,
      version: current.version + 1,
    };
    const encoded = this.encode({ ...values, ...system });
    const [updated] = yield* core.executeAll(
      [
        [table.statements.update(encoded.columns), [...encoded.params, id, current.version]],
        this.#historyOf(id, operation, system.version, Object.keys(values)),
      ],
      call,
    );
    if (updated?.rowCount !== 1) throw this.conflict(id, current.version, null);
    return this.completed({ ...current.record, ...system }, encoded);
  }

  /** Marks a record as deleted, as a version. */
  *hide(current: StoredRow): Operation<void> {
    yield* this.update(current, {}, "delete", this.access.author.at);
  }

  /** Removes a record for good. Its history stays, with a last version that says so, or goes too. */
  *purge(current: StoredRow, purgeHistory: boolean): Operation<void> {
    const { core, call, table, author } = this.access;
    const id = String(current.record.id);
    if (!purgeHistory) yield* this.update(current, {}, "purge", author.at);
    yield* core.execute(table.statements.deleteRow, [id], call);
    if (!purgeHistory) return;
    core.transactions.forgetEvidence();
    yield* core.execute(table.statements.deleteHistory, [id], call);
  }

  /** The columns and values of a statement that writes these fields. */
  encode(values: EntityRecord): EncodedRecord {
    const columns: string[] = [];
    const params: unknown[] = [];
    for (const name of Object.keys(values)) {
      const value = values[name];
      columns.push(name);
      const field = this.access.table.fields.get(name);
      params.push(field === undefined ? value : field.encode(value));
    }
    return { columns, params };
  }

  conflict(id: string, expected: number, actual: number | null): VersionConflictError {
    const { table, call } = this.access;
    return versionConflict(table.entity, id, expected, actual, call);
  }

  /** Refuses a write that was based on another version than the one that is stored. */
  checkExpected(id: string, current: StoredRow | null, options: SaveOptions | undefined): void {
    const expected = options?.expectedVersion;
    if (expected === undefined || expected === (current?.version ?? 0)) return;
    throw this.conflict(id, expected, current?.version ?? null);
  }

  /** The statement that copies a record into the history as it is, if it is at `version`. */
  #historyOf(
    id: string,
    operation: HistoryOperation,
    version: number,
    changed: readonly string[] | null,
  ): readonly [sql: string, params: readonly unknown[]] {
    const { core, table, author, settings } = this.access;
    const { at, userId, comment, writeId } = author;
    const { statements } = table;
    core.transactions.leaveEvidence(evidenceOf(this.access, id));
    const isFull = settings.history === "full" || changed === null;
    const sql = isFull ? `${statements.appendHistory} WHERE [id] = ?` : statements.appendDelta(changed);
    const fields = isFull ? null : JSON.stringify(changed);
    return [`${sql} AND [version] = ?`, [at, userId, comment, operation, writeId, fields, id, version]];
  }

  /** The record as a read would answer it: `record`, with the fields that were encoded as they are stored now. */
  completed(record: EntityRecord, { columns, params }: EncodedRecord): EntityRecord {
    const { table } = this.access;
    const complete: EntityRecord = {};
    for (const { name } of table.columns) complete[name] = record[name] ?? null;
    for (let i = 0; i < columns.length; i++) {
      const field = table.fields.get(columns[i] ?? "");
      if (field !== undefined) complete[field.name] = field.readBack(params[i]);
    }
    return complete;
  }
}

/** As `RecordWriter.checkExpected`, for an entity that has no tables, and so no records. */
export function checkExpectedNone(
  entity: string,
  id: string,
  call: Call,
  options: SaveOptions | undefined,
): void {
  const expected = options?.expectedVersion ?? 0;
  if (expected !== 0) throw versionConflict(entity, id, expected, null, call);
}

function versionConflict(
  entity: string,
  id: string,
  expected: number,
  actual: number | null,
  call: Call,
): VersionConflictError {
  const is = actual === null ? "there is none at that version" : `it is at version ${actual}`;
  return new VersionConflictError(
    `expected "${entity}" ${JSON.stringify(id)} to be at version ${expected}, but ${is}; read it again and repeat the change`,
    { expected, actual },
    { operation: call.operation },
  );
}
