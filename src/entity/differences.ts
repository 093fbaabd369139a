import { historyColumns, systemFields } from "./names/reserved-names.ts";
import { equalValues } from "./values/equality.ts";
import type { Serializers } from "./values/serializers.ts";

/** One field in which two states of a record differ. */
export interface FieldDifference {
  readonly field: string;
  /** The value before; undefined when the field was added. */
  readonly before: unknown;
  /** The value after; undefined when the field was removed. */
  readonly after: unknown;
  readonly change: "added" | "removed" | "changed";
}

export interface DifferenceOptions {
  /** Whether to leave out what the library keeps itself: system fields and `history_…`. Default false. */
  readonly ignoreSystemFields?: boolean;
  /** Needed to compare values of types of your own by what they hold; see `equalValues`. */
  readonly serializers?: Serializers;
}

type RecordState = Readonly<Record<string, unknown>>;

const kept: ReadonlySet<string> = new Set<string>([...systemFields, ...historyColumns]);

/**
 * What changed from one state of a record to another: first the fields of `before`, in its order, then those that
 * only `after` has. Null is a record that does not exist. A field that is undefined is one that is not there; one
 * that is null is there.
 */
export function differences(
  before: RecordState | null,
  after: RecordState | null,
  options: DifferenceOptions = {},
): FieldDifference[] {
  const { ignoreSystemFields = false, serializers } = options;
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  return [...fields]
    .filter((field) => !(ignoreSystemFields && kept.has(field)))
    .map((field) => difference(field, ownValue(before, field), ownValue(after, field)))
    .filter((found) => !equalValues(found.before, found.after, serializers));
}

function difference(field: string, before: unknown, after: unknown): FieldDifference {
  const change = before === undefined ? "added" : after === undefined ? "removed" : "changed";
  return { field, before, after, change };
}

function ownValue(record: RecordState | null, field: string): unknown {
  return record !== null && Object.hasOwn(record, field) ? record[field] : undefined;
}
