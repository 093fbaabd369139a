import type { HistoryOperation } from "../entity/index.ts";

/** Entities by name, each with the type of its records' fields: `{ users: { name: string; age: number } }`. */
export type AnySchema = Record<string, Record<string, unknown>>;

/** What the store adds to every record. Times are UTC; `version` counts from 1. */
export interface SystemFields {
  /** Unique within the entity, compared byte by byte; at most 255 UTF-16 units. */
  readonly id: string;
  readonly created_at: Date;
  /** `userId` of the first save; null when none was given. */
  readonly created_by: string | null;
  /** When the newest version was written. */
  readonly updated_at: Date;
  /** `userId` of the newest version. */
  readonly updated_by: string | null;
  /** When the record was softly deleted; null while it lives. */
  readonly deleted_at: Date | null;
  /** Counts every change of the record, from 1, and goes on counting when a removed id is used again. */
  readonly version: number;
}

/** What a version tells beyond the record's own fields. */
export interface VersionFields {
  /** When the version was written. */
  readonly history_timestamp: Date;
  /** Who wrote it: `userId` of the call or the context. */
  readonly history_user_id: string | null;
  /** Why: `comment` of the call or the context. */
  readonly history_comment: string | null;
  /** What it came from. */
  readonly history_operation: HistoryOperation;
}

/** A record's fields as they are read: one that was never given is null. */
type ReadFields<T> = {
  [K in keyof T]-?: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K];
};

/** A record with typed values (`deserialize: true`). */
export type Stored<T> = ReadFields<Omit<T, keyof SystemFields>> & SystemFields;

/** A record with every value as text, or null (`deserialize: false`). */
export type StoredText<T> = { readonly [K in keyof T | keyof SystemFields]: string | null } & {
  readonly id: string;
};

/** A version of a record with typed values. */
export type Version<T> = Stored<T> & VersionFields;

/** A version of a record with every value as text, or null. */
export type VersionText<T> = StoredText<T> & { readonly [K in keyof VersionFields]: string | null };

/**
 * What can be saved: some or all of the fields; one that is undefined is not given. With an `id` that is stored already, the others keep their values.
 * A record that was read may be saved again as it is; its `version` must then still be the stored one.
 */
export type RecordInput<T> = { readonly [K in keyof T]?: T[K] | null | undefined } & Partial<SystemFields>;

export type EntityName<S> = keyof S & string;

/** A record in the shape that was asked for. */
export type Shaped<T, Typed extends boolean> = Typed extends true ? Stored<T> : StoredText<T>;
export type ShapedVersion<T, Typed extends boolean> = Typed extends true ? Version<T> : VersionText<T>;
