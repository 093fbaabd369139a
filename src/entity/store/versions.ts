import type { Params } from "../../connection/connection-core.ts";
import { NotFoundError, ValidationError } from "../../errors/index.ts";
import type { Operation } from "../../operation/index.ts";
import { describe } from "../values/describe.ts";
import { type EntityAccess, type Stale, stale } from "./access.ts";
import { quote } from "./entity-statements.ts";

/** Where `history_fields` and the schema's revision stand behind the columns of a version. */
const fieldsFromEnd = -2;

/**
 * Reads versions as whole rows, in the order of `EntityTable.versionColumns`. A version that was kept as a
 * difference is completed from the ones before it.
 */
export class VersionReader {
  readonly #access: EntityAccess;

  constructor(access: EntityAccess) {
    this.#access = access;
  }

  /** All versions of a record, ascending. */
  *all(id: string): Operation<unknown[][] | Stale> {
    const rows = yield* this.#select("[id] = ? ORDER BY [version]", [id]);
    return rows === stale ? stale : this.#completeAll(rows);
  }

  /** One version; null when there is none. */
  *at(id: string, version: number): Operation<unknown[] | null | Stale> {
    return yield* this.#one("[id] = ? AND [version] = ?", [id, version]);
  }

  /** The newest version that was written at or before a moment; null when there is none. */
  *asOf(id: string, at: Date): Operation<unknown[] | null | Stale> {
    const { history } = this.#access.table.names;
    const newest = `(SELECT MAX([version]) FROM [${history}] WHERE [id] = ? AND [history_timestamp] <= ?)`;
    return yield* this.#one(`[id] = ? AND [version] = ${newest}`, [id, id, at]);
  }

  /** The newest version of each record that was written at or before a moment, where `conditions` hold. */
  *allAsOf(at: Date, conditions: string, params: readonly unknown[]): Operation<unknown[][] | Stale> {
    const { history } = this.#access.table.names;
    const newest =
      `(SELECT MAX([newer].[version]) FROM [${history}] AS [newer] ` +
      `WHERE [newer].[id] = [${history}].[id] AND [newer].[history_timestamp] <= ?)`;
    const rows = yield* this.#select(
      `[version] = ${newest} AND [history_operation] <> 'purge'${conditions}`,
      [at, ...params],
    );
    if (rows === stale) return stale;
    const complete: unknown[][] = [];
    for (const row of rows) complete.push(isFull(row) ? row : yield* this.#completed(row));
    return complete;
  }

  *#select(where: string, params: Params): Operation<unknown[][] | Stale> {
    const { core, call, table } = this.#access;
    const sql = `${table.statements.selectVersions} WHERE ${where}`;
    const rows = yield* core.execute(sql, params, call);
    return rows[0] !== undefined && table.isStale(rows[0]) ? stale : rows;
  }

  *#one(where: string, params: Params): Operation<unknown[] | null | Stale> {
    const rows = yield* this.#select(where, params);
    if (rows === stale) return stale;
    const [row] = rows;
    if (row === undefined) return null;
    return isFull(row) ? row : yield* this.#completed(row);
  }

  /** Completes a difference from the versions before it. */
  *#completed(row: unknown[]): Operation<unknown[]> {
    const version = this.#value(row, "version");
    const rows = yield* this.#select(`${quote("id")} = ? AND [version] <= ? ORDER BY [version]`, [
      row[0],
      version,
    ]);
    return rows === stale ? row : (this.#completeAll(rows).at(-1) ?? row);
  }

  #value(row: readonly unknown[], name: string): unknown {
    return row[this.#access.table.versionColumns.findIndex((column) => column.name === name)];
  }

  #completeAll(rows: unknown[][]): unknown[][] {
    return completeDifferences(rows, [...this.#access.table.fields.keys()]);
  }
}

/**
 * Carries each field that a difference does not hold over from the version before. `rows` are the versions of one
 * record, ascending: the id, `fields`, and whatever follows, of which the last but one says what the version holds.
 */
export function completeDifferences(rows: unknown[][], fields: readonly string[]): unknown[][] {
  let before: readonly unknown[] | undefined;
  for (const row of rows) {
    if (!isFull(row) && before !== undefined) {
      const changed = new Set(fieldNames(row.at(fieldsFromEnd)));
      for (const [i, name] of fields.entries()) if (!changed.has(name)) row[i + 1] = before[i + 1];
    }
    before = row;
  }
  return rows;
}

function isFull(row: readonly unknown[]): boolean {
  return row.at(fieldsFromEnd) === null;
}

function fieldNames(raw: unknown): string[] {
  const names: unknown = typeof raw === "string" ? JSON.parse(raw) : raw;
  return Array.isArray(names) ? names.map(String) : [];
}

export function checkVersion(version: unknown): number {
  if (typeof version === "number" && Number.isSafeInteger(version) && version > 0) return version;
  const came = typeof version === "number" ? String(version) : describe(version);
  throw new ValidationError(`expected a version to be a whole number from 1, got ${came}`);
}

export function checkMoment(at: unknown): Date {
  if (at instanceof Date && !Number.isNaN(at.getTime())) return at;
  throw new ValidationError(`expected a moment to be a valid Date, got ${describe(at)}`);
}

export function noSuchVersion(entity: string, id: string, version: number): NotFoundError {
  return new NotFoundError(`"${entity}" ${JSON.stringify(id)} has no version ${version}`);
}
