import { ConfigurationError } from "../../errors/index.ts";
import type { MariadbModule } from "./mariadb.ts";

const packageName = "mariadb";

let loaded: Promise<MariadbModule> | undefined;

/** Loads the driver when it is first needed. Fails with `ConfigurationError` when it cannot be used here. */
export function loadDriver(): Promise<MariadbModule> {
  loaded ??= loadWith((name) => import(name));
  return loaded;
}

/** As `loadDriver`, with the runtime's way of loading handed in. */
export async function loadWith(load: (name: string) => Promise<unknown>): Promise<MariadbModule> {
  try {
    const module = await load(packageName);
    if (!isDriver(module)) throw new TypeError(`${packageName} exports no createConnection`);
    return module;
  } catch (cause) {
    throw new ConfigurationError(
      `the driver for MySQL and MariaDB could not be loaded: run \`npm install ${packageName}@3\``,
      { backend: "mysql", cause },
      "STRATA_DRIVER_MISSING",
    );
  }
}

function isDriver(exported: unknown): exported is MariadbModule {
  const hasConnect = typeof exported === "object" && exported !== null && "createConnection" in exported;
  return hasConnect && typeof exported.createConnection === "function";
}
