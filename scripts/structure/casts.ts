import { allowedCasts } from "./layers.ts";
import { type Problem, problem, type SourceFile } from "./source-file.ts";
import { enclosingBracket } from "./source-text.ts";

/** No `as` cast, but for `as const` and the few of `allowedCasts`. */
export function casts(file: SourceFile): Problem[] {
  const view = withoutRenames(file.view);
  const found = [...view.matchAll(/(?<=[\w$)\]}"'`>!]\s+)as\s+(?!const\b)[\w$({["'`|&-]/g)]
    .map((match) => match.index)
    .filter((position) => !isKeyRemapping(view, position));
  const allowed = allowedCasts[file.path]?.count ?? 0;
  if (found.length < allowed) {
    const message = `holds ${found.length} casts and is allowed ${allowed}: lower the number in layers.ts`;
    return [problem(file, 0, message)];
  }
  if (found.length === allowed) return [];
  return found.map((position) =>
    problem(file, position, "an `as` cast: narrow with a check, use `satisfies`, or state a better type"),
  );
}

/** No `x!`, which is a cast too. */
export function nonNullAssertions(file: SourceFile): Problem[] {
  return [...file.view.matchAll(/[\w$)\]}"'`]!(?!=)/g)].map((match) =>
    problem(file, match.index, "a non-null assertion: check for undefined, and say what it means there"),
  );
}

/** The view without the braces of import and export statements, where `as` renames. */
function withoutRenames(view: string): string {
  const clause = /\b(?:import|export)\s+(?:type\s+)?(?:[\w$]+\s*,\s*)?(?:\{[^}]*\}|\*\s*as\s+[\w$]+)/g;
  return view.replaceAll(clause, (text) => text.replaceAll(/[^\n]/g, " "));
}

/** Whether this `as` renames the keys of a mapped type: `[K in keyof T as Upper<K>]`. */
function isKeyRemapping(view: string, position: number): boolean {
  const bracket = enclosingBracket(view, position);
  return bracket !== -1 && /^\[\s*[\w$]+\s+in\b/.test(view.slice(bracket, position));
}
