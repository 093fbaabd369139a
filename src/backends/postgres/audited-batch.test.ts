import { describe, expect, it } from "vitest";
import { translate } from "../../sql/index.ts";
import { auditedBatch } from "./audited-batch.ts";
import { postgresDialect } from "./dialect.ts";

const batch = {
  main: "users",
  history: "users_history",
  isNew: true,
  fields: [
    { name: "age", type: "integer" },
    { name: "data", type: "json" },
  ],
  copied: ["id", "age", "data", "created_at", "version"],
} as const;

describe("auditedBatch", () => {
  it("takes a list for each column, whatever the number of records", () => {
    for (const isNew of [true, false]) {
      const { distinctNames, lists } = translate(auditedBatch({ ...batch, isNew }), postgresDialect.syntax);
      expect([...distinctNames].sort()).toEqual([
        ...["at", "changed", "comment", "f0", "f1", "id", "operation", "user_id", "version", "write_id"],
      ]);
      expect(lists).toEqual([]);
    }
  });

  it("gives each list the type of its column", () => {
    const given =
      'unnest(CAST(:id AS TEXT[]), CAST(:f0 AS BIGINT[]), CAST(:f1 AS JSONB[]), CAST(:version AS BIGINT[])) AS "given"';
    expect(auditedBatch(batch)).toContain(given);
    expect(auditedBatch({ ...batch, isNew: false })).toContain(given);
  });

  it("changes a record only at the version that was read", () => {
    expect(auditedBatch({ ...batch, isNew: false })).toContain(
      'WHERE "stored".[id] = "given"."id" AND "stored".[version] = "given"."version"',
    );
  });

  it("copies to the history what it is told to", () => {
    const sql = auditedBatch({ ...batch, isNew: false, copied: ["id", "age", "version"] });
    expect(sql).toMatch(/RETURNING "stored"\.\[id\], "stored"\.\[age\], "stored"\.\[version\]\)/);
    expect(sql).toMatch(/SELECT .*CAST\(:changed AS JSONB\), \[id\], \[age\], \[version\] FROM "saved"$/);
  });
});
