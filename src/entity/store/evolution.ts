import type { ColumnDefinition, StorageType, TableDefinition } from "../../backend/index.ts";
import type { Call } from "../../connection/call.ts";
import type { ConnectionCore } from "../../connection/connection-core.ts";
import { SchemaConflictError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { type FieldType, formatFieldType } from "../kinds/index.ts";
import { type TableNames, tableNames } from "../names/names.ts";
import type { EvolutionPlan } from "../schema-plan.ts";
import { columnOf, runStatement, waitingBriefly } from "./columns.ts";
import { type EntityTable, historyColumnTypes, systemColumnTypes } from "./entity-table.ts";
import { createEntityIndex, dropIndexesOf, type EntityIndex, listEntityIndexes } from "./indexes.ts";

export type Creation = Extract<EvolutionPlan, { kind: "create" }>;
export type Alteration = Extract<EvolutionPlan, { kind: "alter" }>;

/**
 * Makes an entity's tables. Where DDL cannot be rolled back, an earlier try may have left some of them; they are
 * completed then. The main table comes last: it is what makes the entity exist.
 */
export function* createTables(
  core: ConnectionCore,
  call: Call,
  entity: string,
  plan: Creation,
): Operation<void> {
  const names = tableNames(entity);
  const id: ColumnDefinition = { name: "id", type: "text", key: true, notNull: true };
  const fields = Array.from(plan.fields, ([name, type]) => columnOf(name, type));
  const system = Array.from(systemColumnTypes, ([name, type]) => ({
    ...columnOf(name, type),
    notNull: name === "version" || name === "created_at" || name === "updated_at",
  }));
  const history = Array.from(historyColumnTypes, ([name, type]) => columnOf(name, type));
  yield* ensureTable(core, call, {
    name: names.meta,
    columns: [
      { name: "name", type: "text", key: true, notNull: true },
      { name: "type", type: "text", notNull: true },
    ],
    primaryKey: ["name"],
  });
  yield* core.execute(`DELETE FROM [${names.meta}]`, undefined, call);
  const rows = Array.from(plan.fields, ([name, type]) => [name, formatFieldType(type)]);
  yield* core.executeMany(insertMeta(names), [["", "1"], ...rows], call);
  yield* ensureTable(core, call, {
    name: names.history,
    columns: [id, ...fields, ...system, ...history],
    primaryKey: ["id", "version"],
  });
  yield* ensureTable(core, call, {
    name: names.main,
    columns: [id, ...fields, ...system],
    primaryKey: ["id"],
  });
}

export function* alterTables(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  plan: Alteration,
): Operation<void> {
  yield* waitingBriefly(core, call, () => applyAlteration(core, call, table, plan));
}

function* applyAlteration(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  plan: Alteration,
): Operation<void> {
  const { names } = table;
  const { dialect } = core.environment.backend;
  // Whoever wrote between the change of a column and that of its kind would store values of the old kind.
  const exclusively = plan.retype.some(({ physical }) => physical) ? dialect.exclusively : undefined;
  if (exclusively !== undefined)
    yield* runStatement(core, call, exclusively.begin([names.main, names.history, names.meta]));
  for (const { name, type } of plan.add) {
    for (const owner of [names.main, names.history])
      yield* ensureColumn(core, call, owner, columnOf(name, type));
    yield* core.execute(insertMeta(names), [name, formatFieldType(type)], call);
  }
  for (const { name, from, to, physical } of plan.retype) {
    if (physical) yield* changeColumn(core, call, table, name, from, to);
    yield* updateMeta(core, call, names, name, formatFieldType(to));
  }
  yield* updateMeta(core, call, names, "", String(table.revision + 1));
  if (exclusively !== undefined) yield* runStatement(core, call, exclusively.end);
}

function* ensureTable(core: ConnectionCore, call: Call, table: TableDefinition): Operation<void> {
  const { dialect } = core.environment.backend;
  const found = yield* runStatement(core, call, dialect.findTable(table.name));
  if (!found.some(([name]) => name === table.name)) {
    yield* core.execute(dialect.createTable(table), undefined, call);
    return;
  }
  for (const column of table.columns) yield* ensureColumn(core, call, table.name, column);
}

/** Adds a column; one that an earlier try has left, and that nothing was stored in, is given its type. */
function* ensureColumn(
  core: ConnectionCore,
  call: Call,
  table: string,
  column: ColumnDefinition,
): Operation<void> {
  const { dialect } = core.environment.backend;
  const present = yield* runStatement(core, call, dialect.listColumns(table));
  if (!present.some(([name]) => name === column.name)) {
    yield* core.execute(dialect.addColumn(table, column), undefined, call);
    return;
  }
  const used = yield* core.execute(
    `SELECT 1 FROM [${table}] WHERE [${column.name}] IS NOT NULL${dialect.limit(1, undefined)}`,
    undefined,
    call,
  );
  if (used.length > 0 || column.notNull === true) return;
  for (const sql of dialect.changeColumnType(table, column, null)) yield* core.execute(sql, undefined, call);
}

function* changeColumn(
  core: ConnectionCore,
  call: Call,
  table: EntityTable,
  name: string,
  from: FieldType,
  to: FieldType,
): Operation<void> {
  const { dialect } = core.environment.backend;
  const all = yield* listEntityIndexes(core, call, table);
  if (all.length > 0 && !core.environment.capabilities.retypesIndexedTables)
    throw cannotRetype(core, table, name, all);
  const indexes = all.filter(({ fields }) => fields.includes(name));
  yield* dropIndexesOf(core, call, table, indexes);
  const stored = from.kind === "undecided" ? null : from.storage;
  const column = columnOf(name, to, indexes.length > 0);
  for (const owner of [table.names.main, table.names.history]) {
    if (stored !== null && (yield* isChanged(core, call, owner, column, stored))) continue;
    for (const sql of dialect.changeColumnType(owner, column, stored))
      yield* core.execute(sql, undefined, call);
  }
  for (const index of indexes) {
    const columns = index.fields.map((field) =>
      columnOf(field, field === name ? to : (table.schema.fields.get(field) ?? to), true),
    );
    yield* createEntityIndex(core, call, table, { name: index.name, columns, unique: index.unique });
  }
}

/** Whether an earlier try, of which DDL cannot be rolled back, has changed this column and then failed. */
function* isChanged(
  core: ConnectionCore,
  call: Call,
  table: string,
  column: ColumnDefinition,
  stored: StorageType,
): Operation<boolean> {
  const { backend, capabilities } = core.environment;
  if (capabilities.transactionalDdl) return false;
  const { dialect } = backend;
  const present = yield* runStatement(core, call, dialect.listColumns(table));
  const declared = present.find(([name]) => name === column.name)?.[1];
  const wanted = dialect.columnType(column);
  return declared === wanted && dialect.columnType({ ...column, type: stored }) !== wanted;
}

function cannotRetype(
  core: ConnectionCore,
  table: EntityTable,
  field: string,
  indexes: readonly EntityIndex[],
): SchemaConflictError {
  const backend = core.environment.backend.name;
  const names = indexes.map(({ name }) => name).join(", ");
  return new SchemaConflictError(
    `the field "${field}" of "${table.entity}" would have to widen, which ${backend} cannot do while the table has indexes; drop ${names} (DROP INDEX), save the record, and call ensureIndex again`,
    { backend },
  );
}

function updateMeta(core: ConnectionCore, call: Call, names: TableNames, name: string, type: string) {
  return core.execute(`UPDATE [${names.meta}] SET [type] = ? WHERE [name] = ?`, [type, name], call);
}

function insertMeta({ meta }: TableNames): string {
  return `INSERT INTO [${meta}] ([name], [type]) VALUES (?, ?)`;
}
