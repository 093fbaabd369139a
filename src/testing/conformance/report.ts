import { skipReason } from "./case.ts";
import { conformanceGroups } from "./groups.ts";
import { runCase } from "./run.ts";
import { type ConformanceSubject, capabilitiesOf, facesOf, nameOf, underTest } from "./subject.ts";

/** One case on one face, by the names of its face, its group and itself. */
export interface CaseName {
  /** `duckdb/async` */
  readonly subject: string;
  readonly group: string;
  readonly name: string;
}

export interface ConformanceReport {
  readonly passed: readonly CaseName[];
  readonly failed: readonly (CaseName & { readonly error: unknown })[];
  /** The cases that cannot hold for the backend's capabilities. */
  readonly skipped: readonly (CaseName & { readonly reason: string })[];
}

/**
 * Runs the suite without a test runner. Answers when every case has ended; rejects only when a database could not be
 * prepared or disposed of.
 */
export async function runConformance(subject: ConformanceSubject): Promise<ConformanceReport> {
  const capabilities = capabilitiesOf(subject);
  const passed: CaseName[] = [];
  const failed: (CaseName & { readonly error: unknown })[] = [];
  const skipped: (CaseName & { readonly reason: string })[] = [];
  for (const face of facesOf(subject)) {
    const prepared = await subject.prepare(face);
    for (const { name: group, cases } of conformanceGroups) {
      for (const testCase of cases) {
        const name: CaseName = { subject: nameOf(subject, face), group, name: testCase.name };
        const reason = skipReason(testCase, capabilities);
        if (reason !== undefined) {
          skipped.push({ ...name, reason });
          continue;
        }
        try {
          await runCase(testCase, underTest(prepared, face, capabilities));
          passed.push(name);
        } catch (error) {
          failed.push({ ...name, error });
        }
      }
    }
    await prepared.dispose?.();
  }
  return { passed, failed, skipped };
}
