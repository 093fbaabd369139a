import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./scripts/summary-reporter.ts";

/**
 * A worker thread that runs TypeScript loads a WebAssembly compiler, and many such threads at once can end the process
 * with a failed check of V8's: where the processor has memory protection keys (nodejs/node#64500), and when the compiled
 * calls from WebAssembly to JavaScript, which all threads share, are freed. So the keys are off and such calls stay
 * interpreted. What is published is JavaScript and loads none of it.
 */
export const execArgv = [
  "--no-memory-protection-keys",
  "--no-wasm-code-gc",
  "--wasm-wrapper-tiering-budget=1000000000",
];

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
