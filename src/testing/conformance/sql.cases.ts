import { wait } from "../../operation/index.ts";
import type { ConformanceGroup } from "./case.ts";
import { equal, refused } from "./expect.ts";

export const sqlCases: ConformanceGroup = {
  name: "portable SQL",
  cases: [
    {
      name: "answers rows as tuples with columns and a count",
      *run({ db }) {
        const result = yield* wait(db.execute("SELECT ? AS [a], ? AS [b]", ["x", "y"]));
        equal([...result], [["x", "y"]]);
        equal(result.columns, ["a", "b"]);
        equal(result.rowCount, 1);
      },
    },
    {
      name: "answers rows as objects, the first row, and null",
      *run({ db, name }) {
        const people = name("people");
        yield* wait(db.saveEntities(people, [{ name: "Ann" }, { name: "Bob" }]));
        const rows = yield* wait(db.query(`SELECT [name] FROM [${people}] ORDER BY [name]`));
        equal(rows, [{ name: "Ann" }, { name: "Bob" }]);
        equal(yield* wait(db.queryOne(`SELECT [name] FROM [${people}] WHERE [name] = ?`, ["Bob"])), {
          name: "Bob",
        });
        equal(yield* wait(db.queryOne(`SELECT [name] FROM [${people}] WHERE [name] = ?`, ["Eve"])), null);
      },
    },
    {
      name: "binds named values, and lists inside IN",
      *run({ db, name }) {
        const people = name("people");
        yield* wait(db.saveEntities(people, [{ age: 9 }, { age: 30 }, { age: 100 }]));
        const count = function* (where: string, params: readonly unknown[] | Record<string, unknown>) {
          const [row] = yield* wait(db.execute(`SELECT COUNT(*) FROM [${people}] WHERE ${where}`, params));
          return Number(row?.[0]);
        };
        equal(yield* count("[age] > :least", { least: 25 }), 2);
        equal(yield* count("[age] IN (?)", [[9, 100]]), 2);
        equal(yield* count("[age] IN (?)", [[]]), 0);
        equal(yield* count("[age] NOT IN (?)", [[]]), 3);
      },
    },
    {
      name: "leaves literals and comments alone",
      *run({ db }) {
        const sql = "SELECT 'is [it] ? :x' AS [a] /* [no] ? */, ? AS [b] -- ?";
        equal([...(yield* wait(db.execute(sql, ["v"])))], [["is [it] ? :x", "v"]]);
      },
    },
    {
      name: "refuses a wrong number of values, and says how many it wants",
      *run({ db }) {
        const error = yield* refused("STRATA_SQL_PARAMETER", () =>
          db.execute("SELECT ?, ?", ["canary-value"]),
        );
        equal(/2/.test(error.message) && /1/.test(error.message), true);
        equal(error.message.includes("canary-value"), false);
        yield* refused("STRATA_SQL_PARAMETER", () => db.execute("SELECT ?", ["a", "b"]));
        yield* refused("STRATA_SQL_PARAMETER", () => db.execute("SELECT :a", { b: 1 }));
      },
    },
    {
      name: "refuses values that cannot be bound",
      *run({ db }) {
        for (const value of [
          undefined,
          Number.NaN,
          Number.POSITIVE_INFINITY,
          () => 1,
          Symbol("s"),
          {},
          "\ud800",
        ]) {
          yield* refused("STRATA_SQL_PARAMETER", () => db.execute("SELECT ?", [value]));
        }
      },
    },
    {
      name: "reports a syntax error and an unknown table as such",
      *run({ db }) {
        yield* refused("STRATA_SQL_SYNTAX", () => db.execute("SELEKT 1"));
        yield* refused("STRATA_SQL_SYNTAX", () => db.execute("SELECT * FROM [no_such_table]"));
      },
    },
    {
      name: "runs one statement with many sets of values, all or none",
      *run({ db, name }) {
        const table = name("plain");
        yield* wait(db.execute(`CREATE TABLE [${table}] ([a] INTEGER PRIMARY KEY)`));
        const insert = `INSERT INTO [${table}] ([a]) VALUES (?)`;
        equal(yield* wait(db.executemany(insert, [[1], [2], [3]])), 3);
        yield* refused("STRATA_UNIQUE_VIOLATION", () => db.executemany(insert, [[4], [1]]));
        const [row] = yield* wait(db.execute(`SELECT COUNT(*) FROM [${table}]`));
        equal(Number(row?.[0]), 3);
      },
    },
    {
      name: "names constraint violations",
      *run({ db, name }) {
        const table = name("constrained");
        yield* wait(
          db.execute(
            `CREATE TABLE [${table}] ([a] INTEGER PRIMARY KEY, [b] INTEGER NOT NULL, [c] INTEGER CHECK ([c] > 0))`,
          ),
        );
        yield* refused("STRATA_NOT_NULL_VIOLATION", () =>
          db.execute(`INSERT INTO [${table}] ([a]) VALUES (1)`),
        );
        yield* refused("STRATA_CHECK_VIOLATION", () =>
          db.execute(`INSERT INTO [${table}] ([a], [b], [c]) VALUES (1, 1, -1)`),
        );
      },
    },
    {
      name: "tells its versions and answers a ping",
      *run({ db }) {
        yield* wait(db.ping());
        const { serverVersion, driver } = yield* wait(db.getVersionDetails());
        equal(serverVersion.length > 0 && driver.length > 0, true);
      },
    },
  ],
};
