import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";

export const root = join(import.meta.dirname, "../..");

export interface Page {
  /** From the root of the repository: `docs/promises.md`. */
  readonly path: string;
  readonly text: string;
}

/** A fenced block of code. */
export interface Block {
  readonly page: string;
  /** Line of its first line in the page, from 1. */
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

/** The pages that people read, and their decisions. */
export function readPages(): Page[] {
  const paths = ["README.md", "CONTRIBUTING.md", ...globSync("docs/**/*.md", { cwd: root })];
  return paths.map((path) => path.replaceAll("\\", "/")).map((path) => ({ path, text: readText(path) }));
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

export function blocksOf({ path, text }: Page): Block[] {
  const blocks: Block[] = [];
  const fence = /^```(\w*)\n(.*?)^```$/gms;
  for (const match of text.matchAll(fence)) {
    const [, language = "", code = ""] = match;
    const line = text.slice(0, match.index).split("\n").length + 1;
    blocks.push({ page: path, line, language, code });
  }
  return blocks;
}

/** A block that is a whole program: TypeScript that begins by importing the library. */
export function isProgram({ language, code }: Block): boolean {
  return language === "ts" && /^import [^;]* from "stratadb";/.test(code);
}

/** Links to files and headings of the repository that lead nowhere. */
export function brokenLinks(page: Page): string[] {
  const prose = page.text.replace(/^```.*?^```$/gms, "").replace(/`[^`\n]*`/g, "");
  const targets = Array.from(prose.matchAll(/\]\(([^)\s]+)\)/g), ([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/i.test(target))
    .filter((target) => !leadsSomewhere(page, target));
}

function leadsSomewhere({ path, text }: Page, target: string): boolean {
  const [file = "", heading] = target.split("#");
  const linked = file === "" ? path : join(dirname(path), file);
  if (!existsSync(join(root, linked))) return false;
  if (heading === undefined) return true;
  return headingsOf(file === "" ? text : readText(linked)).includes(heading);
}

/** The names under which GitHub knows a page's headings. */
function headingsOf(text: string): string[] {
  return Array.from(text.replace(/^```.*?^```$/gms, "").matchAll(/^#+ (.*)$/gm), ([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/\s/g, "-"),
  );
}

/** Names of an interface's properties, index signatures left out. */
export function propertiesOf(source: string, interfaceName: string): string[] {
  const start = source.search(new RegExp(`(?:interface|type) ${interfaceName}\\b`));
  if (start < 0) throw new Error(`expected a type ${interfaceName} in the source`);
  const body = source.slice(start, source.indexOf("\n}", start));
  return Array.from(body.matchAll(/^ {2}readonly (\w+)\??:/gm), ([, name = ""]) => name);
}

/** Names in camel case in the second column of a page's tables: those of this library, where the first has another's. */
export function ourNames(text: string): string[] {
  const cells = text
    .split("\n")
    .map((line) => (line.startsWith("|") ? line.split(/(?<!\\)\|/)[2] : undefined));
  const code = cells.flatMap((cell) =>
    Array.from(cell?.matchAll(/`([^`]*)`/g) ?? [], ([, span = ""]) => span),
  );
  const names = code.flatMap((span) => span.replaceAll(/"[^"]*"/g, "").match(/\w*[a-z][A-Z]\w*/g) ?? []);
  return [...new Set(names)];
}
