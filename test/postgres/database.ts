import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { inject } from "vitest";
import { createDatabase, type TestDatabase } from "../servers/index.ts";

const provided = inject("postgres");

/** Why the tests of a file are skipped, where there is no server. */
export const missing = "reason" in provided;

/** An empty database on the shared server, for one test file. */
export function emptyDatabase(): Promise<TestDatabase> {
  if ("reason" in provided) throw new Error(provided.reason);
  return createDatabase(provided);
}

/** Runs a program of `fixtures` in a process of its own, and answers what it printed as JSON. */
export async function runFixture(
  name: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly nodeOptions?: readonly string[] } = {},
): Promise<unknown> {
  const file = fileURLToPath(new URL(`./fixtures/${name}.ts`, import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [...(options.nodeOptions ?? []), file, ...args],
    { env: { ...process.env, ...options.env }, maxBuffer: 64 * 1024 * 1024 },
  );
  const result: unknown = JSON.parse(stdout);
  return result;
}

/** Calls `work` again and again, in each of `count` loops at once, until `seconds` have passed. */
export async function storm(
  count: number,
  seconds: number,
  work: (loop: number, round: number) => Promise<unknown>,
): Promise<void> {
  const endsAt = performance.now() + seconds * 1000;
  const loop = async (_: unknown, index: number) => {
    for (let round = 0; performance.now() < endsAt; round++) await work(index, round);
  };
  await Promise.all(Array.from({ length: count }, loop));
}
