export {
  type CaseContext,
  type ConformanceCase,
  type ConformanceGroup,
  type Need,
  skipReason,
} from "./case.ts";
export { type ConformanceRunner, defineConformance } from "./define.ts";
export { conformanceGroups } from "./groups.ts";
export { type CaseName, type ConformanceReport, runConformance } from "./report.ts";
export type { ConformanceSubject, PreparedDatabase } from "./subject.ts";
