import { defineConfig } from "vitest/config";

const short = ["07", "20", "22", "23", "37", "41"].map((row) => `test/faults/rows/row-${row}-*.fault.ts`);

/** `vitest run --config test/faults/vitest.config.ts`; with FAULTS=short only what CI runs. */
export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  test: {
    name: "faults",
    include: [
      "test/faults/harness/*.test.ts",
      ...(process.env.FAULTS === "short" ? short : ["test/faults/rows/*.fault.ts"]),
    ],
    globalSetup: ["test/faults/harness/global-setup.ts"],
    pool: "forks",
    // The first as in the project's own configuration; the second for the soak, which looks at the heap.
    execArgv: ["--no-memory-protection-keys", "--expose-gc"],
    // The rows measure times, so they do not run beside each other.
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
