import { describe, expect, it } from "vitest";
import type { AuditedSave } from "../../backend/index.ts";
import { auditedSteps } from "./audited-steps.ts";

const save: AuditedSave = {
  main: "users",
  history: "users_history",
  meta: "users_meta",
  columns: ["id", "name", "tags", "version"],
  fields: [
    { name: "name", type: "text" },
    { name: "tags", type: "json" },
    { name: "at", type: "timestamp" },
    { name: "size", type: "numeric" },
  ],
  guards: [{ name: "version", type: "integer" }],
  isNewId: false,
  countsOn: false,
  versionUnchanged: false,
};

function marks(sql: string): number {
  return sql.split("?").length - 1;
}

describe("an audited save in steps", () => {
  it.each([
    ["record", save],
    ["record", { ...save, fields: [], guards: [] }],
    ["record", { ...save, versionUnchanged: true }],
    ["nothing", save],
    ["nothing", { ...save, isNewId: true, guards: [] }],
  ] as const)("has a value for each mark, and ends with a SELECT: expecting a %s", (expects, given) => {
    const { steps, answersRecord } = auditedSteps(given, expects);
    for (const { sql, values } of steps) expect(values).toHaveLength(marks(sql));
    expect(steps.at(-1)?.sql).toMatch(/^SELECT /);
    expect(answersRecord).toBe(expects === "record");
  });

  it("changes nothing where nothing is sure to differ: JSON by its length only, moments by the millisecond", () => {
    const [update] = auditedSteps(save, "record").steps;
    expect(update?.sql).toContain("NOT ([name] <=> ?)");
    expect(update?.sql).toContain("NOT (LENGTH([tags]) <=> LENGTH(?))");
    expect(update?.sql).toContain("NOT ([size] <=> CAST(? AS DECIMAL(65,0)))");
    expect(update?.sql).toContain("INTERVAL 1000 MICROSECOND");
    expect(auditedSteps({ ...save, fields: [] }, "record").steps[0]?.sql).toMatch(/\(FALSE\)$/);
    expect(auditedSteps({ ...save, versionUnchanged: true }, "record").steps[0]?.sql).not.toContain("NOT (");
  });
});
