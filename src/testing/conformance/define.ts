import { skipReason } from "./case.ts";
import { conformanceGroups } from "./groups.ts";
import { runCase } from "./run.ts";
import {
  type ConformanceSubject,
  capabilitiesOf,
  facesOf,
  nameOf,
  type PreparedDatabase,
  underTest,
} from "./subject.ts";

/** What the suite needs of a test runner. Vitest, Jest and Bun have it as it is; `node:test` calls the hooks `before` and `after`. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): unknown;
  readonly it: {
    (name: string, body: () => Promise<void>): unknown;
    skip(name: string, body: () => Promise<void>): unknown;
  };
  beforeAll(body: () => Promise<void>): unknown;
  afterAll(body: () => Promise<void>): unknown;
}

/**
 * Makes a test of each case, on each face of the backend. A case that cannot hold for its capabilities is a skipped
 * test, whose name ends with the reason.
 */
export function defineConformance(runner: ConformanceRunner, subject: ConformanceSubject): void {
  const { describe, it, beforeAll, afterAll } = runner;
  const capabilities = capabilitiesOf(subject);
  for (const face of facesOf(subject)) {
    describe(nameOf(subject, face), () => {
      let prepared: PreparedDatabase | undefined;
      beforeAll(async () => {
        prepared = await subject.prepare(face);
      });
      afterAll(async () => {
        await prepared?.dispose?.();
      });
      for (const { name, cases } of conformanceGroups) {
        describe(name, () => {
          for (const testCase of cases) {
            const reason = skipReason(testCase, capabilities);
            const run = async () => {
              if (prepared === undefined) throw new Error("expected a database, but prepare has failed");
              await runCase(testCase, underTest(prepared, face, capabilities));
            };
            if (reason === undefined) it(testCase.name, run);
            else it.skip(`${testCase.name} (${reason})`, run);
          }
        });
      }
    });
  }
}
