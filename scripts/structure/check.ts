import { casts, nonNullAssertions } from "./casts.ts";
import { layering } from "./layering.ts";
import { maxLines, untestedLines } from "./layers.ts";
import { isTest, type Problem, problem, type Rule, type SourceTree } from "./source-file.ts";
import { blankOut, countCodeLines } from "./source-text.ts";
import { topLevelAwait } from "./top-level-await.ts";

const length: Rule = (file) => {
  const lines = file.source.trimEnd().split("\n").length;
  return lines > maxLines ? [problem(file, 0, `${lines} lines, and ${maxLines} are the most: split it`)] : [];
};

const rules: readonly Rule[] = [layering, casts, nonNullAssertions, topLevelAwait, length];

/** Everything in the tree that breaks a rule, by path and line. */
export function findProblems(tree: SourceTree): Problem[] {
  return [...tree]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, source]) => ({ path, source, view: blankOut(source) }))
    .flatMap((file) => rules.flatMap((rule) => rule(file)).sort((a, b) => a.line - b.line));
}

/** Source files of some size that have no unit test beside them. A hint, not a fault. */
export function findUntested(tree: SourceTree): string[] {
  return [...tree.keys()].filter((path) => {
    if (!path.startsWith("src/") || isTest(path) || tree.has(path.replace(/\.ts$/, ".test.ts"))) return false;
    const view = blankOut(tree.get(path) ?? "");
    return countCodeLines(view) > untestedLines && /\b(?:function|class|const)\b/.test(view);
  });
}
