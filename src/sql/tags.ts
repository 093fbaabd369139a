import { ValidationError } from "../errors/index.ts";

/**
 * A comment that carries tags to the server's logs, as sqlcommenter writes it
 * (https://google.github.io/sqlcommenter/spec): `/*action='get_user',route='%2Fusers'*\/`, keys sorted. Tags that are
 * null or undefined are left out; without any the answer is "". Put it behind a translated statement.
 *
 * Keys and values hold nothing but letters, digits, `-_.~` and `%` with two digits afterwards, so none can end the
 * comment or its quotes, or look like a placeholder or another comment. Takes strings, numbers, bigints and booleans;
 * throws a `ValidationError` that names the key for anything else, and for an empty key.
 */
export function commentTags(tags: Readonly<Record<string, unknown>>): string {
  const pairs: string[] = [];
  for (const [key, value] of Object.entries(tags)) {
    if (value === undefined || value === null) continue;
    if (key === "") throw new ValidationError("expected every tag to have a name, got an empty one");
    pairs.push(`${encode(key)}='${encode(tagText(key, value))}'`);
  }
  return pairs.length === 0 ? "" : `/*${pairs.sort().join()}*/`;
}

function tagText(key: string, value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    default:
      throw new ValidationError(
        `expected the tag ${JSON.stringify(key)} to be a string, a number or a boolean, got ${typeof value === "object" ? "an object" : `a ${typeof value}`}`,
      );
  }
}

/** Beyond what URLs need: `'` would end the value, `*` could end the comment, `!` could make it executable. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
