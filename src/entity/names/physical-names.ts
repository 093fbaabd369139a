import { createHash } from "node:crypto";

/** PostgreSQL's limit, the shortest of all: a longer name would be cut there in silence. */
const maxIndexBytes = 63;
const hashLength = 11;

export interface TableNames {
  /** The records as they are now. */
  readonly main: string;
  /** The kind of each field. */
  readonly meta: string;
  /** Every version of every record. */
  readonly history: string;
}

/** The tables of an entity, whose name has been checked. */
export function tableNames(entity: string): TableNames {
  return { main: entity, meta: `${entity}_meta`, history: `${entity}_history` };
}

/**
 * The name of an index, at most 63 bytes: the same for the same entity, fields (in order) and uniqueness, and
 * different for any others.
 *
 * It begins with an underscore, as no entity may: PostgreSQL and SQLite keep tables and indexes in one namespace.
 * Where names hold underscores, joining them is ambiguous (`a_b` + `c`, `a` + `b_c`), so a hash is added; also
 * where the name is cut. The hash begins with a digit, as no field may, so a name with one never equals a name
 * without.
 */
export function indexName(entity: string, fields: readonly string[], unique: boolean): string {
  const names = [entity, ...fields];
  const plain = `${unique ? "_uq" : "_idx"}_${names.join("_")}`;
  if (plain.length <= maxIndexBytes && !names.some((name) => name.includes("_"))) return plain;
  const digest = createHash("sha256").update(names.join("\0")).digest("hex");
  const hash = `0${digest.slice(0, hashLength - 1)}`;
  return `${plain.slice(0, maxIndexBytes - hashLength - 1)}_${hash}`;
}
