import type { CallOptions } from "../connection/index.ts";
import type {
  DeleteOptions,
  EntityDescription,
  FieldDifference,
  FilterOptions,
  FindOptions,
  GetOptions,
  IndexOptions,
  PruneOptions,
  SaveOptions,
} from "../entity/index.ts";
import type { Answer, Face } from "./answer.ts";
import type { Queries } from "./queries.ts";
import type { RecordInput, Stored, Version } from "./records.ts";
import { vouchAnswer } from "./vouch.ts";

const typed = { deserialize: true } as const;

/**
 * One entity, with its records as typed values. Get it with `entity<User>("users")` from a database, a connection or
 * a transaction; it works where that works.
 */
export class EntityHandle<F extends Face, T> {
  readonly name: string;
  readonly #queries: Queries<F>;

  constructor(queries: Queries<F>, name: string) {
    this.#queries = queries;
    this.name = name;
  }

  /** See `saveEntity`. */
  save(record: RecordInput<T>, options?: SaveOptions): Answer<F, Stored<T>> {
    return vouchAnswer<F, Stored<T>>(this.#queries.saveEntity(this.name, record, options));
  }

  /** See `saveEntities`. */
  saveMany(records: readonly RecordInput<T>[], options?: SaveOptions): Answer<F, Stored<T>[]> {
    return vouchAnswer<F, Stored<T>[]>(this.#queries.saveEntities(this.name, records, options));
  }

  /** See `getEntity`. */
  get(id: string, options?: GetOptions): Answer<F, Stored<T> | null> {
    return vouchAnswer<F, Stored<T> | null>(this.#queries.getEntity(this.name, id, { ...options, ...typed }));
  }

  /** See `findEntities`. */
  find(options?: FindOptions): Answer<F, Stored<T>[]> {
    return vouchAnswer<F, Stored<T>[]>(this.#queries.findEntities(this.name, { ...options, ...typed }));
  }

  /** See `countEntities`. */
  count(options?: FilterOptions): Answer<F, number> {
    return this.#queries.countEntities(this.name, options);
  }

  /** See `deleteEntity`. */
  delete(id: string, options?: DeleteOptions): Answer<F, boolean> {
    return this.#queries.deleteEntity(this.name, id, options);
  }

  /** See `restoreEntity`. */
  restore(id: string, options?: SaveOptions): Answer<F, boolean> {
    return this.#queries.restoreEntity(this.name, id, options);
  }

  /** See `getEntityHistory`. */
  history(id: string, options?: CallOptions): Answer<F, Version<T>[]> {
    return vouchAnswer<F, Version<T>[]>(
      this.#queries.getEntityHistory(this.name, id, { ...options, ...typed }),
    );
  }

  /** See `getEntityByVersion`. */
  version(id: string, version: number, options?: CallOptions): Answer<F, Version<T> | null> {
    return vouchAnswer<F, Version<T> | null>(
      this.#queries.getEntityByVersion(this.name, id, version, { ...options, ...typed }),
    );
  }

  /** See `getEntityAsOf`. */
  asOf(id: string, at: Date, options?: GetOptions): Answer<F, Version<T> | null> {
    return vouchAnswer<F, Version<T> | null>(
      this.#queries.getEntityAsOf(this.name, id, at, { ...options, ...typed }),
    );
  }

  /** See `findEntitiesAsOf`. */
  findAsOf(at: Date, options?: FindOptions): Answer<F, Version<T>[]> {
    return vouchAnswer<F, Version<T>[]>(
      this.#queries.findEntitiesAsOf(this.name, at, { ...options, ...typed }),
    );
  }

  /** See `diffEntityVersions`. */
  diff(id: string, from: number, to: number, options?: CallOptions): Answer<F, FieldDifference[]> {
    return this.#queries.diffEntityVersions(this.name, id, from, to, options);
  }

  /** See `revertEntity`. */
  revert(id: string, version: number, options?: SaveOptions): Answer<F, Stored<T>> {
    return vouchAnswer<F, Stored<T>>(this.#queries.revertEntity(this.name, id, version, options));
  }

  /** See `ensureIndex`. */
  ensureIndex(fields: readonly (keyof T & string)[], options?: IndexOptions): Answer<F, boolean> {
    return this.#queries.ensureIndex(this.name, fields, options);
  }

  /** See `pruneHistory`. */
  pruneHistory(options: PruneOptions): Answer<F, number> {
    return this.#queries.pruneHistory(this.name, options);
  }

  /** See `describeEntity`. */
  describe(options?: CallOptions): Answer<F, EntityDescription | null> {
    return this.#queries.describeEntity(this.name, options);
  }
}
