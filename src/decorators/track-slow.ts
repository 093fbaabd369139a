import { type Operation, start, wait } from "../operation/index.ts";
import { systemClock } from "../resilience/index.ts";
import { OptionReader } from "../resilience/option-reader.ts";
import { type Wrapper, wrapping } from "./wrapper.ts";

/** A call that took long. Holds no arguments and no answer. */
export interface SlowCall {
  /** Name of the function. */
  readonly name: string;
  readonly durationMs: number;
  /** Seconds from which on a call is slow. */
  readonly threshold: number;
  /** What the call threw; undefined when it answered. */
  readonly error: unknown;
}

export interface TrackSlowOptions {
  /** Seconds from which on a call is slow, however it ended. Default 2. */
  readonly threshold?: number | undefined;
  /** Told of each slow call. Default: a warning of the process. One that throws harms nobody but is reported. */
  readonly onSlow?: ((call: SlowCall) => void) | undefined;
}

/** Reports the calls of a function that take long. */
export function trackSlow(options: TrackSlowOptions = {}): Wrapper {
  const read = new OptionReader("trackSlow options", options);
  const threshold = read.number("threshold", 2, { min: 0, max: 86_400 });
  read.callable("onSlow");
  read.done();
  const { onSlow = warn } = options;

  function report(name: string, startedMs: number, error: unknown): void {
    const durationMs = systemClock.now() - startedMs;
    if (durationMs < threshold * 1000) return;
    try {
      onSlow({ name, durationMs, threshold, error });
    } catch (failure) {
      const reason = failure instanceof Error ? failure.message : String(failure);
      process.emitWarning(`onSlow of ${name} threw: ${reason}`, { type: "StrataWarning" });
    }
  }

  function* timed(name: string, run: () => unknown): Operation<unknown> {
    const startedMs = systemClock.now();
    let answer: unknown;
    try {
      answer = yield* wait(run());
    } catch (error) {
      report(name, startedMs, error);
      throw error;
    }
    report(name, startedMs, undefined);
    return answer;
  }

  return wrapping(
    (name) =>
      ({ run }) =>
        start(timed(name, run)),
  );
}

function warn({ name, durationMs, threshold }: SlowCall): void {
  process.emitWarning(
    `${name} took ${(durationMs / 1000).toFixed(3)} s, and is slow from ${threshold} s on`,
    { type: "StrataWarning", code: "STRATA_SLOW_CALL" },
  );
}
