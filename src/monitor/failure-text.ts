import { DatabaseError } from "../errors/index.ts";

/** What may be shown of a failure. Only the library's own messages are known to hold no secrets. */
export function failureText(error: unknown): string {
  if (error instanceof DatabaseError) return error.message;
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const code = "code" in error && typeof error.code === "string" ? ` (${error.code})` : "";
  return `${error.name}${code}`;
}
