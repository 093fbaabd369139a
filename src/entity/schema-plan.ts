import { SchemaConflictError, UnknownFieldError } from "../errors/index.ts";
import { type FieldType, formatFieldType, sameType } from "./kinds/field-type.ts";
import { fitsField } from "./kinds/fits.ts";
import { typeOf } from "./kinds/kind-of.ts";
import { widen } from "./kinds/widen.ts";
import { checkFieldName, checkFieldNames } from "./names/names.ts";
import { printable } from "./values/describe.ts";
import type { Serializers } from "./values/serializers.ts";

/** The fields of an entity, without the system fields. Immutable. */
export interface EntitySchema {
  readonly fields: ReadonlyMap<string, FieldType>;
}

/**
 * How far a save may change the schema.
 * - `auto`: fields are added, and widened where a value does not fit. A text field takes any value, as its text.
 * - `addOnly`: fields are added, and an undecided one is settled. A value of another kind is refused.
 * - `frozen`: nothing changes. Unknown fields are refused, and values for undecided ones.
 */
export type SchemaMode = "auto" | "addOnly" | "frozen";

export interface PlanOptions {
  readonly entity: string;
  readonly mode: SchemaMode;
  /** Most fields that the entity may have, not counting system fields. */
  readonly maxFields: number;
  readonly serializers: Serializers;
}

export interface Field {
  readonly name: string;
  readonly type: FieldType;
}

export interface Retype {
  readonly name: string;
  readonly from: FieldType;
  readonly to: FieldType;
  /** Whether the column's type changes; otherwise only what the meta table says. */
  readonly physical: boolean;
}

export type EvolutionPlan =
  | { readonly kind: "unchanged" }
  | { readonly kind: "create"; readonly fields: ReadonlyMap<string, FieldType> }
  | { readonly kind: "alter"; readonly add: readonly Field[]; readonly retype: readonly Retype[] };

/** A record's fields and values, without system fields. A field that is undefined is not given. */
export type FieldValues = Readonly<Record<string, unknown>>;

const unchanged: EvolutionPlan = { kind: "unchanged" };

/**
 * Plans what must change so that every record can be stored; `known` is null for an entity that has no tables.
 * All or nothing: a refusal leaves the schema as it is.
 *
 * When something must change, every value has been checked to its depth. When nothing must, only the kinds have:
 * the encoder looks inside before anything is sent, and no value is walked twice.
 *
 * Throws an `UnknownFieldError` (frozen), a `SchemaConflictError` (a value does not fit and its field may not
 * widen; too many fields), a `ValidationError` (a name or a value that cannot be stored).
 */
export function planEvolution(
  known: EntitySchema | null,
  records: Iterable<FieldValues>,
  options: PlanOptions,
): EvolutionPlan {
  // A second look is needed when something does not fit, and an iterator gives only one.
  const rows: readonly FieldValues[] = Array.isArray(records) ? records : [...records];
  if (rows.length === 0 || (known !== null && allFit(known.fields, rows, options.serializers)))
    return unchanged;
  const planner = new Planner(known, options);
  for (const record of rows) planner.take(record);
  return planner.plan();
}

/** The schema once the plan has been carried out. */
export function schemaAfter(known: EntitySchema | null, plan: EvolutionPlan): EntitySchema {
  if (plan.kind === "create") return { fields: plan.fields };
  const fields = new Map(known?.fields);
  if (plan.kind === "alter") {
    for (const { name, type } of plan.add) fields.set(name, type);
    for (const { name, to } of plan.retype) fields.set(name, to);
  }
  return { fields };
}

/** The path of nearly every save: one look at each value, and nothing allocated. */
function allFit(
  fields: ReadonlyMap<string, FieldType>,
  records: readonly FieldValues[],
  serializers: Serializers,
): boolean {
  for (const record of records) {
    for (const name in record) {
      const value = record[name];
      if (value === undefined || !Object.hasOwn(record, name)) continue;
      const type = fields.get(name);
      if (type === undefined || !fitsField(type, value, serializers)) return false;
    }
  }
  return true;
}

/** Takes records one by one, and holds the types that they lead to. */
class Planner {
  readonly #known: EntitySchema | null;
  readonly #options: PlanOptions;
  readonly #types: Map<string, FieldType>;

