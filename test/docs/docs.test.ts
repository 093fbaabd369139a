import { globSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import * as library from "../../src/index.ts";
import {
  type Block,
  blocksOf,
  brokenLinks,
  isProgram,
  ourNames,
  propertiesOf,
  readPages,
  readText,
  root,
} from "./pages.ts";
import { Programs } from "./programs.ts";

const pages = readPages();
const programs = new Programs();
const blocks = pages.flatMap(blocksOf);
const runnable = blocks.filter(isProgram);

afterAll(() => programs.remove());

const place = ({ page, line }: Block) => `${page}:${line}`;

describe("the programs on the pages", () => {
  it.each(runnable.map((block) => [place(block), block] as const))("%s runs", async (_place, block) => {
    await programs.run(programs.write(block));
  });

  it("have the types that the library says", async () => {
    for (const block of runnable) programs.write(block);
    expect(await programs.typeErrors()).toEqual([]);
  });

  it("are on every page that teaches the API", () => {
    const taught = ["README.md", "docs/entity-store.md", "docs/portable-sql.md", "docs/transactions.md"];
    for (const page of taught) expect(runnable.map((block) => block.page)).toContain(page);
  });

  it("are all of the TypeScript on the pages: none is left out by a slip in its first line", () => {
    const others = blocks.filter((block) => block.language === "ts" && !isProgram(block));
    expect(others.map(place)).toEqual([]);
  });
});

describe("the README", () => {
  it("begins with the demo and the tests, each in a block of its own", () => {
    const commands = blocks.filter((block) => block.page === "README.md" && block.language === "bash");
    expect(commands.slice(0, 2).map(({ code }) => code)).toEqual([
      "npm ci && npm run demo\n",
      "npm ci && npm test\n",
    ]);
  });
});

describe("the pages", () => {
  it.each(pages.map((page) => [page.path, page] as const))("%s has no broken link", (_path, page) => {
    expect(brokenLinks(page)).toEqual([]);
  });

  it("name everything that the package exports", () => {
    const text = pages.map((page) => page.text).join("\n");
    const missing = Object.keys(library).filter((name) => !new RegExp(`\\b${name}\\b`).test(text));
    expect(missing).toEqual([]);
  });

  it("name nothing of ours in docs/from-the-seeds.md that the source does not have", () => {
    const sources = globSync("src/**/*.ts", { cwd: root, exclude: ["**/*.test.ts"] }).map(readText);
    const known = new Set(sources.join("\n").match(/\w+/g));
    const named = ourNames(readText("docs/from-the-seeds.md"));
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });

  it.each([
    ["src/config/options.ts", "DatabaseOptions"],
    ["src/config/pool.ts", "PoolConfig"],
    ["src/resilience/circuit-breaker.ts", "CircuitBreakerOptions"],
    ["src/resilience/retry.ts", "RetryOptions"],
    ["src/backends/sqlite/options.ts", "SqliteOptions"],
    ["src/backends/postgres/options.ts", "PostgresOptions"],
    ["src/backends/mysql/options.ts", "MysqlOptions"],
  ])("docs/configuration.md describes each option of %s", (source, name) => {
    const page = readText("docs/configuration.md");
    const options = propertiesOf(readText(source), name);
    expect(options.length).toBeGreaterThan(3);
    expect(options.filter((option) => !page.includes(`| \`${option}\` |`))).toEqual([]);
  });
});
