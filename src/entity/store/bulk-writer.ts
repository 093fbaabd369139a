import type { AuditedBatch, Dialect } from "../../backend/index.ts";
import { SerializationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { chunks, slices } from "./chunks.ts";
import { type EntityColumn, type EntityRecord, systemColumnTypes } from "./entity-table.ts";
import { type EncodedRecord, type EntityWrite, evidenceOf, type HistoryOperation } from "./write.ts";

export interface BulkWrite {
  readonly isNew: boolean;
  readonly operation: HistoryOperation;
  readonly id: string;
  /** The version that a new record gets, or that one has before it is changed. */
  readonly version: number;
  /** The fields that are given, all of which the entity has. */
  readonly values: EntityRecord;
}

/** Writes that the same statements can do. */
interface Group {
  readonly isNew: boolean;
  readonly operation: HistoryOperation;
  readonly fields: readonly string[];
  readonly columns: readonly (EntityColumn | undefined)[];
  /** One of each for each write. */
  readonly ids: string[];
  readonly versions: number[];
  readonly sets: (readonly unknown[])[];
}

type BatchDialect = Dialect & Required<Pick<Dialect, "auditedBatch">>;

/** Collects writes of many records, no record twice, and does them with few statements, in one transaction. */
export class BulkWriter {
  readonly #access: EntityWrite;
  readonly #groups = new Map<string, Group>();
  #last: Group | undefined;

  constructor(access: EntityWrite) {
    this.#access = access;
  }

  /** Takes a write, and answers its fields as they will be stored. */
  add(write: BulkWrite): EncodedRecord {
    const names = Object.keys(write.values);
    const group = this.#groupFor(write, names);
    const params: unknown[] = new Array(names.length);
    for (let i = 0; i < params.length; i++) {
      params[i] = group.columns[i]?.encode(write.values[names[i] ?? ""]);
    }
    group.ids.push(write.id);
    group.versions.push(write.version);
    group.sets.push(params);
    return { columns: group.fields, params };
  }

  /** Throws a `SerializationError` when somebody else changed a record after it was read. */
  *write(): Operation<void> {
    const { core } = this.#access;
    const { dialect } = core.environment.backend;
    // Records that are there go first, so that a value which one of them gives up is free for a new one.
    const groups = [...this.#groups.values()].sort((a, b) => Number(a.isNew) - Number(b.isNew));
    for (const group of groups) {
      core.transactions.leaveEvidence(evidenceOf(this.#access, group.ids[0] ?? ""));
      if (writesBatches(dialect)) yield* this.#writeBatches(dialect, group);
      else yield* this.#writeEach(group);
    }
  }

  /** Records that come together are mostly alike, so the last group is the first to be looked at. */
  #groupFor({ operation, isNew }: BulkWrite, names: readonly string[]): Group {
    const last = this.#last;
    if (last?.operation === operation && sameNames(last.fields, names)) return last;
    const key = `${operation} ${names.join()}`;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const columns = names.map((name) => this.#access.table.fields.get(name));
      group = { isNew, operation, fields: names, columns, ids: [], versions: [], sets: [] };
      this.#groups.set(key, group);
    }
    this.#last = group;
    return group;
  }

  *#writeBatches(dialect: BatchDialect, group: Group): Operation<void> {
    const { core, call, table, author } = this.#access;
    const { at, userId, comment, writeId } = author;
    const { isNew, operation, fields, ids, versions, sets } = group;
    const changed = this.#changedFields(group);
    const sql = this.#batchStatement(dialect, group);
    for (const [start, end] of slices(sets)) {
      const params: Record<string, unknown> = {
        id: ids.slice(start, end),
        version: versions.slice(start, end),
        at,
        user_id: userId,
        comment,
        operation,
        write_id: writeId,
        changed: changed === null ? null : JSON.stringify(changed),
      };
      const slice = sets.slice(start, end);
      for (let i = 0; i < fields.length; i++) params[`f${i}`] = slice.map((values) => values[i]);
      const { rowCount } = yield* core.execute(sql, params, call);
      if (!isNew) checkCount(rowCount, end - start, table.entity);
    }
  }

  #batchStatement(dialect: BatchDialect, group: Group): string {
    const { statements, names, columns } = this.#access.table;
    const changed = this.#changedFields(group);
    const kind = [group.isNew ? "insert" : "update", changed === null ? "full" : "delta"];
    return statements.memoised("auditedBatch", [...kind, ...group.fields], () => {
      const batch: AuditedBatch = {
        main: names.main,
        history: names.history,
        isNew: group.isNew,
        fields: group.fields.map((name, i) => ({ name, type: group.columns[i]?.type.storage ?? "text" })),
        copied:
          changed === null
            ? columns.map(({ name }) => name)
            : ["id", ...changed, ...systemColumnTypes.keys()],
      };
      return dialect.auditedBatch(batch);
    });
  }

  *#writeEach(group: Group): Operation<void> {
    const { core, call, table, author } = this.#access;
    const { at, userId, comment, writeId } = author;
    const { statements } = table;
    const { isNew, operation, fields, ids, versions, sets } = group;
    if (isNew) {
      const created = ["id", ...fields, ...systemColumnTypes.keys()];
      const rows = sets.map((params, i) => [ids[i], ...params, at, userId, at, userId, null, versions[i]]);
      yield* core.executeMany(statements.insert(created), rows, call);
    } else {
      const changed = [...fields, "updated_at", "updated_by", "deleted_at", "version"];
      const rows = sets.map((params, i) => {
        const version = versions[i] ?? 0;
        return [...params, at, userId, null, version + 1, ids[i], version];
      });
      const count = yield* core.executeMany(statements.update(changed), rows, call);
      checkCount(count, rows.length, table.entity);
    }
    const delta = this.#changedFields(group);
    const copy =
      delta === null ? `${statements.appendHistory} WHERE [id] IN (?)` : statements.appendDeltas(delta);
    const history = [at, userId, comment, operation, writeId, delta === null ? null : JSON.stringify(delta)];
    for (const chunk of chunks(ids)) yield* core.execute(copy, [...history, chunk], call);
  }

  /** The fields that a version keeps, where it keeps only those that were given. */
  #changedFields({ isNew, fields }: Group): readonly string[] | null {
    return this.#access.settings.history === "full" || isNew ? null : fields;
  }
}

function writesBatches(dialect: Dialect): dialect is BatchDialect {
  return dialect.auditedBatch !== undefined;
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}

// Where rows are locked as they are read this cannot happen; where they are not, the database may let it.
function checkCount(changed: number, expected: number, entity: string): void {
  if (changed === expected) return;
  throw new SerializationError(
    `${expected - changed} of ${expected} records of "${entity}" were changed by somebody else while they were saved; repeat the whole transaction`,
    { outcome: "rejected" },
  );
}
