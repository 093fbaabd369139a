import type { StorageType } from "../../backend/index.ts";

/** The type that stores what a field holds. */
export const columnTypes: Readonly<Record<StorageType, string>> = {
  integer: "BIGINT",
  numeric: "NUMERIC",
  double: "DOUBLE PRECISION",
  text: "TEXT",
  boolean: "BOOLEAN",
  timestamp: "TIMESTAMPTZ",
  json: "JSONB",
  bytes: "BYTEA",
};
