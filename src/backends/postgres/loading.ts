import { createRequire } from "node:module";
import { ConfigurationError } from "../../errors/index.ts";
import type { PgModule } from "./pg.ts";

const packageName = "pg";

/** node-postgres and its version. */
export interface LoadedDriver {
  readonly pg: PgModule;
  readonly version: string;
}

let loaded: LoadedDriver | undefined;

/** Loads node-postgres when it is first needed. Throws `ConfigurationError` when it cannot be used here. */
export function loadDriver(): LoadedDriver {
  loaded ??= loadWith(createRequire(import.meta.url));
  return loaded;
}

/** As `loadDriver`, with the runtime's way of loading handed in. */
export function loadWith(load: (name: string) => unknown): LoadedDriver {
  try {
    const pg = load(packageName);
    if (!isPg(pg)) throw new TypeError(`${packageName} exports no Client`);
    return { pg, version: versionOf(load(`${packageName}/package.json`)) };
  } catch (cause) {
    throw new ConfigurationError(
      `the driver for PostgreSQL could not be loaded: run \`npm install ${packageName}@8\``,
      { backend: "postgres", cause },
      "STRATA_DRIVER_MISSING",
    );
  }
}

function isPg(exported: unknown): exported is PgModule {
  const hasClient = typeof exported === "object" && exported !== null && "Client" in exported;
  return hasClient && typeof exported.Client === "function";
}

function versionOf(manifest: unknown): string {
  const hasVersion = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return hasVersion && typeof manifest.version === "string" ? manifest.version : "of unknown version";
}
