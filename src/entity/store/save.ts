import { randomUUID } from "node:crypto";
import { ValidationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { equalValues } from "../codec/codec.ts";
import { isStale, type Stale, stale } from "./access.ts";
import type { EntityRecord, EntityTable } from "./entity-table.ts";
import type { SaveOptions } from "./options.ts";
import { checkNewNames, type RecordInput } from "./record-input.ts";
import type { RecordWriter, StoredRow } from "./write.ts";

/** What a save has to do, once it is known what is stored. */
type SavePlan =
  | { readonly does: "insert" }
  | { readonly does: "update"; readonly current: StoredRow }
  | { readonly does: "nothing"; readonly current: StoredRow };

/** Saves one record inside the transaction that `writer` works in. */
export function* saveRecord(
  writer: RecordWriter,
  input: RecordInput,
  options: SaveOptions | undefined,
): Operation<EntityRecord | Stale> {
  const { table, settings } = writer.access;
  checkNewNames(table.entity, input, table.schema.fields.keys());
  if (input.id === undefined) {
    writer.checkExpected("", null, options);
    if (yield* isStale(writer.access)) return stale;
    return yield* writer.insert(randomUUID(), input.values, "insert", true);
  }
  const current = yield* writer.current(input.id);
  if (current === stale) return stale;
  checkPrecondition(writer, input.id, current, input, options);
  const plan = planSave(current, input, settings.unchangedSaves, table);
  switch (plan.does) {
    case "insert":
      return yield* writer.insert(input.id, input.values, "insert", false);
    case "update":
      return yield* writer.update(
        plan.current,
        input.values,
        plan.current.deleted ? "restore" : "update",
        null,
      );
    case "nothing":
      return plan.current.record;
  }
}

/** Refuses a save that is based on another state than the one that is stored. */
export function checkPrecondition(
  writer: RecordWriter,
  id: string,
  current: StoredRow | null,
  input: RecordInput,
  options: SaveOptions | undefined,
): void {
  writer.checkExpected(id, current, options);
  const { asRead } = input;
  if (asRead === undefined) return;
  writer.checkExpected(id, current, { expectedVersion: asRead.version });
  for (const [name, value] of Object.entries(asRead)) {
    if (equalValues(value, current?.record[name] ?? null)) continue;
    throw new ValidationError(
      `expected the system field "${name}" as it was read, got another value; system fields are kept by the store and cannot be set`,
    );
  }
}

/** A save of a deleted record brings it back. One that would change nothing makes no version, unless asked to. */
export function planSave(
  current: StoredRow | null,
  input: RecordInput,
  unchangedSaves: "skip" | "version",
  table: EntityTable,
): SavePlan {
  if (current === null) return { does: "insert" };
  if (current.deleted || unchangedSaves === "version") return { does: "update", current };
  const changed = Object.entries(input.values).some(([name, value]) => {
    const field = table.fields.get(name);
    return field === undefined || !field.equals(field.normalise(value), current.record[name] ?? null);
  });
  return { does: changed ? "update" : "nothing", current };
}
