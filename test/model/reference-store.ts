import { isDeepStrictEqual } from "node:util";
import { inField, join, type Kind, kindOf, textOf } from "./reference-values.ts";

type Values = Record<string, unknown>;

/** A call that the store must refuse with this code. */
export class Refused extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

export interface Author {
  readonly at: Date;
  readonly userId: string | null;
  readonly comment: string | null;
}

export interface Settings {
  readonly unchangedSaves: "skip" | "version";
  /** Whether a change of schema is rolled back with its transaction; else it is made apart from it, and stays. */
  readonly transactionalDdl: boolean;
}

interface System {
  created_at: Date;
  created_by: string | null;
  updated_at: Date;
  updated_by: string | null;
  deleted_at: Date | null;
  version: number;
}

interface Row {
  values: Values;
  system: System;
}

interface Version extends Row {
  history: Values & { readonly history_timestamp: Date; readonly history_operation: string };
}

/** Everything that is stored of one entity. */
interface State {
  exists: boolean;
  fields: Map<string, Kind>;
  rows: Map<string, Row>;
  history: Map<string, Version[]>;
  /** Whether `u` has a unique index. */
  unique: boolean;
}

interface Scope {
  readonly before: State;
  doomed: boolean;
}

const systemNames: ReadonlySet<string> = new Set([
  "created_at",
  "created_by",
  "updated_at",
  "updated_by",
  "deleted_at",
  "version",
]);

/** One entity as it should be: plain maps, copied whole when a transaction begins. */
export class ReferenceStore {
  readonly #settings: Settings;
  readonly #scopes: Scope[] = [];
  #used = false;
  #state: State = { exists: false, fields: new Map(), rows: new Map(), history: new Map(), unique: false };

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  // --- transactions ---

  get inTransaction(): boolean {
    return this.#scopes.length > 0;
  }

  get doomed(): boolean {
    return this.#scopes.at(-1)?.doomed === true;
  }

  begin(): void {
    this.#checkUsable();
    if (!this.inTransaction) this.#used = false;
    this.#scopes.push({ before: structuredClone(this.#state), doomed: false });
  }

  commit(): void {
    if (this.doomed) {
      this.rollBack();
      throw new Refused("STRATA_TRANSACTION_DOOMED");
    }
    this.#scopes.pop();
  }

  rollBack(): void {
    const scope = this.#scopes.pop();
    if (scope !== undefined) this.#state = scope.before;
  }

  // --- writes ---

  /** `newId` is the id for a record without one. */
  save(record: Values, author: Author, expected: number | undefined, newId: string): Values {
    const [saved] = this.saveMany([record], author, expected, [newId]);
    return saved ?? {};
  }

  /**
   * Which of two records meets a unique value first is not promised, only that those that are there go before new ones.
   * So where one order of them would be refused and another would not, the store may do either: `wasRefused` is what it
   * did.
   */
  saveMany(
    records: readonly Values[],
    author: Author,
    expected: number | undefined,
    newIds: readonly string[],
    wasRefused = false,
  ): Values[] {
    return this.#atomically(() => {
      if (records.length === 0) return [];
      this.#evolve(records);
      this.#use();
      const ids = records.map((record, i) => String(record.id ?? newIds[i]));
      const plans = records.map((record, i) => ({ i, id: ids[i] ?? "", record }));
      const saved: Values[] = [];
      const save = ({ i, id, record }: (typeof plans)[number]) => {
        saved[i] = this.#saveOne(id, record, author, expected);
      };
      const isNew = new Set(ids.filter((id) => !this.#state.rows.has(id)));
      if (new Set(ids).size < ids.length) {
        for (const plan of plans) save(plan);
      } else {
        for (const { id, record } of plans) this.#checkExpected(id, record, expected);
        const [present, made] = [false, true].map((wanted) =>
          this.#orders(plans.filter(({ id }) => isNew.has(id) === wanted)),
        );
        const orders = (present ?? []).flatMap((first) => (made ?? []).map((then) => [...first, ...then]));
        this.#inSomeOrder(orders, save, wasRefused);
      }
      return saved;
    });
  }

