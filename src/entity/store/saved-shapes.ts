import type { AuditedSave, Dialect } from "../../backend/index.ts";
import type { StatementShare } from "../../sql/index.ts";
import { type EntityColumn, type EntityTable, systemColumnTypes } from "./entity-table.ts";

/** What is saved: a record with an id that was made for it, one that is taken to be there, or one that is not. */
export type Saves = "new" | "record" | "nothing";

/** How records of one shape are saved: made once, for a shape comes again and again. */
export interface SavedShape {
  readonly saves: Saves;
  readonly fields: readonly string[];
  readonly guards: readonly string[];
  /** The columns of `fields`. */
  readonly columns: readonly EntityColumn[];
  /** Takes what all saves have (`sharedValues`), then the fields' values, then the guards'. */
  readonly steps: readonly StatementShare[];
  /** Where each column of the record that was saved comes from: a place among those values, or in the row answered. */
  readonly sources: readonly Source[];
}

export interface Source {
  /** `nothing`: the column is null. */
  readonly from: "values" | "row" | "nothing";
  readonly place: number;
}

/** The values that every save has, in this order: those of `AuditedSave`, and the version of a record that is made. */
const sharedValues = ["id", "at", "user_id", "comment", "write_id", "revision", "first_version"] as const;

/** What is known of the system's columns: of a record that was made all of this, of another what was not answered. */
const systemValues: Readonly<Record<string, (typeof sharedValues)[number]>> = {
  id: "id",
  created_at: "at",
  created_by: "user_id",
  updated_at: "at",
  updated_by: "user_id",
  version: "first_version",
};

/** The shapes that were saved to each table, and the last of them, which is the likeliest to come next. */
const known = new WeakMap<EntityTable, { last: SavedShape; readonly all: Map<string, SavedShape> }>();
/** Applications save few shapes of a record. One that makes up ever new ones must not fill the memory. */
const mostShapes = 200;

export function savedShape(
  dialect: Required<Pick<Dialect, "auditedSteps">>,
  table: EntityTable,
  shape: Pick<SavedShape, "saves" | "fields" | "guards">,
  versionUnchanged: boolean,
): SavedShape {
  const shapes = known.get(table);
  if (shapes !== undefined && isSame(shapes.last, shape)) return shapes.last;
  const all = shapes?.all ?? new Map<string, SavedShape>();
  const key = `${shape.saves} ${shape.fields.join()};${shape.guards.join()}`;
  let found = all.get(key);
  if (found === undefined) {
    found = makeShape(dialect, table, shape, versionUnchanged);
    if (all.size >= mostShapes) all.clear();
    all.set(key, found);
  }
  if (shapes === undefined) known.set(table, { last: found, all });
  else shapes.last = found;
  return found;
}

function makeShape(
  dialect: Required<Pick<Dialect, "auditedSteps">>,
  table: EntityTable,
  { saves, fields, guards }: Pick<SavedShape, "saves" | "fields" | "guards">,
  versionUnchanged: boolean,
): SavedShape {
  const save: AuditedSave = {
    ...table.names,
    isNewId: saves === "new",
    versionUnchanged,
    columns: table.columns.map(({ name }) => name),
    fields: fields.map((name) => ({ name, type: table.schema.fields.get(name)?.storage ?? "text" })),
    guards: guards.map((name) => ({ name, type: systemColumnTypes.get(name)?.storage ?? "text" })),
  };
  const { steps, answers } = dialect.auditedSteps(save, saves === "record" ? "record" : "nothing");
  const names: readonly string[] = [
    ...sharedValues,
    ...fields.map((_, i) => `f${i}`),
    ...guards.map((_, i) => `g${i}`),
  ];
  const placeOf = (name: string) => names.indexOf(name);
  return {
    saves,
    fields,
    guards,
    columns: fields.flatMap((name) => table.fields.get(name) ?? []),
    steps: steps.map(({ sql, values }) => ({
      sql: table.statements.tagged(sql),
      places: values.map(placeOf),
    })),
    sources: table.columns.map(({ name }) => {
      if (answers.includes(name)) return { from: "row", place: answers.indexOf(name) };
      const place = placeOf(systemValues[name] ?? (fields.includes(name) ? `f${fields.indexOf(name)}` : ""));
      return { from: place < 0 ? "nothing" : "values", place };
    }),
  };
}

function isSame(one: SavedShape, other: Pick<SavedShape, "saves" | "fields" | "guards">): boolean {
  return one.saves === other.saves && areSame(one.fields, other.fields) && areSame(one.guards, other.guards);
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) if (some[i] !== others[i]) return false;
  return true;
}
