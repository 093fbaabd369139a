import type { Reporter, TestModule, TestRunEndReason, TestSuite } from "vitest/node";

declare module "vitest" {
  interface TaskMeta {
    /** The backend and the face that a test of the suite ran on: `sqlite/async`. */
    backend?: string;
  }
}

/** What is counted of a run. */
export interface Tally {
  readonly passed: number;
  /** Failed tests, and everything else that broke: a file that did not load, a hook, an unhandled error. */
  readonly failed: number;
  readonly skipped: number;
  /** `backend` of the tests that were not skipped, each once. */
  readonly backends: readonly string[];
}

/** Ends a run with lines that programs can read: the backends that ran, and `N passed, N failed`. */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[], reason: TestRunEndReason): void {
    console.log(summaryLines(count(modules, errors.length, reason)).join("\n"));
  }
}

export function summaryLines(tally: Tally): string[] {
  return [
    `backends: ${describeBackends(tally.backends)}`,
    ...(tally.skipped > 0 ? [`skipped: ${tally.skipped}`] : []),
    `${tally.passed} passed, ${tally.failed} failed`,
  ];
}

function describeBackends(backends: readonly string[]): string {
  const faces = Map.groupBy(backends.toSorted(), (backend) => backend.split("/", 1)[0]);
  const described = [...faces].map(([name, entries]) => {
    const suffixes = entries.flatMap((entry) => entry.split("/").slice(1));
    return suffixes.length === 0 ? name : `${name} (${suffixes.join(", ")})`;
  });
  return described.join(", ") || "none";
}

function count(modules: readonly TestModule[], unhandledErrors: number, reason: TestRunEndReason): Tally {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const inState = (state: string) => tests.filter((test) => test.result().state === state).length;
  const broken = modules.flatMap((module) => [...errorsOf(module)]).length;
  const failed = inState("failed") + inState("pending") + broken + unhandledErrors;
  const ran = tests.filter((test) => test.result().state !== "skipped");
  return {
    passed: inState("passed"),
    // A run that did not pass never says "0 failed", whatever the reason was.
    failed: reason === "passed" ? failed : Math.max(failed, 1),
    skipped: inState("skipped"),
    backends: [...new Set(ran.flatMap((test) => test.meta().backend ?? []))],
  };
}

function* errorsOf(module: TestModule): Generator<unknown> {
  const suites: readonly (TestModule | TestSuite)[] = [module, ...module.children.allSuites()];
  for (const suite of suites) yield* suite.errors();
}
