import { bulkCases } from "./bulk.cases.ts";
import type { ConformanceGroup } from "./case.ts";
import { entityCases } from "./entity.cases.ts";
import { historyCases } from "./history.cases.ts";
import { schemaCases } from "./schema.cases.ts";
import { sqlCases } from "./sql.cases.ts";
import { transactionCases } from "./transaction.cases.ts";
import { valueCases } from "./value.cases.ts";

/** What every backend does alike. A backend from outside shows that it works by passing all of it. */
export const conformanceGroups: readonly ConformanceGroup[] = [
  sqlCases,
  transactionCases,
  valueCases,
  entityCases,
  bulkCases,
  historyCases,
  schemaCases,
];
