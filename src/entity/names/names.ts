import { ValidationError } from "../../errors/index.ts";
import { describe, printable } from "../values/describe.ts";
import { textProblem } from "../values/text-check.ts";
import {
  derivedTableSuffixes,
  isPrototypeName,
  reservedColumn,
  reservedEntityPrefixes,
} from "./reserved-names.ts";

export { indexName, type TableNames, tableNames } from "./physical-names.ts";
export { historyColumns, isSystemField, systemFields } from "./reserved-names.ts";

/** PostgreSQL cuts names at 63 bytes in silence, and the longest name made from an entity's is `<name>_history`. */
const maxEntityBytes = 54;
const maxFieldBytes = 63;
const maxIdUnits = 255;

const identifier = /^[A-Za-z][A-Za-z0-9_]*$/;

/**
 * Answers an entity's name, or throws a `ValidationError`. ASCII letters, digits and underscores, a letter first,
 * at most 54; not ending in `_history` or `_meta`, and not starting as a database's own tables do.
 *
 * Two accepted names that differ by more than case never share a table, nor one made from them.
 */
export function checkEntityName(name: unknown): string {
  if (typeof name === "string" && goodEntityNames.has(name)) return name;
  const text = checkIdentifier(name, "entity name", maxEntityBytes);
  const folded = text.toLowerCase();
  const suffix = derivedTableSuffixes.find((end) => folded.endsWith(end));
  if (suffix !== undefined) {
    throw refusal(
      "entity name",
      `a name that does not end in ${suffix}, which the library adds itself`,
      text,
    );
  }
  const prefix = reservedEntityPrefixes.find((start) => folded.startsWith(start));
  if (prefix !== undefined) {
    throw refusal("entity name", `a name that does not start with ${prefix}, which a database keeps`, text);
  }
  return remember(goodEntityNames, text);
}

/**
 * Answers the name of a field that a user may have, or throws a `ValidationError`. ASCII letters, digits and
 * underscores, a letter first, at most 63; no system field in any case, and not starting with `history_`.
 */
export function checkFieldName(name: unknown, entity: string): string {
  if (typeof name === "string" && goodFieldNames.has(name)) return name;
  const what = `field name of ${printable(entity)}`;
  const text = checkIdentifier(name, what, maxFieldBytes);
  const owner = reservedColumn(text);
  if (owner === null) return remember(goodFieldNames, text);
  const expected =
    owner === "library"
      ? "a name that the library does not keep for itself (system fields, history_…)"
      : "a name that no database keeps for itself";
  throw refusal(what, expected, text);
}

/** Names that were found to be good. Nearly every name that comes has been seen before. */
const goodEntityNames = new Set<string>();
const goodFieldNames = new Set<string>();
const mostGoodNames = 5_000;

function remember(goodNames: Set<string>, name: string): string {
  if (goodNames.size >= mostGoodNames) goodNames.clear();
  goodNames.add(name);
  return name;
}

/**
 * Checks names as `checkFieldName` does, and refuses two that differ only by case, among themselves or against
 * the fields that the entity has: SQLite and MySQL take them for one column.
 */
export function checkFieldNames(names: Iterable<unknown>, known: Iterable<string>, entity: string): void {
  const byFolded = new Map<string, string>();
  for (const name of known) byFolded.set(name.toLowerCase(), name);
  for (const name of names) {
    const text = checkFieldName(name, entity);
    const other = byFolded.get(text.toLowerCase());
    if (other !== undefined && other !== text) {
      throw new ValidationError(
        `field name of ${printable(entity)}: expected names that differ by more than case, ` +
          `came ${printable(text)} beside ${printable(other)}; use one spelling`,
      );
    }
    byFolded.set(text.toLowerCase(), text);
  }
}

/** Answers a record's id, or throws a `ValidationError`: 1 to 255 UTF-16 units of well-formed text without NUL. */
export function checkId(id: unknown): string {
  if (typeof id !== "string") {
    const hint = typeof id === "number" || typeof id === "bigint" ? "; use String(id)" : "";
    throw new ValidationError(`id: expected a string, came ${describe(id)}${hint}`);
  }
  if (id === "" || id.length > maxIdUnits) {
    throw new ValidationError(`id: expected 1 to ${maxIdUnits} characters, came ${id.length}`);
  }
  const problem = textProblem(id);
  if (problem === null) return id;
  throw new ValidationError(`id: expected text that every database can keep, came a string with ${problem}`);
}

function checkIdentifier(name: unknown, what: string, maxBytes: number): string {
  if (typeof name !== "string" || !identifier.test(name)) {
    throw refusal(what, "ASCII letters, digits and underscores, beginning with a letter", name);
  }
  if (name.length > maxBytes) {
    throw refusal(what, `at most ${maxBytes} characters`, name, ` of ${name.length} characters`);
  }
  if (isPrototypeName(name)) {
    throw refusal(what, "a name that means nothing to JavaScript's objects", name);
  }
  return name;
}

function refusal(what: string, expected: string, came: unknown, detail = ""): ValidationError {
  return new ValidationError(`${what}: expected ${expected}, came ${printable(came)}${detail}`);
}
