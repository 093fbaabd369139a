import { describe, expect, it } from "vitest";
import type { AuditedSave } from "../../backend/index.ts";
import { translate } from "../../sql/index.ts";
import { auditedSave } from "./audited-save.ts";
import { postgresDialect } from "./dialect.ts";

const save = {
  main: "users",
  history: "users_history",
  meta: "users_meta",
  columns: ["id", "name", "version"],
  fields: [{ name: "name", type: "text" }],
  guards: [],
  isNewId: false,
  versionUnchanged: false,
} as const;

function namesOf(changes: Partial<AuditedSave>, expects: "record" | "either" = "either"): string[] {
  const sql = auditedSave({ ...save, ...changes }, expects);
  return [...translate(sql, postgresDialect.syntax).distinctNames].sort();
}

describe("auditedSave", () => {
  const always = ["at", "comment", "f0", "id", "revision", "user_id", "write_id"];

  it("takes the same values for every kind of save, and one for each guard", () => {
    expect(namesOf({})).toEqual(always);
    expect(namesOf({ isNewId: true })).toEqual(always);
    expect(namesOf({}, "record")).toEqual(always);
    expect(namesOf({ guards: [{ name: "version", type: "integer" }] }, "record")).toEqual(
      [...always, "g0"].sort(),
    );
  });

  it("looks into the history only where an id may count on from its past", () => {
    expect(auditedSave(save, "either")).toContain("MAX([version])");
    expect(auditedSave({ ...save, isNewId: true }, "either")).not.toContain("MAX([version])");
  });

  it("leaves a deleted record, and one that would not change, to several statements", () => {
    expect(auditedSave(save, "either")).toContain(
      `"stored".[deleted_at] IS NULL AND ("stored".[name] IS DISTINCT FROM EXCLUDED.[name])`,
    );
    expect(auditedSave({ ...save, fields: [] }, "either")).toContain(
      `"stored".[deleted_at] IS NULL AND FALSE`,
    );
    expect(auditedSave({ ...save, versionUnchanged: true }, "either")).not.toContain("IS DISTINCT FROM");
  });

  it("only changes a record that is taken to be there", () => {
    expect(auditedSave(save, "record")).not.toContain("ON CONFLICT");
    const sql = auditedSave({ ...save, guards: [{ name: "version", type: "integer" }] }, "record");
    expect(sql).toMatch(/^WITH "saved" AS \(UPDATE \[users\]/);
    expect(sql).toContain(`"stored".[version] IS NOT DISTINCT FROM CAST(:g0 AS BIGINT)`);
  });
});
