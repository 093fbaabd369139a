/** How a field's values are stored. Each dialect maps these to its own column types. */
export type StorageType =
  | "integer"
  | "numeric"
  | "double"
  | "text"
  | "boolean"
  | "timestamp"
  | "json"
  | "bytes";

/** What the entity store hands to a statement: each backend's `bindValue` turns it into what its driver takes. */
export type SqlValue = string | number | bigint | boolean | Date | Uint8Array | null;
