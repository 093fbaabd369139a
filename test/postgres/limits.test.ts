import { expect, it } from "vitest";
import { describeOnServer } from "../server-backends/database.ts";
import { watch } from "../server-backends/refusals.ts";

describeOnServer("what PostgreSQL could not take", "postgres", (place) => {
  const watched = watch(place);

  it("takes names of 63 bytes", async () => {
    const name = "n".repeat(63);
    const { columns } = await watched.db.execute(`SELECT 1 AS [${name}]`);
    expect(columns).toEqual([name]);
  });

  it("takes an array as one value, however long it is", async () => {
    const { db } = watched;
    const ids = Array.from({ length: 70_000 }, (_, n) => `id${n}`);
    await db.saveEntities("many", [{ id: "id3", n: 3 }, { id: "id69999" }]);
    const [row] = await db.execute("SELECT COUNT(*) FROM [many] WHERE [id] = ANY(CAST(? AS text[]))", [ids]);
    expect(row).toEqual([2]);
  });

  it.each([
    ["a value of a query", "STRATA_SQL_PARAMETER", () => watched.db.execute("SELECT ?", ["a\0b"])],
    [
      "an element of a list",
      "STRATA_SQL_PARAMETER",
      () => watched.db.execute("SELECT 1 WHERE ? IN (?)", ["a", ["\0"]]),
    ],
    ["a query's text", "STRATA_SQL_SYNTAX", () => watched.db.execute("SELECT 'a\0b'")],
    ["a field of a record", "STRATA_VALIDATION", () => watched.db.saveEntity("texts", { name: "a\0b" })],
    [
      "text inside an object",
      "STRATA_VALIDATION",
      () => watched.db.saveEntity("texts", { data: { a: ["\0"] } }),
    ],
    ["an id", "STRATA_VALIDATION", () => watched.db.saveEntity("texts", { id: "\0", name: "a" })],
    [
      "a comment",
      "STRATA_VALIDATION",
      () => watched.db.saveEntity("texts", { name: "a" }, { comment: "\0" }),
    ],
  ])("refuses NUL in %s", async (_, code, call) => {
    const error = await watched.refusal(call);
    expect([error.code, error.outcome]).toEqual([code, "not_sent"]);
    expect(watched.sent.filter((sql) => !sql.startsWith("SELECT relname"))).toEqual([]);
    expect([...(await watched.db.execute("SELECT 1"))]).toEqual([[1]]);
  });
});
