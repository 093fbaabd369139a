import { ConfigurationError } from "../../errors/index.ts";

const isolations = ["inline", "process"] as const;
const synchronousModes = ["full", "normal", "off"] as const;
const journalModes = ["wal", "delete", "truncate", "persist"] as const;

/** Options of the SQLite backend, complete and checked. */
export type SqliteOptions = {
  /**
   * Where SQLite runs. Default `inline`: in this thread, which is fastest, but a statement that runs away cannot
   * be stopped and holds up the event loop. With `process` each connection has a child process of its own, which
   * is killed when a call exceeds its limit; a call then costs some 50 µs more.
   */
  readonly isolation: (typeof isolations)[number];
  /** Whether the file is opened for reading only; it must exist then. Default false. */
  readonly readOnly: boolean;
  /** Whether a missing file is an error and not made. Default false. */
  readonly fileMustExist: boolean;
  /**
   * When a commit waits for the disk. Default `full`: a commit survives a power cut. `normal` may lose the last
   * commits in a power cut (never in a crash of the program), and commits faster; `off` may damage the file.
   */
  readonly synchronous: (typeof synchronousModes)[number];
  /**
   * How SQLite keeps a transaction apart until it commits. Default `wal`: readers and the writer do not hinder
   * each other. The other modes are for network file systems, where `wal` does not work. Of no effect on
   * databases in memory and on temporary ones, or with `readOnly`, where the file's own mode stands.
   */
  readonly journalMode: (typeof journalModes)[number];
  /** How many prepared statements each connection keeps. Default 200. Preparing each time costs ten times a hit. */
  readonly statementCacheSize: number;
};

const readers: { readonly [Name in keyof SqliteOptions]: (given: unknown) => SqliteOptions[Name] } = {
  isolation: (given) => oneOf("isolation", isolations, "inline", given),
  readOnly: (given) => flag("readOnly", given),
  fileMustExist: (given) => flag("fileMustExist", given),
  synchronous: (given) => oneOf("synchronous", synchronousModes, "full", given),
  journalMode: (given) => oneOf("journalMode", journalModes, "wal", given),
  statementCacheSize: (given) => count("statementCacheSize", 200, given),
};

/** Checks the options and fills in the defaults. An unknown or ill-typed one is a `ConfigurationError`. */
export function parseSqliteOptions(options: Readonly<Record<string, unknown>>): SqliteOptions {
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(readers, name)) {
      throw refused(
        `one of ${Object.keys(readers).join(", ")}`,
        "an option of the sqlite backend",
        `"${name}"`,
      );
    }
  }
  return {
    isolation: readers.isolation(options.isolation),
    readOnly: readers.readOnly(options.readOnly),
    fileMustExist: readers.fileMustExist(options.fileMustExist),
    synchronous: readers.synchronous(options.synchronous),
    journalMode: readers.journalMode(options.journalMode),
    statementCacheSize: readers.statementCacheSize(options.statementCacheSize),
  };
}

function oneOf<T extends string>(name: string, allowed: readonly T[], fallback: T, given: unknown): T {
  if (given === undefined) return fallback;
  const found = allowed.find((candidate) => candidate === given);
  if (found === undefined) throw refused(allowed.map((a) => `"${a}"`).join(" or "), name, describe(given));
  return found;
}

function flag(name: string, given: unknown): boolean {
  if (given === undefined) return false;
  if (typeof given !== "boolean") throw refused("true or false", name, describe(given));
  return given;
}

function count(name: string, fallback: number, given: unknown): number {
  if (given === undefined) return fallback;
  if (typeof given === "number" && Number.isInteger(given) && given >= 1 && given <= 100_000) return given;
  throw refused("a whole number from 1 to 100000", name, describe(given));
}

function describe(given: unknown): string {
  if (typeof given === "string") return `"${given}"`;
  return typeof given === "number" || typeof given === "boolean" ? String(given) : typeof given;
}

function refused(expected: string, name: string, came: string): ConfigurationError {
  return new ConfigurationError(`expected ${name} to be ${expected}, got ${came}`, { backend: "sqlite" });
}
