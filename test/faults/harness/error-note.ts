import { inspect } from "node:util";
import { DatabaseError } from "../../../src/index.ts";
import type { ErrorNote } from "./history.ts";

/** A value that is bound to every write, and must never be seen in anything that is printed. */
export const canary = "canary-7f3a9d";

/** What a line of the history says of an error. `secrets` must not be seen in it. */
export function errorNote(error: unknown, secrets: readonly string[]): ErrorNote {
  const shown = `${String(error)} ${inspect(error)} ${JSON.stringify(error)}`;
  const leaks = [canary, ...secrets].some((secret) => secret !== "" && shown.includes(secret));
  if (error instanceof DatabaseError) {
    const { name, code, outcome, message } = error;
    return { name, code, outcome, message: message.slice(0, 300), typed: true, leaks };
  }
  const name = error instanceof Error ? error.name : typeof error;
  return {
    name,
    code: "",
    outcome: "",
    message: String(error).slice(0, 300),
    typed: false,
    leaks,
  };
}
