import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { summaryLines } from "./summary-reporter.ts";

const root = join(import.meta.dirname, "..");

/** Runs vitest with the reporter on test files written for it; answers the last lines that it printed. */
function lastLines(files: Record<string, string>): string[] {
  const folder = mkdtempSync(join(tmpdir(), "strata-reporter-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"), "dir");
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(
    join(folder, "vitest.config.ts"),
    `import { SummaryReporter } from ${JSON.stringify(join(root, "scripts/summary-reporter.ts"))};
     export default { test: { reporters: ["default", new SummaryReporter()] } };`,
  );
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const { stdout } = spawnSync(process.execPath, [vitest, "run"], { cwd: folder, encoding: "utf8" });
  return stdout.trimEnd().split("\n").slice(-3);
}

describe("summaryLines", () => {
  it("ends with the counts", () => {
    const tally = {
      passed: 12,
      failed: 0,
      skipped: 0,
      backends: ["sqlite/sync", "mysql/async", "sqlite/async"],
    };
    expect(summaryLines(tally)).toEqual([
      "backends: mysql (async), sqlite (async, sync)",
      "12 passed, 0 failed",
    ]);
  });

  it("says what was skipped, and that no backend ran", () => {
    const tally = { passed: 0, failed: 1, skipped: 2, backends: [] };
    expect(summaryLines(tally)).toEqual(["backends: none", "skipped: 2", "0 passed, 1 failed"]);
  });
});

describe("SummaryReporter", { timeout: 30_000 }, () => {
  it("counts what broke outside of tests as failed, and a backend only when its test ran", () => {
    const lines = lastLines({
      "a.test.ts": `
        import { beforeAll, describe, it } from "vitest";
        it("passes", ({ task }) => { task.meta.backend = "sqlite/sync" });
        it("fails", { meta: { backend: "sqlite/async" } }, () => { throw new Error("failed") });
        it.skip("is skipped", { meta: { backend: "mysql/async" } }, () => {});
        describe("hook", () => {
          beforeAll(() => { throw new Error("hook") });
          it("is not reached", () => {});
        });`,
      "b.test.ts": 'throw new Error("does not load")',
      "c.test.ts": `
        import { it } from "vitest";
        it("leaves a rejection", async () => {
          Promise.reject(new Error("unhandled"));
          await new Promise((resolve) => setTimeout(resolve, 10));
        });`,
    });
    expect(lines).toEqual(["backends: sqlite (async, sync)", "skipped: 2", "2 passed, 4 failed"]);
  });

  it("reports a run without tests as failed", () => {
    expect(lastLines({}).at(-1)).toBe("0 passed, 1 failed");
  });
});
