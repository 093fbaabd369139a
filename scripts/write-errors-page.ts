/** Writes docs/errors.md from the catalogue of errors; with `--check` it only says whether the page is current. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalogue } from "../src/errors/catalogue.ts";
import { errorsPage } from "./errors-page.ts";

const path = join(import.meta.dirname, "..", "docs", "errors.md");
const page = errorsPage(catalogue);

if (!process.argv.includes("--check")) writeFileSync(path, page);
else if (readFileSync(path, "utf8") !== page) {
  console.error("docs/errors.md is not what the catalogue says: run `npm run docs:errors`");
  process.exitCode = 1;
}
