import { describe, expect, it } from "vitest";
import { Bench, type Expected, faces, untyped } from "./bench.ts";

const validation = (says: RegExp): Expected => ({ code: "STRATA_VALIDATION", says });

describe.each(faces)("reads on the %s face", (face) => {
  const meta = { backend: `sqlite/${face}` };

  it.each([-1, -0.5, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "5", null, 2 ** 60, 5n, {}])(
    "refuse a limit, an offset of %o",
    { meta },
    async (given) => {
      const bench = await Bench.make(face);
      for (const name of ["limit", "offset"]) {
        const options = Object.fromEntries([[name, untyped(given)]]);
        const says = new RegExp(`expected ${name} to be a whole number from 0, got`);
        await bench.refuses(validation(says), () => bench.db.findEntities("users", options));
        await bench.refuses(validation(says), () => bench.db.findEntitiesAsOf("users", new Date(), options));
      }
    },
  );

  it.each([
    "name; DROP TABLE users",
    "name -- ",
    "name/**/",
    "(SELECT 1)",
    "random()",
    "name COLLATE NOCASE",
    "name ASC DESC",
    "name DESC NULLS LAST",
    "1",
    "name,",
    ",",
    "",
    "'name'",
    '"name"',
    "[name",
    "users.name",
    "nothing",
    "Name",
    "__proto__",
    "name\0",
    [["name"]],
    [{ field: "name", direction: "sideways" }],
    [{ field: "name; DROP TABLE users" }],
    [{ direction: "asc" }],
    [null],
    [7],
    7,
    { field: "name" },
    null,
  ])("refuse to order by %o", { meta }, async (given) => {
    const bench = await Bench.make(face);
    const orderBy = untyped(given);
    const says =
      /expected orderBy to (?:be field names|name fields of "users"), .*got|expected orderBy to name fields of "users", got/;
    await bench.refuses(validation(says), () => bench.db.findEntities("users", { orderBy }));
    await bench.refuses(validation(says), () => bench.db.findEntitiesAsOf("users", new Date(), { orderBy }));
  });

  it.each([
    "",
    "  ",
    "1 = 1) OR (1 = 1",
    "1 = 1; DELETE FROM [users]",
    "[name] = 'open",
    "1 = 1 /* open",
    ")",
    "(",
    7,
    null,
    {},
    ["1 = 1"],
  ])("refuse the condition %o", { meta }, async (given) => {
    const bench = await Bench.make(face);
    const where = untyped(given);
    await bench.refuses(validation(/expected where to be/), () => bench.db.findEntities("users", { where }));
    await bench.refuses(validation(/expected where to be/), () => bench.db.countEntities("users", { where }));
    await bench.refuses(validation(/expected where to be/), () =>
      bench.db.findEntitiesAsOf("users", new Date(), { where }),
    );
  });

  it("refuse values that do not fit their condition", { meta }, async () => {
    const bench = await Bench.make(face);
    const wrong: Expected = { code: "STRATA_SQL_PARAMETER" };
    const where = "[age] > ? AND [name] = ?";
    for (const params of [undefined, [], [1], [1, "x", 2], { a: 1 }]) {
      await bench.refuses(wrong, () => bench.db.findEntities("users", { where, params: untyped(params) }));
      await bench.refuses(wrong, () => bench.db.countEntities("users", { where, params: untyped(params) }));
    }
    await bench.refuses(validation(/params only together with where, got/), () =>
      bench.db.findEntities("users", { params: [1] }),
    );
    await bench.refuses(validation(/expected params to be a list/), () =>
      bench.db.findEntitiesAsOf("users", new Date(), { where: "[age] > :age", params: { age: 1 } }),
    );
  });

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "1", null, undefined, 1n])(
    "refuse the version %o",
    { meta },
    async (given) => {
      const bench = await Bench.make(face);
      const version = untyped(given);
      const says = /expected a version to be a whole number from 1, got/;
      await bench.refuses(validation(says), () => bench.db.getEntityByVersion("users", "a", version));
      await bench.refuses(validation(says), () => bench.db.revertEntity("users", "a", version));
      await bench.refuses(validation(says), () => bench.db.diffEntityVersions("users", "a", version, 1));
    },
  );

  it("say which version there is not", { meta }, async () => {
    const bench = await Bench.make(face);
    const missing: Expected = { code: "STRATA_NOT_FOUND", says: /"users" "a" has no version 9/ };
    expect(await bench.db.getEntityByVersion("users", "a", 9)).toBeNull();
    await bench.rejects(missing, () => bench.db.diffEntityVersions("users", "a", 1, 9));
    await bench.rejects(missing, () => bench.db.diffEntityVersions("users", "a", 9, 1));
    await bench.rejects(missing, () => bench.db.revertEntity("users", "a", 9));
    await bench.rejects({ code: "STRATA_NOT_FOUND" }, () => bench.db.revertEntity("users", "nobody", 1));
    await bench.rejects({ code: "STRATA_NOT_FOUND" }, () => bench.db.revertEntity("ghosts", "a", 1));
  });

  it.each([new Date(Number.NaN), "2024-01-01", 0, null, undefined])(
    "refuse the moment %o",
    { meta },
    async (given) => {
      const bench = await Bench.make(face);
      const at = untyped(given);
      const says = /expected a moment to be a valid Date, got/;
      await bench.refuses(validation(says), () => bench.db.getEntityAsOf("users", "a", at));
      await bench.refuses(validation(says), () => bench.db.findEntitiesAsOf("users", at));
      if (at !== undefined)
        await bench.refuses(validation(says), () => bench.db.pruneHistory("users", { olderThan: at }));
    },
  );

  it.each([
    [{}, /expected olderThan or keepVersions, got neither/],
    [undefined, /expected olderThan or keepVersions/],
    [{ keepVersions: 0 }, /expected keepVersions to be a whole number from 1, got 0/],
    [{ keepVersions: -1 }, /got -1/],
    [{ keepVersions: "2" }, /got a string/],
    [{ keepVersions: 1, batchSize: 0 }, /expected batchSize to be a whole number from 1, got 0/],
  ])("refuse to prune with %o", { meta }, async (options, says) => {
    const bench = await Bench.make(face);
    await bench.refuses(validation(says), () => bench.db.pruneHistory("users", untyped(options)));
  });

  it.each([[[]], [undefined], ["name"], [["nothing"]], [["tags"]], [["name", "name"]], [["na]me"]], [[7]]])(
    "refuse an index over %o",
    { meta },
    async (fields) => {
      const bench = await Bench.make(face);
      await bench.rejects(validation(/expected|cannot be indexed/), () =>
        bench.db.ensureIndex("users", untyped(fields)),
      );
      await bench.rejects(validation(/expected|cannot be indexed/), () =>
        bench.db.ensureIndex("users", untyped(fields), { unique: true }),
      );
    },
  );

  it.each([0, -1, 1.5, Number.NaN, "10"])("refuse a batch size of %o", { meta }, async (batchSize) => {
    const bench = await Bench.make(face);
    await bench.refuses(validation(/expected batchSize to be a whole number from 1, got/), () =>
      bench.db.stream("SELECT 1", [], { batchSize: untyped(batchSize) }).next(),
    );
  });

  it("refuse an isolation level that there is not", { meta }, async () => {
    const bench = await Bench.make(face);
    for (const isolation of ["snapshot", "read committed", "SERIALIZABLE", 7]) {
      const options = { isolation: untyped(isolation) };
      await bench.refuses(
        { code: "STRATA_UNSUPPORTED", says: /expected isolation to be one of serializable on sqlite, got/ },
        () => bench.db.transaction(() => undefined, options),
      );
    }
  });
});
