import { isTest, type Problem, problem, type SourceFile } from "./source-file.ts";
import { afterBracket } from "./source-text.ts";

/** No `await` outside functions in `src`: Node refuses to `require()` a package that has one. */
export function topLevelAwait(file: SourceFile): Problem[] {
  if (!file.path.startsWith("src/") || isTest(file.path)) return [];
  const functions = [...file.view.matchAll(/\basync\b/g)].map(({ index }) => ({
    start: index,
    end: endOfAsyncFunction(file.view, index + "async".length),
  }));
  return [...file.view.matchAll(/(?<!\.)\bawait\b(?!\??\s*[:,])/g)]
    .filter(({ index }) => !functions.some(({ start, end }) => start < index && index < end))
    .map(({ index }) =>
      problem(file, index, "an `await` outside a function: require() of the package fails"),
    );
}

/** Where the function ends whose head, after the word `async`, starts at `from`. */
function endOfAsyncFunction(view: string, from: number): number {
  let at = from;
  while (at < view.length) {
    const char = view.charAt(at);
    if (view.startsWith("=>", at)) return endOfArrowBody(view, at + 2);
    // A brace after a complete type, or after the parameters, opens the body; any other is a type.
    if (char === "{" && /[\w$>)\]}"'`]$/.test(view.slice(0, at).trimEnd())) return afterBracket(view, at);
    if ("([{".includes(char)) at = afterBracket(view, at);
    else if (char === "<") at = afterAngle(view, at);
    else if (",;)]}".includes(char)) return at;
    else at++;
  }
  return at;
}

function endOfArrowBody(view: string, from: number): number {
  const start = from + (/\S/.exec(view.slice(from))?.index ?? 0);
  if (view[start] === "{") return afterBracket(view, start);
  let at = start;
  while (at < view.length && !",;)]}".includes(view.charAt(at))) {
    at = "([{".includes(view.charAt(at)) ? afterBracket(view, at) : at + 1;
  }
  return at;
}

function afterAngle(view: string, open: number): number {
  let depth = 0;
  for (let at = open; at < view.length; at++) {
    if (view[at] === "<") depth++;
    else if (view[at] === ">" && view[at - 1] !== "=" && --depth === 0) return at + 1;
  }
  return view.length;
}
