import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { onTestFinished } from "vitest";
import { root } from "../docs/pages.ts";

const run = promisify(execFile);

/**
 * Compiles a program with decorators, which neither Node nor Vitest understand, runs it, and answers what it printed.
 * It may import "stratadb", and the repository's files by paths that begin with `../../../`.
 */
export async function runDecorated(program: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "strata-decorators-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const source = program.replaceAll('"../../../', `"${pathToFileURL(root).href}/`);
  writeFileSync(join(folder, "program.mts"), source);
  const settings = ["--target", "es2022", "--module", "nodenext", "--noCheck", "--noResolve", "--types", ""];
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  await run(process.execPath, [compiler, ...settings, "--ignoreConfig", join(folder, "program.mts")]);
  const compiled = join(folder, "program.mjs");
  if (/^\s*@\w/m.test(readFileSync(compiled, "utf8"))) throw new Error("the compiler left decorators behind");
  const hooks = pathToFileURL(join(root, "test/docs/resolve-stratadb.ts")).href;
  const { stdout } = await run(process.execPath, ["--import", hooks, compiled], {
    cwd: folder,
    timeout: 20_000,
  });
  return stdout;
}
