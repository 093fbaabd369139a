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
  ] as const)(
    "has a value for each mark, and ends with a SELECT only for one that is there: %s",
    (expects, given) => {
      const { steps, answers } = auditedSteps(given, expects);
      for (const { sql, values } of steps) expect(values).toHaveLength(marks(sql));
      expect(steps.at(-1)?.sql.startsWith("SELECT ")).toBe(expects === "record");
      expect(answers.length > 0).toBe(expects === "record");
    },
  );

  it("answers of a record that is there what is not given and not known", () => {
    const columns = [
      "id",
      "name",
      "age",
      "created_at",
      "created_by",
      "updated_at",
      "updated_by",
      "deleted_at",
      "version",
    ];
    const { steps, answers } = auditedSteps({ ...save, columns }, "record");
    expect(answers).toEqual(["age", "created_at", "created_by", "version"]);
    expect(steps.at(-1)?.sql).toMatch(/^SELECT \[age\], \[created_at\], \[created_by\], \[version\] FROM/);
  });

  it("makes a version only under the revision that is known, and of an id of the caller's only without a past", () => {
    const last = (isNewId: boolean) => auditedSteps({ ...save, isNewId, guards: [] }, "nothing").steps.at(-1);
    expect(last(true)?.values.at(-1)).toBe("revision");
    expect(last(true)?.sql).not.toContain("NOT EXISTS");
    expect(last(false)?.values.slice(-2)).toEqual(["revision", "id"]);
    expect(last(false)?.sql).toContain("NOT EXISTS (SELECT 1 FROM [users_history] WHERE [id] = ?");
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
