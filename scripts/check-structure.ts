/**
 * Holds the rules of structure that the compiler and the linter do not know: see `structure/layers.ts`.
 * Prints each problem as `path:line message` and exits with 1 when there is one.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProblems, findUntested } from "./structure/check.ts";

process.chdir(join(import.meta.dirname, ".."));

const paths = globSync("{src,test,scripts,bench,examples}/**/*.ts").map((path) => path.replaceAll("\\", "/"));
const tree = new Map(paths.sort().map((path) => [path, readFileSync(path, "utf8")]));

const untested = findUntested(tree);
if (untested.length > 0) {
  const list = process.argv.includes("--untested")
    ? `:\n  ${untested.join("\n  ")}`
    : " (--untested lists them)";
  console.log(`${untested.length} source files of some size have no unit test beside them${list}`);
}

const problems = findProblems(tree);
for (const { path, line, message } of problems) console.error(`${path}:${line} ${message}`);
console.log(`structure: ${tree.size} files, ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