  constructor(known: EntitySchema | null, options: PlanOptions) {
    this.#known = known;
    this.#options = options;
    this.#types = new Map(known?.fields);
  }

  take(record: FieldValues): void {
    for (const [name, value] of Object.entries(record)) {
      if (value !== undefined) this.#takeValue(name, value);
    }
  }

  #takeValue(name: string, value: unknown): void {
    const { mode, serializers } = this.#options;
    const current = this.#types.get(name);
    if (current === undefined && mode === "frozen") throw this.#unknownField(name);
    if (current === undefined) checkFieldName(name, this.#options.entity);
    const incoming = typeOf(value, serializers, name);
    if (current === undefined) {
      this.#types.set(name, incoming);
      return;
    }
    const { result } = widen(current, incoming);
    if (mode !== "auto" && incoming.kind !== "undecided") this.#checkKept(name, incoming, current, result);
    this.#types.set(name, result);
  }

  /** Where fields do not widen: refuses a value that would change its field, or be changed by it. */
  #checkKept(name: string, incoming: FieldType, current: FieldType, result: FieldType): void {
    const { entity, mode } = this.#options;
    const stored = this.#known?.fields.get(name);
    const expected = stored ?? current;
    // A new field finds its type within the batch, as long as every value keeps its kind.
    const settled =
      stored !== undefined && stored.kind !== "undecided" ? sameType(result, stored) : mode !== "frozen";
    const keepsKind = result.kind !== "text" || incoming.kind === "text";
    const keepsOthers = result.kind !== "text" || current.kind === "text" || current.kind === "undecided";
    if (settled && keepsKind && keepsOthers) return;
    throw new SchemaConflictError(
      `field "${name}" of "${entity}": expected ${expectation(expected)}, came a value of type ` +
        `${formatFieldType(incoming)}; the schema is ${mode}, so the field keeps its type`,
    );
  }

  #unknownField(name: string): UnknownFieldError {
    const { entity } = this.#options;
    const came = `field ${printable(name)} of "${entity}"`;
    if (this.#known === null) {
      return new UnknownFieldError(
        `${came}: expected an entity that exists, since the schema is frozen; it has no tables yet`,
      );
    }
    const folded = name.toLowerCase();
    const other = [...this.#known.fields.keys()].find((field) => field.toLowerCase() === folded);
    const hint =
      other === undefined ? "correct the name, or add the field while the schema is open" : `use "${other}"`;
    return new UnknownFieldError(
      `${came}: expected a field that the entity has, since the schema is frozen; ${hint}`,
    );
  }

  plan(): EvolutionPlan {
    const known = this.#known;
    if (known === null) return this.#planCreation();
    const add: Field[] = [];
    const retype: Retype[] = [];
    for (const [name, type] of this.#types) {
      const from = known.fields.get(name);
      if (from === undefined) add.push({ name, type });
      else if (!sameType(from, type))
        retype.push({ name, from, to: type, physical: from.storage !== type.storage });
    }
    if (add.length === 0 && retype.length === 0) return unchanged;
    this.#checkNew(
      add.map(({ name }) => name),
      known.fields.keys(),
    );
    return { kind: "alter", add, retype };
  }

  #planCreation(): EvolutionPlan {
    const { entity, mode } = this.#options;
    if (mode === "frozen") {
      throw new SchemaConflictError(
        `entity "${entity}": expected one that exists, since the schema is frozen`,
      );
    }
    this.#checkNew([...this.#types.keys()], []);
    return { kind: "create", fields: this.#types };
  }

  #checkNew(names: readonly string[], known: Iterable<string>): void {
    const { entity, maxFields } = this.#options;
    checkFieldNames(names, known, entity);
    const count = this.#types.size;
    if (names.length === 0 || count <= maxFields) return;
    throw new SchemaConflictError(
      `entity "${entity}": expected at most ${maxFields} fields, came ${count}; ` +
        "put what varies into one field that holds an object, or raise maxFields",
    );
  }
}

function expectation(type: FieldType): string {
  return type.kind === "undecided"
    ? "null, since it has no type yet"
    : `a value of its type ${formatFieldType(type)}`;
}
