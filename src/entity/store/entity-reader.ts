import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { ValidationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { differences, type FieldDifference } from "../differences.ts";
import { formatFieldType } from "../kinds/index.ts";
import { checkId } from "../names/names.ts";
import type { Serializers } from "../values/serializers.ts";
import { isStale, type Stale, stale } from "./access.ts";
import type { EntityColumn, EntityRecord, EntityTable, TextRecord } from "./entity-table.ts";
import { makeFilter, makePage } from "./filter.ts";
import { type EntityIndex, listEntityIndexes } from "./indexes.ts";
import type { FilterOptions, FindOptions, GetOptions } from "./options.ts";
import type { TableAccess } from "./table-access.ts";
import { checkMoment, checkVersion, noSuchVersion, VersionReader } from "./versions.ts";

/** Records as typed values, or with every value as text. */
type Shape = boolean;

/** What is known of an entity: its fields with their kinds, and its indexes. */
export interface EntityDescription {
  readonly entity: string;
  /** Kinds by field name, such as `integer`, `text`, `json`. */
  readonly fields: Readonly<Record<string, string>>;
  readonly indexes: readonly EntityIndex[];
  /** How often the schema has changed since it was made, counting from 1. */
  readonly revision: number;
}

/** The reading half of the entity store: records as they are, as they were, and what is known of their fields. */
export class EntityReader {
  readonly #tables: TableAccess;
  readonly #serializers: Serializers;

  constructor(tables: TableAccess, serializers: Serializers) {
    this.#tables = tables;
    this.#serializers = serializers;
  }

  /** The record with an id; null when there is none, or it is deleted and deleted ones are not asked for. */
  get(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    options: GetOptions | undefined,
    shape: Shape,
  ): Operation<EntityRecord | null> {
    const checkedId = checkId(id);
    return this.#tables.read(
      core,
      call,
      entity,
      null,
      (table) => core.execute(table.statements.selectById, [checkedId], call),
      ([row], table) => {
        if (row === undefined) return null;
        if (table.isStale(row)) return stale;
        const record = shaped(table, row, table.columns, shape);
        return record.deleted_at === null || options?.includeDeleted === true ? record : null;
      },
    );
  }

  /** The records that fit a condition, in order, or a page of them. */
  find(
    core: ConnectionCore,
    call: Call,
    entity: string,
    options: FindOptions | undefined,
    shape: Shape,
  ): Operation<EntityRecord[]> {
    const { dialect } = core.environment.backend;
    const filter = makeFilter(options, dialect);
    return this.#tables.read(
      core,
      call,
      entity,
      [],
      (table) => {
        const page = makePage(options, dialect, columnNames(table.columns), entity);
        return core.execute(table.statements.select + filter.clause + page, filter.params, call);
      },
      (rows, table) => {
        if (rows[0] !== undefined && table.isStale(rows[0])) return stale;
        return rows.map((row) => shaped(table, row, table.columns, shape));
      },
    );
  }

  /** How many records fit a condition. */
  count(
    core: ConnectionCore,
    call: Call,
    entity: string,
    options: FilterOptions | undefined,
  ): Operation<number> {
    const filter = makeFilter(options, core.environment.backend.dialect);
    return this.#tables.read(
      core,
      call,
      entity,
      0,
      (table) => core.execute(table.statements.count + filter.clause, filter.params, call),
      (rows) => Number(rows[0]?.[0]),
    );
  }

  /** All versions of a record, ascending; none when it never was. */
  history(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    shape: Shape,
  ): Operation<EntityRecord[]> {
    const checkedId = checkId(id);
    return this.#tables.read(
      core,
      call,
      entity,
      [],
      (table) => new VersionReader({ core, call, table }).all(checkedId),
      (rows, table) => shapedVersions(table, rows, shape),
    );
  }

  /** One version of a record; null when it is not there. */
  version(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    version: unknown,
    shape: Shape,
  ): Operation<EntityRecord | null> {
    const checkedId = checkId(id);
    const wanted = checkVersion(version);
    return this.#tables.read(
      core,
      call,
      entity,
      null,
      (table) => new VersionReader({ core, call, table }).at(checkedId, wanted),
      (row, table) => (row === stale || row === null ? row : shaped(table, row, table.versionColumns, shape)),
    );
  }

  /** A record as it was at a moment; null when it was not there, or was deleted. */
  asOf(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    at: unknown,
    options: GetOptions | undefined,
    shape: Shape,
  ): Operation<EntityRecord | null> {
    const checkedId = checkId(id);
    const moment = checkMoment(at);
    return this.#tables.read(
      core,
      call,
      entity,
      null,
      (table) => new VersionReader({ core, call, table }).asOf(checkedId, moment),
      (row, table) => {
        if (row === stale || row === null) return row;
        const version = table.decodeRow(row, table.versionColumns);
        if (version.history_operation === "purge") return null;
        if (version.deleted_at !== null && options?.includeDeleted !== true) return null;
        return shaped(table, row, table.versionColumns, shape);
      },
    );
  }

  /** The records that a search would have found at a moment. */
  findAsOf(
    core: ConnectionCore,
    call: Call,
    entity: string,
    at: unknown,
    options: FindOptions | undefined,
    shape: Shape,
  ): Operation<EntityRecord[]> {
    const moment = checkMoment(at);
    if (this.#tables.settings.history === "delta" && options?.where !== undefined) {
      throw new ValidationError(
        'a condition on the past needs whole versions, and this database keeps differences (history: "delta"); leave out where and filter the answer',
      );
    }
    const { dialect } = core.environment.backend;
    const filter = makeFilter(options, dialect);
    const params = filter.params ?? [];
    if (!Array.isArray(params)) {
      throw new ValidationError(
        "expected params to be a list, for ? in where, when reading the past, got an object with names",
      );
    }
    const conditions = filter.clause.replace(" WHERE ", " AND ");
    return this.#tables.read(
      core,
      call,
      entity,
      [],
      (table) => {
        const page = makePage(options, dialect, columnNames(table.versionColumns), entity);
        return new VersionReader({ core, call, table }).allAsOf(moment, conditions + page, params);
      },
      (rows, table) => shapedVersions(table, rows, shape),
    );
  }

  /** What changed between two versions of a record, field by field. */
  *diff(
    core: ConnectionCore,
    call: Call,
    entity: string,
    id: unknown,
    from: unknown,
    to: unknown,
  ): Operation<FieldDifference[]> {
    const before = yield* this.version(core, call, entity, id, from, true);
    if (before === null) throw noSuchVersion(entity, checkId(id), checkVersion(from));
    const after = yield* this.version(core, call, entity, id, to, true);
    if (after === null) throw noSuchVersion(entity, checkId(id), checkVersion(to));
    return differences(before, after, { ignoreSystemFields: true, serializers: this.#serializers });
  }

  /** What is known of an entity; null when it has no tables. */
  *describe(core: ConnectionCore, call: Call, entity: string): Operation<EntityDescription | null> {
    return yield* this.#tables.change(
      core,
      call,
      entity,
      null,
      function* (table) {
        if (yield* isStale({ core, call, table })) return stale;
        const fields = Array.from(table.schema.fields, ([name, type]) => [name, formatFieldType(type)]);
        const indexes = yield* listEntityIndexes(core, call, table);
        return { entity, fields: Object.fromEntries(fields), indexes, revision: table.revision };
      },
      { readOnly: true },
    );
  }
}

function columnNames(columns: readonly EntityColumn[]): ReadonlySet<string> {
  return new Set(columns.map(({ name }) => name));
}

function shaped(
  table: EntityTable,
  row: readonly unknown[],
  columns: readonly EntityColumn[],
  shape: Shape,
): EntityRecord | TextRecord {
  return shape ? table.decodeRow(row, columns) : table.textRow(row, columns);
}

function shapedVersions(
  table: EntityTable,
  rows: readonly (readonly unknown[])[] | Stale,
  shape: Shape,
): EntityRecord[] | Stale {
  return rows === stale ? stale : rows.map((row) => shaped(table, row, table.versionColumns, shape));
}
