import { AssertionError, deepStrictEqual } from "node:assert/strict";
import { DatabaseError } from "../../errors/index.ts";
import { type Awaitable, type Operation, wait } from "../../operation/index.ts";

/** Deep equality, also of types and prototypes. */
export function equal(actual: unknown, expected: unknown, message?: string): void {
  deepStrictEqual(actual, expected, message);
}

/** Runs `work`, which must fail with a `DatabaseError` of this code, and answers it. */
export function* refused(code: string, work: () => Awaitable<unknown>): Operation<DatabaseError> {
  let answer: unknown;
  try {
    answer = yield* wait(work());
  } catch (error) {
    if (error instanceof DatabaseError && error.code === code) return error;
    throw error;
  }
  throw new AssertionError({ message: `expected ${code}, but the call succeeded`, actual: answer });
}

/** Only these keys of an object. */
export function pick(object: object | null | undefined, ...keys: readonly string[]): Record<string, unknown> {
  const entries = new Map(Object.entries(object ?? {}));
  return Object.fromEntries(keys.map((key) => [key, entries.get(key)]));
}
