import { describe, it } from "vitest";
import { Bench, type Expected, faces, untyped } from "./bench.ts";

const parameter = (says: RegExp): Expected => ({ code: "STRATA_SQL_PARAMETER", says });
const insert =
  "INSERT INTO [users] ([id], [name], [created_at], [updated_at], [version]) VALUES (?, ?, '', '', 1)";

class Url {}

describe.each(faces)("statements on the %s face", (face) => {
  const meta = { backend: `sqlite/${face}` };

  it.each([
    [insert, [], /expected 2 values .*got none/],
    [insert, ["x"], /expected 2 values .*got 1/],
    [insert, ["x", "y", "z"], /expected 2 values .*got 3/],
    [insert, undefined, /2/],
    ["SELECT 1", ["x"], /expected no values.*got 1/],
    ["SELECT '?', [name] FROM [users] -- ?", ["x"], /expected no values.*got 1/],
    ["SELECT :name", {}, /name/],
    ["SELECT :name", { Name: 1 }, /name/],
    ["SELECT :name", { name: 1, other: 2 }, /other/],
    ["SELECT :name", ["x"], /./],
    ["SELECT ?", { name: 1 }, /./],
    ["SELECT ?, :name", [1], /./],
    ["SELECT ?", "x", /./],
    ["SELECT ?", 7, /./],
    ["SELECT :toString", {}, /toString/],
  ] as const)("refuse values that do not fit: %s with %o", { meta }, async (sql, params, says) => {
    const bench = await Bench.make(face);
    await bench.refuses(parameter(says), () => bench.db.execute(sql, untyped(params)));
    await bench.refuses(parameter(says), () => bench.db.query(sql, untyped(params)));
    await bench.refuses(parameter(says), () => bench.db.queryOne(sql, untyped(params)));
    await bench.refuses(parameter(says), () => bench.db.stream(sql, untyped(params)).next());
  });

  it.each([
    [undefined],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [() => 1],
    [Symbol("canary")],
    [{ a: 1 }],
    [new Url()],
    [new Date(Number.NaN)],
    ["\ud800"],
    [2n ** 64n],
    [new Map()],
  ])("refuse the value %o", { meta }, async (value) => {
    const bench = await Bench.make(face);
    await bench.refuses({ code: "STRATA_SQL_PARAMETER" }, () => bench.db.execute(insert, ["c", value]));
    await bench.refuses({ code: "STRATA_SQL_PARAMETER" }, () =>
      bench.db.executemany(insert, [
        ["c", "d"],
        ["e", value],
      ]),
    );
    await bench.refuses({ code: "STRATA_SQL_PARAMETER" }, () =>
      bench.db.findEntities("users", { where: "[name] = ?", params: [value] }),
    );
  });

  it("refuse sets of values that are none", { meta }, async () => {
    const bench = await Bench.make(face);
    for (const sets of [
      undefined,
      null,
      7,
      {},
      [7],
      [null],
      [["a", "b"], "cd"],
      [["a"]],
      [["a", "b", "c"]],
    ]) {
      await bench.refuses({ code: "STRATA_SQL_PARAMETER" }, () =>
        bench.db.executemany(insert, untyped(sets)),
      );
    }
  });

  it("refuse what is no statement", { meta }, async () => {
    const bench = await Bench.make(face);
    for (const sql of [undefined, null, 7, {}, ["SELECT 1"]]) {
      await bench.refuses({ code: "STRATA_SQL_PARAMETER" }, () => bench.db.execute(untyped(sql)));
    }
  });

  it.each([
    "",
    "   ",
    "-- nothing",
    "SELECT 1; DELETE FROM [users]",
    "SELECT 'open",
    "SELECT [open",
    "SELEKT 1",
    "SELECT * FROM [nothing]",
    "DELETE FROM [users] WHERE",
  ])("reject %o, and do nothing of it", { meta }, async (sql) => {
    const bench = await Bench.make(face);
    await bench.rejects({ code: "STRATA_SQL_SYNTAX" }, () => bench.db.execute(sql));
    await bench.rejects({ code: "STRATA_SQL_SYNTAX" }, () => bench.db.stream(sql).next());
  });
});