  delete(
    id: string,
    options: { readonly permanent: boolean; readonly purgeHistory: boolean },
    author: Author,
    expected: number | undefined,
  ): boolean {
    return this.#atomically(() => {
      this.#use();
      this.#checkExpected(id, {}, expected);
      const row = this.#state.rows.get(id);
      if (row === undefined) return false;
      if (!options.permanent) {
        if (row.system.deleted_at !== null) return false;
        this.#update(id, row, {}, author, "delete", author.at);
        return true;
      }
      if (!options.purgeHistory) this.#update(id, row, {}, author, "purge", author.at);
      this.#state.rows.delete(id);
      if (options.purgeHistory) this.#state.history.delete(id);
      return true;
    });
  }

  restore(id: string, author: Author, expected: number | undefined): boolean {
    return this.#atomically(() => {
      this.#use();
      this.#checkExpected(id, {}, expected);
      const row = this.#state.rows.get(id);
      if (row === undefined || row.system.deleted_at === null) return false;
      this.#update(id, row, {}, author, "restore", null);
      return true;
    });
  }

  revert(id: string, version: number, author: Author, expected: number | undefined): Values {
    return this.#atomically(() => {
      this.#use();
      this.#checkExpected(id, {}, expected);
      const then = this.#versionsOf(id).find(({ system }) => system.version === version);
      if (then === undefined) throw new Refused("STRATA_NOT_FOUND");
      const values = this.#complete(then.values);
      const row = this.#state.rows.get(id);
      if (row === undefined) this.#insert(id, values, author, "revert");
      else this.#update(id, row, values, author, "revert", null);
      return this.#record(id);
    });
  }

  prune(keep: number, olderThan: Date | undefined): number {
    return this.#atomically(() => {
      this.#use();
      let removed = 0;
      for (const [id, versions] of this.#state.history) {
        const newest = versions.at(-1)?.system.version ?? 0;
        const staying = versions.filter(
          ({ system, history }) =>
            system.version > newest - keep ||
            (olderThan !== undefined && history.history_timestamp >= olderThan),
        );
        removed += versions.length - staying.length;
        this.#state.history.set(id, staying);
      }
      return removed;
    });
  }

  /** Makes the unique index on `u`. */
  ensureUnique(): boolean {
    return this.#atomically(() => {
      const kind = this.#state.fields.get("u");
      if (kind === undefined || kind === "undecided") throw new Refused("STRATA_VALIDATION");
      if (this.#state.unique) return false;
      const values = [...this.#state.rows.values()]
        .filter(({ system }) => system.deleted_at === null)
        .map(({ values }) => values.u ?? null)
        .filter((value) => value !== null);
      if (new Set(values).size < values.length) throw new Refused("STRATA_UNIQUE_VIOLATION");
      this.#state.unique = true;
      return true;
    });
  }

  // --- reads ---

  /** Kinds by field, and how many indexes there are; null without tables. */
  describe(): { readonly fields: Values; readonly indexes: number } | null {
    const { exists, fields, unique } = this.#state;
    return exists ? { fields: Object.fromEntries(fields), indexes: unique ? 1 : 0 } : null;
  }

  ids(): string[] {
    return [...new Set([...this.#state.rows.keys(), ...this.#state.history.keys()])].sort();
  }

  get(id: string, includeDeleted: boolean): Values | null {
    this.#use();
    const row = this.#state.rows.get(id);
    if (row === undefined || (row.system.deleted_at !== null && !includeDeleted)) return null;
    return this.#record(id);
  }

  find(includeDeleted: boolean): Values[] {
    return this.ids().flatMap((id) => [this.get(id, includeDeleted)].filter((record) => record !== null));
  }

  history(id: string): Values[] {
    this.#use();
    return this.#versionsOf(id).map((version) => this.#versionRecord(id, version));
  }

  version(id: string, version: number): Values | null {
    return this.history(id).find((record) => record.version === version) ?? null;
  }

  asOf(id: string, at: Date, includeDeleted: boolean): Values | null {
    const last = this.#versionsOf(id).findLast(({ history }) => history.history_timestamp <= at);
    if (last === undefined || last.history.history_operation === "purge") return null;
    if (last.system.deleted_at !== null && !includeDeleted) return null;
    return this.#versionRecord(id, last);
  }

  findAsOf(at: Date, includeDeleted: boolean): Values[] {
    return this.ids().flatMap((id) =>
      [this.asOf(id, at, includeDeleted)].filter((record) => record !== null),
    );
  }

  /** Names of fields with the values before and after. */
  diff(id: string, from: number, to: number): (readonly [string, unknown, unknown])[] {
    const [before, after] = [from, to].map((version) => {
      const found = this.#versionsOf(id).find(({ system }) => system.version === version);
      if (found === undefined) throw new Refused("STRATA_NOT_FOUND");
      return this.#complete(found.values);
    });
    return [...this.#state.fields.keys()]
      .sort()
      .map((field) => [field, before?.[field], after?.[field]] as const)
      .filter(([, then, now]) => !isDeepStrictEqual(then, now));
  }

  /** A record as it is read without types: each value as text, or null. */
  static asText(record: Values): Record<string, string | null> {
    return Object.fromEntries(
      Object.entries(record).map(([name, value]) => [name, value === null ? null : textOf(value)]),
    );
  }

  // --- how it is done ---

  /** All orders of some plans, if it matters in which order they are carried out. */
  #orders<T>(plans: readonly T[]): (readonly T[])[] {
    if (plans.length < 2 || !this.#state.unique) return [plans];
    return plans.flatMap((plan) =>
      this.#orders(plans.filter((other) => other !== plan)).map((others) => [plan, ...others]),
    );
  }

  #inSomeOrder<T>(orders: readonly (readonly T[])[], save: (plan: T) => void, wasRefused: boolean): void {
    const before = this.#state;
    const refusals: unknown[] = [];
    let after: State | undefined;
    for (const order of orders) {
      this.#state = structuredClone(before);
      try {
        for (const plan of order) save(plan);
        after = this.#state;
      } catch (error) {
        refusals.push(error);
      }
    }
    this.#state = after ?? before;
    if (after === undefined || (wasRefused && refusals.length > 0)) throw refusals[0];
  }

  #saveOne(id: string, record: Values, author: Author, expected: number | undefined): Values {
    this.#checkExpected(id, record, expected);
    const values: Values = {};
    for (const [name, value] of Object.entries(record)) {
      if (name === "id" || systemNames.has(name) || value === undefined) continue;
      values[name] = inField(value, this.#state.fields.get(name) ?? "undecided");
    }
    const row = this.#state.rows.get(id);
    if (row === undefined) this.#insert(id, values, author, "insert");
    else if (row.system.deleted_at !== null) this.#update(id, row, values, author, "restore", null);
    else if (this.#settings.unchangedSaves === "version" || changes(row.values, values)) {
      this.#update(id, row, values, author, "update", null);
    }
    return this.#record(id);
  }

  #checkExpected(id: string, record: Values, expected: number | undefined): void {
    const row = this.#state.rows.get(id);
    const version = row?.system.version ?? 0;
    if (expected !== undefined && expected !== version) throw new Refused("STRATA_VERSION_CONFLICT");
    const asRead = Object.entries(record).filter(([name]) => systemNames.has(name));
    if (asRead.length === 0) return;
    if (record.version !== version) throw new Refused("STRATA_VERSION_CONFLICT");
    const stored = new Map<string, unknown>(Object.entries(row?.system ?? {}));
    if (!asRead.every(([name, value]) => isDeepStrictEqual(value, stored.get(name)))) {
      throw new Refused("STRATA_VALIDATION");
    }
  }

  #insert(id: string, values: Values, { at, userId, comment }: Author, operation: string): void {
    const last = this.#versionsOf(id).at(-1)?.system.version ?? 0;
    const system: System = {
      created_at: at,
      created_by: userId,
      updated_at: at,
      updated_by: userId,
      deleted_at: null,
      version: last + 1,
    };
    this.#put(id, { values, system }, { at, userId, comment }, operation);
  }

  #update(
    id: string,
    { values: before, system }: Row,
    values: Values,
    { at, userId, comment }: Author,
    operation: string,
    deletedAt: Date | null,
  ): void {
    const row: Row = {
      values: { ...before, ...values },
      system: {
        ...system,
        updated_at: at,
        updated_by: userId,
        deleted_at: deletedAt,
        version: system.version + 1,
      },
    };
    this.#put(id, row, { at, userId, comment }, operation);
  }

  #put(id: string, row: Row, { at, userId, comment }: Author, operation: string): void {
    this.#checkUnique(id, row);
    this.#state.rows.set(id, row);
    const history = {
      history_timestamp: at,
      history_user_id: userId,
      history_comment: comment,
      history_operation: operation,
    };
    this.#state.history.set(id, [...this.#versionsOf(id), { ...structuredClone(row), history }]);
  }

  #checkUnique(id: string, { values, system }: Row): void {
    const value = values.u ?? null;
    if (!this.#state.unique || value === null || system.deleted_at !== null) return;
    for (const [other, row] of this.#state.rows) {
      if (other === id || row.system.deleted_at !== null || row.values.u !== value) continue;
      throw new Refused("STRATA_UNIQUE_VIOLATION");
    }
  }

  /** Adds and widens fields so that the records fit, and turns what is stored into its new form. */
  #evolve(records: readonly Values[]): void {
    const wanted = new Map(this.#state.fields);
    for (const record of records) {
      for (const [name, value] of Object.entries(record)) {
        if (name === "id" || systemNames.has(name) || value === undefined) continue;
        const kind = wanted.get(name);
        wanted.set(name, kind === undefined ? kindOf(value) : join(kind, kindOf(value)));
      }
    }
    if (this.#state.exists && isDeepStrictEqual(wanted, this.#state.fields)) return;
    const states = [this.#state];
    if (!this.#settings.transactionalDdl) {
      if (this.inTransaction && this.#used) throw new Refused("STRATA_SCHEMA_CONFLICT");
      states.push(...this.#scopes.map(({ before }) => before));
    }
    for (const state of states) widen(state, wanted);
  }

  #use(): void {
    this.#checkUsable();
    if (this.#state.exists) this.#used = true;
  }

  #checkUsable(): void {
    if (this.doomed) throw new Refused("STRATA_TRANSACTION_DOOMED");
  }

  /** A refused call changes nothing. A failed statement, in a transaction, leaves nothing to be done but a rollback. */
  #atomically<T>(work: () => T): T {
    this.#checkUsable();
    const before = structuredClone(this.#state);
    try {
      return work();
    } catch (error) {
      const { fields, exists } = this.#state;
      this.#state = before;
      if (!this.#settings.transactionalDdl && exists) widen(this.#state, fields);
      const scope = this.#scopes.at(-1);
      if (scope !== undefined && error instanceof Refused && error.code === "STRATA_UNIQUE_VIOLATION") {
        scope.doomed = true;
      }
      throw error;
    }
  }

  #versionsOf(id: string): Version[] {
    return this.#state.history.get(id) ?? [];
  }

  #complete(values: Values): Values {
    return Object.fromEntries([...this.#state.fields.keys()].map((name) => [name, values[name] ?? null]));
  }

  #record(id: string): Values {
    const row = this.#state.rows.get(id);
    return row === undefined ? {} : { id, ...this.#complete(row.values), ...row.system };
  }

  #versionRecord(id: string, { values, system, history }: Version): Values {
    return { id, ...this.#complete(values), ...system, ...history };
  }
}

function changes(stored: Values, given: Values): boolean {
  return Object.entries(given).some(([name, value]) => !isDeepStrictEqual(stored[name] ?? null, value));
}

function widen(state: State, wanted: ReadonlyMap<string, Kind>): void {
  state.exists = true;
  state.fields = new Map(wanted);
  for (const row of [...state.rows.values(), ...[...state.history.values()].flat()]) {
    for (const [name, kind] of wanted) row.values[name] = inField(row.values[name] ?? null, kind);
  }
}
