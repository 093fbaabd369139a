import { defineConfig } from "vitest/config";
import { execArgv } from "../../vitest.config.ts";

const rowsOfShort = ["07", "20", "22", "23", "37", "41"].map(
  (row) => `test/faults/rows/row-${row}-*.fault.ts`,
);

/** `vitest run --config test/faults/vitest.config.ts`; with `--mode short` or FAULTS=short only what CI runs. */
export default defineConfig(({ mode }) => {
  const isShort = mode === "short" || process.env.FAULTS === "short";
  return {
    root: new URL("../..", import.meta.url).pathname,
    test: {
      name: "faults",
      include: [
        "test/faults/harness/*.test.ts",
        ...(isShort ? rowsOfShort : ["test/faults/rows/*.fault.ts"]),
      ],
      env: isShort ? { FAULTS: "short" } : {},
      globalSetup: ["test/faults/harness/global-setup.ts"],
      pool: "forks",
      // Those of the project's own configuration, and one for the soak, which looks at the heap.
      execArgv: [...execArgv, "--expose-gc"],
      // The rows measure times, so they do not run beside each other.
      fileParallelism: false,
      testTimeout: 180_000,
      hookTimeout: 120_000,
    },
  };
});
