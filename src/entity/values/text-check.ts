import { ValidationError } from "../../errors/index.ts";

/**
 * What makes a string impossible to store; null when nothing does. PostgreSQL refuses NUL, and every driver turns
 * a lone surrogate into U+FFFD in silence, so that two different strings would become one.
 */
export function textProblem(text: string): string | null {
  if (text.includes("\0")) return "a NUL character";
  if (!text.isWellFormed()) return "half of a surrogate pair";
  return null;
}

/** Answers `text`, or throws a `ValidationError` when it cannot be stored unchanged on every backend. */
export function checkText(text: string, path: string): string {
  const problem = textProblem(text);
  if (problem === null) return text;
  throw new ValidationError(
    `${path}: expected text that every database can keep, came a string with ${problem}; store it as a Uint8Array`,
  );
}
