import { ValidationError } from "../errors/index.ts";
import type { SqlSyntax } from "./syntax.ts";

/**
 * Quotes a name for the dialect: `"a"`, or `` `a` ``. A quote inside the name is doubled, so whatever the name
 * holds, it stays one name. Throws a `ValidationError` for a name that is empty, longer than
 * `syntax.maxIdentifierBytes` bytes of UTF-8, or holds NUL or half a surrogate pair, which no database stores as is.
 */
export function quoteIdentifier(name: string, syntax: SqlSyntax): string {
  const quote = syntax.identifierQuote;
  checkIdentifier(name, syntax);
  return quote + (name.includes(quote) ? name.replaceAll(quote, quote + quote) : name) + quote;
}

function checkIdentifier(name: string, syntax: SqlSyntax): void {
  if (name === "") throw new ValidationError("expected a name, got an empty one");
  if (name.includes("\0")) throw new ValidationError(`expected a name without NUL, got ${show(name)}`);
  if (!name.isWellFormed()) {
    throw new ValidationError(
      `expected a name of whole characters, got half a surrogate pair in ${show(name)}`,
    );
  }
  // A UTF-16 unit takes three bytes at most.
  if (name.length * 3 <= syntax.maxIdentifierBytes) return;
  const bytes = Buffer.byteLength(name);
  if (bytes > syntax.maxIdentifierBytes) {
    throw new ValidationError(
      `expected a name of at most ${syntax.maxIdentifierBytes} bytes for ${syntax.name}, got ${bytes}: ${show(name)}`,
    );
  }
}

function show(name: string): string {
  return JSON.stringify(name.length <= 80 ? name : `${name.slice(0, 80)}…`);
}
