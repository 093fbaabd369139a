import { createRequire } from "node:module";
import { ConfigurationError } from "../../errors/index.ts";
import type { SqliteDriver } from "./better-sqlite3.ts";

const packageName = "better-sqlite3";
const oldestNode = 22;

/** better-sqlite3's class and its version. */
export interface LoadedDriver {
  readonly Database: SqliteDriver;
  readonly version: string;
}

let loaded: LoadedDriver | undefined;

/** Loads better-sqlite3 when it is first needed. Throws `ConfigurationError` when it cannot be used here. */
export function loadDriver(): LoadedDriver {
  loaded ??= loadWith(createRequire(import.meta.url), process.versions.node);
  return loaded;
}

/** As `loadDriver`, with the ways of the runtime handed in. The version is looked at before anything is loaded. */
export function loadWith(load: (name: string) => unknown, nodeVersion: string): LoadedDriver {
  // Not left to the package: better-sqlite3 13 ends an older Node with a segmentation fault.
  if (Number.parseInt(nodeVersion, 10) < oldestNode) {
    throw new ConfigurationError(
      `expected Node.js ${oldestNode} or newer for SQLite (${packageName}), got ${nodeVersion}: run the program with a newer version`,
      { backend: "sqlite" },
      "STRATA_RUNTIME_UNSUPPORTED",
    );
  }
  try {
    const Database = load(packageName);
    if (!isDriver(Database)) throw new TypeError(`${packageName} exports no class`);
    return { Database, version: versionOf(load(`${packageName}/package.json`)) };
  } catch (cause) {
    throw new ConfigurationError(
      `the driver for SQLite could not be loaded: run \`npm install ${packageName}\``,
      { backend: "sqlite", cause },
      "STRATA_DRIVER_MISSING",
    );
  }
}

function isDriver(exported: unknown): exported is SqliteDriver {
  return typeof exported === "function";
}

function versionOf(manifest: unknown): string {
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion && typeof manifest.version === "string" ? manifest.version : "of unknown version";
}
