import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import type { ProvidedServer } from "../../servers/global-setup.ts";
import { isMissing, startPrivateMariadb, startPrivatePostgres } from "../../servers/index.ts";
import type { Measure } from "./measure.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** The file that collects what the rows measure. */
    readonly measures: string;
  }
}

/** Starts the servers of the rows that harm no server, and prints what all rows have measured at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), "strata-measures-"));
  const file = join(folder, "measures.jsonl");
  project.provide("measures", file);
  const [postgres, mysql] = await Promise.all([startPrivatePostgres(), startPrivateMariadb()]);
  project.provide("postgres", provided(postgres));
  project.provide("mysql", provided(mysql));
  return async () => {
    for (const server of [postgres, mysql]) if (!isMissing(server)) await server.close();
    print(file);
    rmSync(folder, { recursive: true, force: true });
  };
}

function provided(server: Awaited<ReturnType<typeof startPrivatePostgres>>): ProvidedServer {
  if (isMissing(server)) {
    if (process.env.STRATA_TEST_REQUIRE_SERVERS === "1") throw new Error(server.reason);
    console.warn(server.reason);
    return server;
  }
  const { backend, url, version, origin } = server;
  return { backend, url, version, origin };
}

function print(file: string): void {
  if (!existsSync(file)) return;
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Measure => JSON.parse(line))
    .sort((a, b) => a.row.localeCompare(b.row) || a.target.localeCompare(b.target));
  console.info("\nfaults: what was measured");
  for (const { row, target, measured } of lines)
    console.info(`  row ${row}  ${target.padEnd(9)} ${measured}`);
}
