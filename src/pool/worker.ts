import { ConnectionError, ConnectTimeoutError } from "../errors/index.ts";
import { type Awaitable, isPromiseLike, type Operation, start, wait } from "../operation/index.ts";
import type { Clock } from "../resilience/clock.ts";
import type { FailedStep } from "./events.ts";
import type { PoolSettings } from "./options.ts";
import type { PoolResource, ResourceLimits } from "./resource.ts";
import type { DestroyReason } from "./slot.ts";
import { settleWithin } from "./timing.ts";

/** What failed, and how. It never leaves the pool. */
export class StepFailure extends Error {
  readonly step: FailedStep;
  readonly error: unknown;

  constructor(step: FailedStep, error: unknown) {
    super(`${step} failed`);
    this.step = step;
    this.error = error;
  }
}

/** Does what is to be done to resources, each step within its time limit. */
export class ResourceWorker<R> {
  readonly #resource: PoolResource<R>;
  readonly #settings: PoolSettings;
  readonly #clock: Clock;

  constructor(resource: PoolResource<R>, settings: PoolSettings, clock: Clock) {
    this.#resource = resource;
    this.#settings = settings;
    this.#clock = clock;
  }

  /** Makes a resource and runs its first hook. Aborting `controller` gives up; a late resource is destroyed. */
  *connect(controller: AbortController): Operation<R> {
    const timeoutMs = this.#settings.createTimeoutMs;
    const answer = this.#resource.create({ timeoutMs, signal: controller.signal });
    let resource: R;
    if (isPromiseLike(answer)) {
      const expired = () => {
        const error = new ConnectTimeoutError(`a connection was not made within ${timeoutMs} ms`);
        controller.abort(error);
        answer.then((late) => this.#destroyAtOnce(late), ignore);
        return error;
      };
      resource = yield* wait(settleWithin(this.#clock, timeoutMs, answer, expired));
    } else {
      resource = answer;
    }
    try {
      const limitMs = this.#settings.hookTimeoutMs;
      const hook = (limits: ResourceLimits) => this.#resource.onConnect?.(resource, limits);
      yield* wait(this.#limited("onConnect", limitMs, hook));
    } catch (error) {
      this.#destroyAtOnce(resource);
      throw error;
    }
    return resource;
  }

  /** Throws a `StepFailure`, as `clean` and `destroy` do. */
  *prepare(resource: R, work: { readonly validate: boolean; readonly checkout: boolean }): Operation<void> {
    const { validateTimeoutMs, hookTimeoutMs } = this.#settings;
    if (work.validate) {
      yield* this.#step("validate", validateTimeoutMs, (limits) => this.#resource.validate(resource, limits));
    }
    if (work.checkout) {
      yield* this.#step("onCheckout", hookTimeoutMs, (limits) =>
        this.#resource.onCheckout?.(resource, limits),
      );
    }
  }

  *clean(resource: R): Operation<void> {
    const { resetTimeoutMs, hookTimeoutMs } = this.#settings;
    yield* this.#step("reset", resetTimeoutMs, (limits) => this.#resource.reset(resource, limits));
    if (this.#resource.onCheckin === undefined) return;
    yield* this.#step("onCheckin", hookTimeoutMs, (limits) => this.#resource.onCheckin?.(resource, limits));
  }

  *destroy(resource: R, reason: DestroyReason): Operation<void> {
    yield* this.#step("destroy", this.#settings.destroyTimeoutMs, () =>
      this.#resource.destroy(resource, reason),
    );
  }

  /** Ends a resource that never became part of the pool. */
  #destroyAtOnce(resource: R): void {
    follow(this.destroy(resource, "discarded"), ignore, ignore);
  }

  *#step(step: FailedStep, limitMs: number, call: Call): Operation<void> {
    try {
      const answer = this.#limited(step, limitMs, call);
      if (isPromiseLike(answer)) yield answer;
    } catch (error) {
      throw new StepFailure(step, error);
    }
  }

  #limited(step: string, timeoutMs: number, call: Call): Awaitable<void> {
    const limits = new LazyLimits(timeoutMs);
    const answer = call(limits);
    if (!isPromiseLike(answer)) return;
    return settleWithin(this.#clock, timeoutMs, answer, () => {
      const error = new ConnectionError(`${step} did not answer within ${timeoutMs} ms`);
      limits.abort(error);
      return error;
    });
  }
}

type Call = (limits: ResourceLimits) => Awaitable<void> | undefined;

/** An abort signal costs microseconds, and few who are called want one: it is made when it is asked for. */
class LazyLimits implements ResourceLimits {
  readonly timeoutMs: number;
  #controller: AbortController | undefined;

  constructor(timeoutMs: number) {
    this.timeoutMs = timeoutMs;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#controller?.abort(reason);
  }
}

/** Runs an operation and calls back: at once when it does not have to wait. The callbacks must not throw. */
export function follow<T>(
  operation: Operation<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  let answer: Awaitable<T>;
  try {
    answer = start(operation);
  } catch (error) {
    failed(error);
    return;
  }
  if (isPromiseLike(answer)) answer.then(done, failed);
  else done(answer);
}

function ignore(): void {}
