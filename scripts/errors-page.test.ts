import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { catalogue } from "../src/errors/catalogue.ts";
import { errorsPage } from "./errors-page.ts";

describe("docs/errors.md", () => {
  const page = readFileSync(join(import.meta.dirname, "../docs/errors.md"), "utf8");

  it("is what the catalogue says (else run `npm run docs:errors`)", () => {
    expect(page).toBe(errorsPage(catalogue));
  });

  it.each(Object.entries(catalogue))("has a row for %s under its class", (code, entry) => {
    const section = page.split("\n## ").find((text) => text.startsWith(`${entry.class}\n`));
    expect(section).toContain(`| \`${code}\` | ${entry.meaning} | ${entry.retry} | ${entry.remedy} |`);
  });
});

describe("errorsPage", () => {
  it("keeps a vertical bar inside its cell", () => {
    const entry = { class: "A", meaning: "b | c", remedy: "d", retry: "never" } as const;
    expect(errorsPage({ STRATA_A: entry })).toContain("| `STRATA_A` | b \\| c | never | d |");
  });
});
