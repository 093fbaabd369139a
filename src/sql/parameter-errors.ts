import { SqlParameterError } from "../errors/index.ts";

/** How the values of a statement are written. `none` is a statement without any. */
export type ParameterStyle = "none" | "positional" | "named" | "native";

const longestShown = 1000;

/** Ends a message with the statement, which says where to look. It holds placeholders, never the values. */
export function inStatement(message: string, source: string): SqlParameterError {
  const shown =
    source.length <= longestShown
      ? source
      : `${source.slice(0, longestShown)}… (${source.length} characters)`;
  return new SqlParameterError(`${message}, in: ${shown}`);
}

/** Two kinds of placeholder in one statement. */
export function mixedKinds(first: ParameterStyle, second: ParameterStyle, source: string): SqlParameterError {
  const kinds = `${describe(first)} and ${describe(second)}`;
  const pair = [first, second];
  const hint = pair.includes("positional")
    ? "; write ?? for a question mark that is no placeholder"
    : pair.includes("native")
      ? "; use one kind throughout"
      : "";
  return inStatement(`expected one kind of placeholder, got ${kinds}${hint}`, source);
}

/** The wrong number of values, or values for a statement that takes none. */
export function wrongCount(
  style: ParameterStyle,
  expected: number,
  got: number,
  source: string,
): SqlParameterError {
  const wanted =
    expected === 0
      ? "no values, since the statement has no placeholder"
      : `${count(expected, "value")} for ${describe(style)}`;
  return inStatement(`expected ${wanted}, got ${got === 0 ? "none" : got}`, source);
}

/** Names that the statement has and the values have not, or the other way round. */
export function wrongNames(
  names: readonly string[],
  fault: "missing" | "unknown",
  name: string,
  source: string,
): SqlParameterError {
  const wanted =
    names.length === 0
      ? "no values, since the statement has no placeholder"
      : `${count(names.length, "value")} with the names ${names.join(", ")}`;
  const came = fault === "missing" ? `none with the name ${name}` : `one with the unknown name ${name}`;
  return inStatement(`expected ${wanted}, got ${came}`, source);
}

/** Values that came as something else than the placeholders want. */
export function wrongShape(
  style: ParameterStyle,
  expected: number,
  got: string,
  source: string,
): SqlParameterError {
  const values = count(expected, "value");
  const wanted = style === "named" ? `a plain object of ${values}` : `an array of ${values}`;
  return inStatement(`expected ${wanted} for ${describe(style)}, got ${got}`, source);
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function describe(style: ParameterStyle): string {
  switch (style) {
    case "none":
      return "no placeholders";
    case "positional":
      return "placeholders written ?";
    case "named":
      return "placeholders written :name";
    case "native":
      return "the database's own placeholders";
  }
}
