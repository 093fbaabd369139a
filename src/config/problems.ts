import type * as z from "zod/mini";
import { ConfigurationError } from "../errors/index.ts";
import { closestName } from "./suggest.ts";

/** One thing that is wrong: where (an option's path, or the name of a variable), and what was expected there. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** One error for all the problems, so that a caller corrects them in one go. */
export function configurationError(subject: string, problems: readonly Problem[]): ConfigurationError {
  const lines = problems.map(({ path, message }) => `${path}: ${message}`);
  const [only] = lines;
  if (lines.length === 1 && only !== undefined) return new ConfigurationError(`${subject}: ${only}`);
  return new ConfigurationError(
    `${subject}: ${lines.length} settings cannot be used\n${lines.map((line) => `- ${line}`).join("\n")}`,
  );
}

export function unknownOption(path: string, name: string, known: readonly string[]): Problem {
  const close = closestName(name, known);
  const hint = close === undefined ? "" : `did you mean "${close}"? `;
  return { path, message: `unknown option; ${hint}the options are ${known.join(", ")}` };
}

/** What zod found, in our words. `known` lists the option names of each strict object by its path. */
export function problemsOf(
  issues: readonly z.core.$ZodIssue[],
  known: Readonly<Record<string, readonly string[]>>,
): Problem[] {
  const problems = issues.flatMap((issue): Problem[] => {
    const path = issue.path.map(String).join(".");
    if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
    return issue.keys.map((key) =>
      unknownOption(path === "" ? key : `${path}.${key}`, key, known[path] ?? []),
    );
  });
  const distinct = new Map(problems.map((problem) => [`${problem.path}\0${problem.message}`, problem]));
  return [...distinct.values()];
}
