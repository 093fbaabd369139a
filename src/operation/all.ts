import type { Operation } from "./operation.ts";

/** An operation that stands at a pause. */
interface Paused<T> {
  readonly operation: Operation<T>;
  readonly pause: PromiseLike<unknown>;
}

/** A pause that has settled, and whose operation has not been told yet. */
interface Arrival {
  readonly index: number;
  readonly pause: PromiseLike<unknown>;
  readonly failed: boolean;
  readonly value: unknown;
}

/**
 * Runs operations side by side where they can wait, one after another where they cannot. Answers in the order
 * given. When one fails the others are still run to their end, and then the failure that is first in the order
 * given is thrown.
 *
 * What is thrown into it at a pause, such as the reason of an abort, is thrown into every operation that has not
 * ended, each at its own pause; it ends when they have all cleaned up. None is ever left running alone.
 */
export function* all<T>(operations: Iterable<Operation<T>>): Operation<T[]> {
  const values = new Map<number, T>();
  const failures = new Map<number, unknown>();
  const paused = new Map<number, Paused<T>>();
  const arrivals: Arrival[] = [];
  let wake: () => void = () => {};

  function advance(index: number, operation: Operation<T>, go: (operation: Operation<T>) => Step<T>): void {
    paused.delete(index);
    try {
      const step = go(operation);
      if (step.done) values.set(index, step.value);
      else watch(index, operation, step.value);
    } catch (error) {
      failures.set(index, error);
    }
  }

  function watch(index: number, operation: Operation<T>, pause: PromiseLike<unknown>): void {
    paused.set(index, { operation, pause });
    const arrive = (failed: boolean) => (value: unknown) => {
      arrivals.push({ index, pause, failed, value });
      wake();
    };
    Promise.resolve(pause).then(arrive(false), arrive(true));
  }

  for (const [index, operation] of [...operations].entries()) advance(index, operation, (it) => it.next());
  while (paused.size > 0) {
    const arrival = arrivals.shift();
    if (arrival === undefined) {
      try {
        yield new Promise<void>((resolve) => {
          wake = resolve;
        });
      } catch (error) {
        for (const [index, { operation }] of [...paused]) advance(index, operation, (it) => it.throw(error));
      }
      continue;
    }
    const { index, pause, failed, value } = arrival;
    const waiting = paused.get(index);
    // After an interruption the operation stands elsewhere, and what it abandoned concerns nobody.
    if (waiting?.pause !== pause) continue;
    advance(index, waiting.operation, (it) => (failed ? it.throw(value) : it.next(value)));
  }

  if (failures.size > 0) throw failures.get(Math.min(...failures.keys()));
  return [...values].sort(([a], [b]) => a - b).map(([, value]) => value);
}

type Step<T> = IteratorResult<PromiseLike<unknown>, T>;
