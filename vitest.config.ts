import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./scripts/summary-reporter.ts";

/**
 * A worker thread that runs TypeScript loads a WebAssembly compiler, and where the processor has memory protection keys
 * many such threads at once can trip a check of V8's (nodejs/node#64500). What is published is JavaScript and loads none.
 */
const execArgv = ["--no-memory-protection-keys"];

export default defineConfig({
  test: {
    reporters: ["default", new SummaryReporter()],
    projects: [
      { test: { name: "unit", include: ["src/**/*.test.ts", "scripts/**/*.test.ts"], execArgv } },
      {
        test: {
          name: "suite",
          execArgv,
          include: ["test/**/*.test.ts"],
          // What stands outside of the library imports it by its name, as its sources are now.
          alias: [
            { find: /^stratadb$/, replacement: join(import.meta.dirname, "src/index.ts") },
            { find: /^stratadb\/testing$/, replacement: join(import.meta.dirname, "src/testing/index.ts") },
          ],
          globalSetup: ["test/servers/global-setup.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
});
