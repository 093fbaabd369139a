import type { CallOptions } from "../../connection/call.ts";

/** How far an entity's tables may change by themselves. */
export type SchemaMode = "auto" | "addOnly" | "frozen";

/** What the configuration says of the entity store. */
export interface EntitySettings {
  /**
   * `auto` (default): new fields add columns, and a value that does not fit widens its field.
   * `addOnly`: new fields add columns; a value that does not fit is a `SchemaConflictError`.
   * `frozen`: no DDL at all; an unknown field is an `UnknownFieldError`.
   */
  readonly schema: SchemaMode;
  /** Whether reads answer typed values (true) or every value as text (false, the default). */
  readonly deserialize: boolean;
  /** What a save that changes nothing does: `skip` (default) makes no version, `version` makes one. */
  readonly unchangedSaves: "skip" | "version";
  /** What a version keeps: `full` (default), or `delta`, only the fields that changed, for large records. */
  readonly history: "full" | "delta";
  /** Most fields of one entity. Default 300. */
  readonly maxFields: number;
  /**
   * Whether a change of the schema may commit the transaction that it comes up in, where the database cannot do
   * otherwise (MySQL). Default false: such a save is refused.
   */
  readonly allowImplicitCommit: boolean;
}

/** Who writes and why; both default to what `withContext` says, and are kept with the version. */
export interface WriteOptions extends CallOptions {
  /** Who: an id of your own choice. */
  readonly userId?: string | undefined;
  /** Why, in words. */
  readonly comment?: string | undefined;
}

/** How a record is saved. */
export interface SaveOptions extends WriteOptions {
  /**
   * The version that the write is based on; 0 says that the record must not exist yet. When another version is
   * stored, nothing is written and a `VersionConflictError` is thrown. Default: no check.
   */
  readonly expectedVersion?: number | undefined;
}

/** How a record is deleted. */
export interface DeleteOptions extends SaveOptions {
  /** Whether the record itself is removed. Default false: it is hidden, and can be restored. */
  readonly permanent?: boolean;
  /** With `permanent`: whether its history is removed too, so that nothing of it is left. Default false. */
  readonly purgeHistory?: boolean;
}

/** How records are read. */
export interface GetOptions extends CallOptions {
  /** Whether a record that was softly deleted is answered too. Default false. */
  readonly includeDeleted?: boolean;
}

export type OrderDirection = "asc" | "desc";

/** `"name"`, `"[name] DESC, age"`, or a list of fields, each perhaps with a direction. Never SQL. */
export type OrderBy =
  | string
  | readonly (string | { readonly field: string; readonly direction?: OrderDirection })[];

/** Which records are meant. */
export interface FilterOptions extends GetOptions {
  /** A condition in portable SQL, with `?` for each value: `[age] > ? AND [name] LIKE ?`. */
  readonly where?: string | undefined;
  /** The values for `where`: a list for `?`, an object for `:name`. */
  readonly params?: readonly unknown[] | Readonly<Record<string, unknown>> | undefined;
}

/** Which records are meant, in which order, and how many of them. */
export interface FindOptions extends FilterOptions {
  /** Default: no certain order, unless there is a limit or an offset. */
  readonly orderBy?: OrderBy | undefined;
  /** Most records to answer; default all. Records are then in the order of `orderBy`, and of `id` within it. */
  readonly limit?: number | undefined;
  /** Records to leave out at the beginning; default 0. */
  readonly offset?: number | undefined;
}

/** Which versions may go: `olderThan`, `keepVersions`, or both, and then only those that both allow. */
export interface PruneOptions extends CallOptions {
  /** Only versions written before this moment go. */
  readonly olderThan?: Date;
  /** The newest versions of each record that stay whatever their age. At least 1, the default. */
  readonly keepVersions?: number;
  /** Versions removed in one transaction. Default 1000. */
  readonly batchSize?: number;
}

/** What kind of index is made. */
export interface IndexOptions extends CallOptions {
  /**
   * Whether no two records may have the same values in these fields. Default false. Records that were softly
   * deleted do not count, nor do records with null in one of the fields.
   */
  readonly unique?: boolean;
}
