/** Makes `dist/`, which is what is published: the compiled modules of `src/` without their tests. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const root = join(import.meta.dirname, "..");
const dist = join(root, "dist");
const compiler = join(root, "node_modules", "typescript", "bin", "tsc");

rmSync(dist, { recursive: true, force: true });

const { status, error } = spawnSync(process.execPath, [compiler, "-p", "tsconfig.build.json"], {
  cwd: root,
  stdio: "inherit",
});
if (error !== undefined) throw error;
if (status !== 0) process.exit(status ?? 1);

const files = readdirSync(dist, { recursive: true, encoding: "utf8" });
const tests = files.filter((file) => file.includes(".test."));
if (tests.length > 0) fail(`dist holds test files: ${tests.join(", ")}`);
if (!existsSync(join(dist, "index.js"))) fail("dist/index.js is missing: src/index.ts has to exist");

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
