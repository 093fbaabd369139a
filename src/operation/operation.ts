/**
 * The kernel that lets one source serve callers who await and callers who block.
 *
 * An operation is a generator that yields only promises. Whoever runs it decides what a pause means: an
 * asynchronous runner awaits the promise, a blocking runner refuses it. An operation whose driver answers at
 * once never pauses, so it runs to its end inside its first `next()`.
 */

/** A value, or a promise of it: what a driver may answer. */
export type Awaitable<T> = T | PromiseLike<T>;

/**
 * Work that pauses only on promises, and returns a `T`. Run it with `runAsync` or `runSync`, once.
 *
 * Where every call comes by, pass on an arrow function that calls a generator function, and no `function*` made there:
 * V8 gives each new one a prototype and a map of its own when it first runs, some 3 µs, as long as all else of a read.
 */
export type Operation<T> = Generator<PromiseLike<unknown>, T, unknown>;

/**
 * Thrown into an operation when a blocking caller would have to wait for a promise. It is thrown at the pause,
 * so the operation's `finally` blocks run.
 */
export class WouldBlockError extends Error {
  override readonly name = "WouldBlockError";
  readonly code = "STRATA_WOULD_BLOCK";
}

export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/**
 * Waits for an answer. A plain value is passed on at once, without a pause.
 *
 * The cast is the one place where the kernel vouches for a type: a runner resumes a generator with the value
 * of the very promise that it yielded.
 */
export function* wait<T>(answer: Awaitable<T>): Operation<T> {
  return isPromiseLike(answer) ? ((yield answer) as T) : answer;
}

/** Runs an operation up to its first pause and answers its value, or a promise of it. */
export function start<T>(operation: Operation<T>, signal?: AbortSignal): Awaitable<T> {
  const step = operation.next();
  return step.done ? step.value : resume(operation, step.value, signal);
}

/**
 * Runs an operation for a caller who awaits it.
 *
 * When `signal` aborts, its reason is thrown into the operation at the pause where it stands, so that it can
 * clean up; pauses inside that clean-up are awaited as usual. The promise that was abandoned may still settle;
 * its result is ignored.
 */
export async function runAsync<T>(operation: Operation<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  return await start(operation, signal);
}

/** Runs an operation for a caller who blocks. A pause is a `WouldBlockError`, thrown into the operation. */
export function runSync<T>(operation: Operation<T>): T {
  let step = operation.next();
  while (!step.done) {
    // Nobody will wait for the promise, so nobody else would handle its rejection. Only a real promise rejects by
    // itself: the `then` of another thenable, such as a query builder, may start work and is never called.
    if (step.value instanceof Promise) step.value.catch(ignore);
    step = operation.throw(
      new WouldBlockError("a synchronous call met work that has to wait; use the asynchronous face for it"),
    );
  }
  return step.value;
}

// An await in a loop, not `pause.then(...)`: it is cheaper, and V8 keeps the caller's frames in the stack.
async function resume<T>(
  operation: Operation<T>,
  pause: PromiseLike<unknown>,
  signal?: AbortSignal,
): Promise<T> {
  let awaiting = signal === undefined ? pause : abortable(pause, signal);
  let aborted = false;
  for (;;) {
    let value: unknown;
    let failed = false;
    try {
      value = await awaiting;
    } catch (error) {
      failed = true;
      value = error;
      // The abort is delivered once. What the operation awaits while it cleans up is not interrupted again.
      aborted ||= signal?.aborted === true && error === signal.reason;
    }
    const step = failed ? operation.throw(value) : operation.next(value);
    if (step.done) return step.value;
    awaiting = signal === undefined || aborted ? step.value : abortable(step.value, signal);
  }
}

function abortable(pause: PromiseLike<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const settle = () => signal.removeEventListener("abort", onAbort);
    Promise.resolve(pause).then(
      (value) => {
        settle();
        resolve(value);
      },
      (error) => {
        settle();
        reject(error);
      },
    );
  });
}

function ignore(): void {}
