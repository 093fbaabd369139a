import { UnsupportedError } from "../../errors/index.ts";
import type { MariadbInfo } from "./mariadb.ts";

export type Flavour = "mariadb" | "mysql";

/** What a server can do that not every one can, from its flavour and version. */
export interface ServerFacts {
  readonly flavour: Flavour;
  /** `[10, 11, 19]` */
  readonly version: readonly [major: number, minor: number, patch: number];
  /** `MariaDB 10.11.19`, `MySQL 8.4.3` */
  readonly name: string;
  /** `INSERT … RETURNING`. */
  readonly insertReturning: boolean;
  /** Whether JSON is a type of its own, and not another name for LONGTEXT. */
  readonly jsonType: boolean;
  /** `INSERT … VALUES (…) AS new ON DUPLICATE KEY UPDATE`; else `VALUES(column)`. */
  readonly insertAlias: boolean;
  /** `BEGIN NOT ATOMIC … END`: a block of statements without a stored procedure. */
  readonly beginNotAtomic: boolean;
  /** Whether such a block can be prepared. */
  readonly preparesBlocks: boolean;
  /** `ALTER TABLE … ADD COLUMN` without a copy of the table. */
  readonly instantAddColumn: boolean;
  /** Index parts that are expressions. */
  readonly functionalIndexes: boolean;
}

/** The oldest servers with a text collation that is exact to the last blank, CHECK constraints and window functions. */
const oldest = { mariadb: [10, 4, 0], mysql: [8, 0, 17] } as const;

/** What the server said of itself when it greeted. */
export function serverFacts({ serverVersion }: Pick<MariadbInfo, "serverVersion">): ServerFacts {
  const { mariaDb, major, minor, patch } = serverVersion;
  const version = [major, minor, patch] as const;
  const from = (...least: readonly [number, number, number]) => compare(version, least) >= 0;
  return {
    flavour: mariaDb ? "mariadb" : "mysql",
    version,
    name: `${mariaDb ? "MariaDB" : "MySQL"} ${version.join(".")}`,
    insertReturning: mariaDb && from(10, 5, 0),
    jsonType: !mariaDb,
    insertAlias: !mariaDb && from(8, 0, 19),
    beginNotAtomic: mariaDb,
    preparesBlocks: mariaDb && from(10, 6, 2),
    instantAddColumn: mariaDb || from(8, 0, 12),
    functionalIndexes: !mariaDb && from(8, 0, 13),
  };
}

/** Refuses a server on which the layer's promises could not be kept. */
export function checkServer(facts: ServerFacts): void {
  const least = oldest[facts.flavour];
  if (compare(facts.version, least) >= 0) return;
  throw new UnsupportedError(
    `expected MariaDB ${oldest.mariadb.join(".")} or MySQL ${oldest.mysql.join(".")} or newer, got ${facts.name}; upgrade the server`,
    { backend: "mysql" },
  );
}

function compare(version: readonly number[], least: readonly number[]): number {
  for (const [index, part] of least.entries()) {
    const difference = (version[index] ?? 0) - part;
    if (difference !== 0) return difference;
  }
  return 0;
}
