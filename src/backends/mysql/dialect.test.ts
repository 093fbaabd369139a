import { describe, expect, it } from "vitest";
import { ValidationError } from "../../errors/index.ts";
import { mysqlDialect } from "./dialect.ts";

/** The text as one flavour reads it: its own executable comments opened, all others dropped. */
function readBy(flavour: "mariadb" | "mysql", sql: string): string {
  const opened =
    flavour === "mariadb"
      ? sql.replace(/\/\*M! ?(.*?) ?\*\//g, "$1")
      : sql.replace(/\/\*!\d+ ?(.*?) ?\*\//g, "$1");
  return opened
    .replace(/\/\*.*?\*\//g, "")
    .replace(/\s+/g, " ")
    .trim();
}

const email = { name: "email", type: "text", key: true } as const;

describe("the dialect's text", () => {
  it("is read by each flavour in its own way", () => {
    const table = mysqlDialect.createTable({
      name: "t",
      columns: [{ ...email, notNull: true }],
      primaryKey: ["email"],
    });
    expect(readBy("mariadb", table)).toBe(
      "CREATE TABLE [t] ([email] VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin NOT NULL, PRIMARY KEY ([email])) " +
        "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin",
    );
    expect(readBy("mysql", table)).toContain("COLLATE utf8mb4_0900_bin NOT NULL");
    const index = mysqlDialect.createIndex({
      name: "i",
      table: "t",
      columns: [email],
      unique: true,
      liveOnly: true,
    });
    expect(readBy("mysql", index)).toBe(
      "ALTER TABLE [t] MODIFY COLUMN [email] VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin, " +
        "ADD UNIQUE INDEX [i] ([email], (IF(`deleted_at` IS NULL, 1, NULL)))",
    );
    expect(readBy("mariadb", index)).toMatch(
      /^ALTER TABLE \[t\] .* ADD COLUMN IF NOT EXISTS `_strata_live` .* INVISIBLE, ADD UNIQUE INDEX \[i\] \(\[email\], `_strata_live` \)$/,
    );
  });

  it("quotes every name, and refuses those that cannot be", () => {
    for (const name of ["a]b", "[a", "", "a\0"]) {
      expect(() => mysqlDialect.addColumn(name, email)).toThrow(ValidationError);
      expect(() => mysqlDialect.dropIndex({ name, table: "t" })).toThrow(ValidationError);
    }
  });

  it("has limits with and without an offset", () => {
    expect(mysqlDialect.limit(undefined, undefined)).toBe("");
    expect(mysqlDialect.limit(0, undefined)).toBe(" LIMIT 0");
    expect(mysqlDialect.limit(undefined, 5)).toBe(" LIMIT 18446744073709551615 OFFSET 5");
  });
});
