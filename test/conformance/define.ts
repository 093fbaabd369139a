import { afterAll, beforeAll, describe, it } from "vitest";
import { conformanceGroups, skipReason } from "../../src/testing/conformance/index.ts";
import { runCase } from "../../src/testing/conformance/run.ts";
import { type Prepared, type Target, targets } from "./targets.ts";

/** Makes a test of each case of the conformance suite, on each face of a backend. */
export function defineConformance(backend: Target["backend"]): void {
  for (const target of targets.filter((candidate) => candidate.backend === backend)) {
    describe.skipIf(target.missing !== undefined)(target.name, () => {
      let prepared: Prepared;
      beforeAll(async () => {
        prepared = await target.prepare();
      });
      afterAll(() => prepared.dispose());
      for (const group of conformanceGroups) {
        describe(group.name, () => {
          for (const testCase of group.cases) {
            it(testCase.name, { meta: { backend: target.name } }, async ({ skip }) => {
              const database = prepared.database();
              const reason = skipReason(testCase, database.capabilities);
              if (reason !== undefined) skip(reason);
              await runCase(testCase, database);
            });
          }
        });
      }
    });
  }
}
