import { DatabaseError } from "../../../src/index.ts";

/** How a call ended: `ok`, or the error's class and outcome; and after how many milliseconds. */
export interface Answer {
  readonly said: string;
  readonly ms: number;
  readonly error: unknown;
}

export async function answerOf(call: Promise<unknown>): Promise<Answer> {
  const begin = performance.now();
  try {
    await call;
    return { said: "ok", ms: performance.now() - begin, error: undefined };
  } catch (error) {
    return { said: nameOf(error), ms: performance.now() - begin, error };
  }
}

/** An error's class and outcome. Costs next to nothing, for rows in which thousands of calls fail at once. */
export function nameOf(error: unknown): string {
  if (error instanceof DatabaseError) return `${error.name}/${error.outcome}`;
  return `untyped ${String(error)}`;
}

/** How often each answer came. */
export function tally(answers: readonly Pick<Answer, "said">[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { said } of answers) counts[said] = (counts[said] ?? 0) + 1;
  return counts;
}

export function longest(answers: readonly Pick<Answer, "ms">[]): number {
  return Math.max(0, ...answers.map(({ ms }) => ms));
}
