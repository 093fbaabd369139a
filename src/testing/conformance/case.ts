import type { Capabilities } from "../../backend/index.ts";
import type { Face, Queries } from "../../face/index.ts";
import type { Operation } from "../../operation/index.ts";

/** What a case is given to work with. */
export interface CaseContext {
  /** A handle on the database under test, of either face: wait for its answers with `yield* wait(...)`. */
  readonly db: Queries<Face>;
  readonly face: Face;
  readonly capabilities: Capabilities;
  /** A name that no other case has, so that cases can share a database. */
  name(base: string): string;
  /** Runs the callback of a transaction in the way of the face. */
  run<T>(body: () => Operation<T>): T | Promise<T>;
  /** Another handle on the same database, with other settings of the entity store. */
  open(options: Readonly<Record<string, unknown>>): Queries<Face>;
}

/** Capabilities that a case may need, and why it does not hold for a backend without them. */
const lacks = {
  transactionalDdl: "its DDL is not part of transactions",
  savepoints: "a transaction cannot be rolled back in part",
  partialIndexes: "its indexes cannot leave out deleted records",
  retypesIndexedTables: "a column of a table with indexes keeps its type",
  concurrentConnections: "one connection has the database to itself",
} as const satisfies Partial<Record<keyof Capabilities, string>>;

export type Need = keyof typeof lacks;

/** One thing that every backend does alike. It is written once, as an operation, for both faces. */
export interface ConformanceCase {
  readonly name: string;
  /** Capabilities without which the case is skipped. Default: none. */
  readonly needs?: readonly Need[];
  /** Why the case cannot hold for a backend for other reasons; undefined when it must. */
  skip?(capabilities: Capabilities): string | undefined;
  run(context: CaseContext): Operation<void>;
}

export interface ConformanceGroup {
  readonly name: string;
  readonly cases: readonly ConformanceCase[];
}

/** Why a case cannot hold for a backend of these capabilities; undefined when it must. */
export function skipReason(testCase: ConformanceCase, capabilities: Capabilities): string | undefined {
  const missing = testCase.needs?.find((need) => !capabilities[need]);
  return missing === undefined ? testCase.skip?.(capabilities) : `needs ${missing}: ${lacks[missing]}`;
}
