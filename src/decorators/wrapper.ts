import { types } from "node:util";
import { ConfigurationError } from "../errors/index.ts";
import { isPromiseLike } from "../operation/index.ts";

export type AnyFunction = (...args: never[]) => unknown;

/**
 * Puts something around a function, and answers a function of the same type, name and `this`. It can be called, as
 * `wrap(fn)`, or be used as a standard (TC39) decorator on a method, as `@wrap`.
 */
export type Wrapper<Wrapped extends AnyFunction = AnyFunction> = <F extends Wrapped>(
  fn: F,
  context?: ClassMethodDecoratorContext,
) => F;

/** One call of a wrapped function. */
export interface WrappedCall {
  readonly self: unknown;
  /** Calls the function itself; it can be called again. */
  readonly run: () => unknown;
  /** Whether the function is known to answer promises, so that its caller's thread may not be blocked. */
  readonly answersPromises: () => boolean;
}

/** What is put around each call. Answers what the function answered, or a promise of what it promised. */
export type Around = (call: WrappedCall) => unknown;

/** Functions that answer promises: those in whose source it stands are known at once, others after a call. */
const answeringPromises = new WeakSet<AnyFunction>();

/**
 * Makes a wrapper. `prepare` is called once for each function that is wrapped, with its name.
 *
 * A function that answers promises keeps to it: what `around` throws at once becomes a rejection.
 */
export function wrapping(prepare: (name: string) => Around): Wrapper {
  return <F extends AnyFunction>(fn: F, context?: ClassMethodDecoratorContext): F => {
    const around = prepare(checkedName(fn, context));
    const answersPromises = () => answeringPromises.has(fn);
    if (types.isAsyncFunction(fn)) answeringPromises.add(fn);
    // A proxy has the function's type, name, length and properties by itself.
    const wrapped = new Proxy(fn, {
      apply(target, self, args) {
        const run = () => {
          const answer: unknown = Reflect.apply(target, self, args);
          if (isPromiseLike(answer)) learn();
          return answer;
        };
        try {
          return around({ self, run, answersPromises });
        } catch (error) {
          if (answersPromises()) return Promise.reject(error);
          throw error;
        }
      },
    });
    function learn(): void {
      answeringPromises.add(fn);
      answeringPromises.add(wrapped);
    }
    if (answersPromises()) learn();
    return wrapped;
  };
}

/** Refuses what cannot be wrapped, and answers the name of what can. */
function checkedName(fn: unknown, context: unknown): string {
  if (typeof context === "string" || typeof context === "symbol") {
    throw new ConfigurationError(
      "this is a standard decorator, and it was called as an experimental one: remove experimentalDecorators from the compiler's options",
    );
  }
  const { kind, name } = Object(context ?? {});
  if (kind !== undefined && kind !== "method") {
    throw new ConfigurationError(`expected the decorator on a method, got it on a ${String(kind)}`);
  }
  if (typeof fn !== "function") {
    throw new ConfigurationError(`expected a function to wrap, got ${typeof fn}`);
  }
  if (types.isGeneratorFunction(fn)) {
    throw new ConfigurationError(
      `expected a function that answers a value or a promise, got the generator ${fn.name}`,
    );
  }
  return name === undefined ? fn.name || "an unnamed function" : String(name);
}
