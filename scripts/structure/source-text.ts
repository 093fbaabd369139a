/**
 * A view of a source file in which comments, and the insides of strings and regular expressions, are spaces.
 * Every other character keeps its place, so that a position in the view is one in the file.
 *
 * This is a lexer, not a parser: whether a slash divides or opens a regular expression is told from what stands
 * before it, which is enough for code that a formatter has seen.
 */
export function blankOut(source: string): string {
  /** For each template literal that is open, the depth of braces at which its `${` will be closed. */
  const templates: number[] = [];
  let view = "";
  let depth = 0;

  const keep = (length = 1) => {
    view += source.slice(view.length, view.length + length);
  };
  const blankUntil = (end: number) => {
    view += source.slice(view.length, end).replaceAll(/[^\n]/g, " ");
  };
  const templateText = () => {
    blankUntil(endOf(/`|\$\{/, source, view.length));
    if (source[view.length] === "`") return keep();
    keep(2);
    templates.push(depth);
  };

  while (view.length < source.length) {
    const char = source[view.length];
    if (source.startsWith("//", view.length)) blankUntil(indexOf("\n", source, view.length));
    else if (source.startsWith("/*", view.length)) blankUntil(indexOf("*/", source, view.length + 2) + 2);
    else if (char === '"' || char === "'") {
      keep();
      blankUntil(endOf(char === '"' ? /"|\n/ : /'|\n/, source, view.length));
      keep();
    } else if (char === "`" || (char === "}" && templates.at(-1) === depth)) {
      if (char === "}") templates.pop();
      keep();
      templateText();
    } else if (char === "/" && regExpMayFollow(view)) {
      keep();
      blankUntil(endOfRegExp(source, view.length));
      keep();
    } else {
      if (char === "{") depth++;
      if (char === "}") depth--;
      keep();
    }
  }
  return view;
}

/** The line, from 1, of a position. */
export function lineAt(source: string, position: number): number {
  return source.slice(0, position).split("\n").length;
}

/** How many lines hold code: neither blank nor only comment. */
export function countCodeLines(view: string): number {
  return view.split("\n").filter((line) => line.trim() !== "").length;
}

const openers: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{" };

/** The position after the bracket that closes the one at `open`; the view's end when none does. */
export function afterBracket(view: string, open: number): number {
  let depth = 0;
  for (let at = open; at < view.length; at++) {
    const char = view.charAt(at);
    if ("([{".includes(char)) depth++;
    else if (char in openers && --depth === 0) return at + 1;
  }
  return view.length;
}

/** The position of the bracket that is open around `position`; -1 when there is none. */
export function enclosingBracket(view: string, position: number): number {
  let depth = 0;
  for (let at = position - 1; at >= 0; at--) {
    const char = view.charAt(at);
    if (char in openers) depth++;
    else if ("([{".includes(char) && depth-- === 0) return at;
  }
  return -1;
}

function indexOf(text: string, source: string, from: number): number {
  const index = source.indexOf(text, from);
  return index === -1 ? source.length : index;
}

/** The position of the first match of `end` that no backslash precedes. */
function endOf(end: RegExp, source: string, from: number): number {
  const pattern = new RegExp(`\\\\[^]|(${end.source})`, "g");
  pattern.lastIndex = from;
  for (let match = pattern.exec(source); match !== null; match = pattern.exec(source)) {
    if (match[1] !== undefined) return match.index;
  }
  return source.length;
}

function endOfRegExp(source: string, from: number): number {
  let inClass = false;
  for (let at = from; at < source.length; at++) {
    const char = source[at];
    if (char === "\n" || (char === "/" && !inClass)) return at;
    if (char === "\\") at++;
    else if (char === "[") inClass = true;
    else if (char === "]") inClass = false;
  }
  return source.length;
}

const wordsBeforeExpression = /\b(?:return|typeof|case|in|of|void|delete|throw|await|yield|else|do)$/;

function regExpMayFollow(view: string): boolean {
  const before = view.slice(-40).trimEnd();
  return before === ""
    ? view.trim() === ""
    : /[^\w$)\]}"'`]$/.test(before) || wordsBeforeExpression.test(before);
}
