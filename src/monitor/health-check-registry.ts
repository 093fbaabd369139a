import { ConfigurationError } from "../errors/index.ts";
import type { Awaitable } from "../operation/index.ts";
import { systemClock } from "../resilience/index.ts";
import { OptionReader } from "../resilience/option-reader.ts";
import { bounded } from "./bounded.ts";
import { failureText } from "./failure-text.ts";
import { type HealthLevel, worst } from "./health-status.ts";

/** What a check may answer: a `HealthStatus`, a `DatabaseHealth`, or whether all is well. */
export type CheckAnswer =
  | boolean
  | { readonly status: HealthLevel; readonly details?: readonly string[]; readonly metrics?: object }
  | { readonly healthy: boolean; readonly error?: string | null };

/** A check of the program's own. One that throws has found something unusable. `signal` aborts when its time is up. */
export type HealthCheck = (signal: AbortSignal) => Awaitable<CheckAnswer>;

export interface CheckResult {
  readonly status: HealthLevel;
  readonly details: readonly string[];
  /** The figures that the check answered; null when it answered none. */
  readonly metrics: object | null;
  readonly durationMs: number;
}

export interface HealthReport {
  /** The worst of the checks; `OK` without any. */
  readonly status: HealthLevel;
  readonly checks: Readonly<Record<string, CheckResult>>;
  readonly checkedAt: Date;
}

export interface CheckAllOptions {
  /** Seconds for each check, all of which run at once. Default 2. */
  readonly timeout?: number | undefined;
}

/** The health checks of a program under their names, for one answer to whoever asks. */
export class HealthCheckRegistry {
  readonly #checks = new Map<string, HealthCheck>();

  /** Adds a check. Throws a `ConfigurationError` for a name that is empty or taken. */
  register(name: string, check: HealthCheck): void {
    if (typeof name !== "string" || name === "") {
      throw new ConfigurationError("expected the name of a health check to be a string that is not empty");
    }
    if (typeof check !== "function") {
      throw new ConfigurationError(
        `expected the health check "${name}" to be a function, got ${typeof check}`,
      );
    }
    if (this.#checks.has(name)) {
      throw new ConfigurationError(
        `a health check "${name}" is registered already: unregister it, or use another name`,
      );
    }
    this.#checks.set(name, check);
  }

  /** Takes a check out; answers whether it was there. */
  unregister(name: string): boolean {
    return this.#checks.delete(name);
  }

  /**
   * Runs every check, at once and each by itself. Rejects only for wrong options, and answers within `timeout`: a
   * check that throws, or gives no answer in time, is `CRITICAL`.
   */
  async checkAll(options: CheckAllOptions = {}): Promise<HealthReport> {
    const read = new OptionReader("health check options", options);
    const limitMs = read.number("timeout", 2, { min: 0.001, max: 86_400 }) * 1000;
    read.done();
    const checkedAt = new Date();
    const results = await Promise.all(
      [...this.#checks].map(async ([name, check]) => [name, await runCheck(check, limitMs)] as const),
    );
    const status = worst(results.map(([, result]) => result.status));
    return { status, checks: Object.fromEntries(results), checkedAt };
  }
}

async function runCheck(check: HealthCheck, limitMs: number): Promise<CheckResult> {
  const startedMs = systemClock.now();
  const answer = await bounded("the check", limitMs, check).then(read, (error) =>
    critical(failureText(error)),
  );
  return { ...answer, durationMs: systemClock.now() - startedMs };
}

type ReadAnswer = Omit<CheckResult, "durationMs">;

function read(answer: CheckAnswer): ReadAnswer {
  if (typeof answer === "boolean") return answer ? well : critical("the check answered false");
  if (typeof answer === "object" && answer !== null) {
    if ("healthy" in answer) {
      return answer.healthy === true ? well : critical(answer.error ?? "the check answered not healthy");
    }
    const { status, details = [], metrics = null } = answer;
    if (status === "OK" || status === "WARNING" || status === "CRITICAL") return { status, details, metrics };
  }
  return critical("expected the check to answer a boolean, a status or whether it is healthy");
}

const well: ReadAnswer = { status: "OK", details: [], metrics: null };

function critical(detail: string): ReadAnswer {
  return { status: "CRITICAL", details: [detail], metrics: null };
}
