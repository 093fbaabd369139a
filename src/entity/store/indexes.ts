import type { IndexDefinition } from "../../backend/index.ts";
import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { UnsupportedError, ValidationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { indexName } from "../names/names.ts";
import { type Stale, stale } from "./access.ts";
import { columnOf, waitingBriefly } from "./columns.ts";
import { type EntityTable, systemColumnTypes } from "./entity-table.ts";

/** An index that `ensureIndex` made. */
export interface EntityIndex {
  /** Its name in the database, made of the entity's and the fields'. */
  readonly name: string;
  /** In the order of the index. */
  readonly fields: readonly string[];
  readonly unique: boolean;
}

/** The indexes of an entity that `ensureIndex` made. */
export function* listEntityIndexes(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
): Operation<EntityIndex[]> {
  const { sql, params } = core.environment.backend.dialect.listIndexes(table.names.main);
  const rows = yield* core.execute(sql, params, call);
  const indexes = new Map<string, { name: string; fields: string[]; unique: boolean }>();
  for (const [name, unique, column] of rows) {
    const key = String(name);
    const index = indexes.get(key) ?? { name: key, fields: [], unique: Number(unique) === 1 };
    index.fields.push(String(column));
    indexes.set(key, index);
  }
  return [...indexes.values()].filter(
    ({ name, fields, unique }) => name === indexName(table.entity, fields, unique),
  );
}

export function* dropIndexesOf(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  indexes: readonly EntityIndex[],
): Operation<void> {
  for (const { name } of indexes) {
    const sql = core.environment.backend.dialect.dropIndex({ name, table: table.names.main });
    yield* core.execute(sql, undefined, call);
  }
}

/**
 * Makes an index over fields that the entity has. Answers false when it is there already. `lock` keeps others from
 * changing the entity's tables.
 */
export function* ensureIndex(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  fields: readonly string[],
  unique: boolean,
  lock: () => Operation<void>,
): Operation<boolean | Stale> {
  const twice = fields.find((field, i) => fields.indexOf(field) !== i);
  if (twice !== undefined) {
    throw new ValidationError(`expected the index's fields to be named once each, got "${twice}" twice`);
  }
  const columns = fields.map((field) => {
    const type = table.schema.fields.get(field) ?? systemColumnTypes.get(field);
    if (type === undefined) {
      throw new ValidationError(
        `expected the index's fields to be fields of "${table.entity}", got "${field}"; save a record that has it first`,
      );
    }
    if (type.storage === "json" || type.kind === "undecided") {
      throw new ValidationError(
        `expected fields that every database can index, got "${field}" of "${table.entity}", which holds ${type.kind} values`,
      );
    }
    return columnOf(field, type, true);
  });
  const { backend, capabilities } = core.environment;
  if (unique && !capabilities.partialIndexes) throw noUniqueIndex(table.entity, backend.name);
  const name = indexName(table.entity, fields, unique);
  if (yield* hasIndex(core, call, table, name)) return false;
  yield* lock();
  // Whoever had the lock before may have made the index, or changed the columns.
  const [revision] = yield* core.execute(table.statements.revision, undefined, call);
  if (Number(revision?.[0]) !== table.revision) return stale;
  if (yield* hasIndex(core, call, table, name)) return false;
  yield* waitingBriefly(core, call, () => createEntityIndex(core, call, table, { name, columns, unique }));
  return true;
}

function* hasIndex(core: ConnectionCore, call: Call, table: EntityTable, name: string): Operation<boolean> {
  const present = yield* listEntityIndexes(core, call, table);
  return present.some((index) => index.name === name);
}

/** Makes an index that leaves out the deleted records, where the backend can. */
export function* createEntityIndex(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  index: Pick<IndexDefinition, "name" | "columns" | "unique">,
): Operation<void> {
  const { backend, capabilities } = core.environment;
  const definition = { ...index, table: table.names.main, liveOnly: capabilities.partialIndexes };
  yield* core.execute(backend.dialect.createIndex(definition), undefined, call);
}

function noUniqueIndex(entity: string, backend: string): UnsupportedError {
  return new UnsupportedError(
    `a unique index on "${entity}" would have to leave out deleted records, which ${backend} cannot; look for the value inside the transaction that saves it`,
    { backend },
  );
}
