import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkEntityName } from "./names.ts";
import { indexName, tableNames } from "./physical-names.ts";

const segment = fc.constantFrom("a", "b", "c", "ab", "long".repeat(5));
const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("_"));
const index = fc.tuple(name, fc.array(name, { minLength: 1, maxLength: 4 }), fc.boolean());

describe("tableNames", () => {
  it("names the three tables", () => {
    expect(tableNames("users")).toEqual({ main: "users", meta: "users_meta", history: "users_history" });
  });
});

describe("indexName", () => {
  it("is readable where it can be", () => {
    expect(indexName("users", ["age", "name"], false)).toBe("_idx_users_age_name");
    expect(indexName("users", ["email"], true)).toBe("_uq_users_email");
    expect(indexName("users", ["deleted_at"], false)).toMatch(/^_idx_users_deleted_at_0[0-9a-f]{10}$/);
  });

  it("is deterministic, fits 63 bytes, and is no entity's name", () => {
    fc.assert(
      fc.property(index, ([entity, fields, unique]) => {
        const made = indexName(entity, fields, unique);
        expect(indexName(entity, [...fields], unique)).toBe(made);
        expect(Buffer.byteLength(made)).toBeLessThanOrEqual(63);
        expect(() => checkEntityName(made)).toThrow();
      }),
    );
  });

  it("differs for every other index", () => {
    fc.assert(
      fc.property(index, index, (first, second) => {
        fc.pre(JSON.stringify(first) !== JSON.stringify(second));
        expect(indexName(...first)).not.toBe(indexName(...second));
      }),
      { numRuns: 1000 },
    );
    expect(indexName("a", ["b_c"], false)).not.toBe(indexName("a_b", ["c"], false));
    expect(indexName("a", ["b_c"], false)).not.toBe(indexName("a", ["b", "c"], false));
  });
});
