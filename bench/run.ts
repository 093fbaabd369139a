/** Runs the benchmarks one after another: `npm run bench`, or some of them by name: `npm run bench -- sqlite pool`. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";

const all = ["operation", "sql", "pool", "sqlite", "blocking", "postgres", "mysql"];
const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !all.includes(name));
if (unknown !== undefined) {
  console.error(`expected names of benchmarks, ${all.join(", ")}, got "${unknown}"`);
  process.exit(1);
}

for (const name of wanted.length === 0 ? all : wanted) {
  console.log(`\n=== ${name}`);
  const { status } = spawnSync(process.execPath, [join(import.meta.dirname, `${name}.ts`)], {
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
