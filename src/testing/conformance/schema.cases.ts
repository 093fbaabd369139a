import { wait } from "../../operation/index.ts";
import type { ConformanceGroup } from "./case.ts";
import { equal, refused } from "./expect.ts";

export const schemaCases: ConformanceGroup = {
  name: "schema evolution",
  cases: [
    {
      name: "adds a column for a new field, in the history too",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        yield* wait(db.saveEntity(users, { id: "b", later: "x" }));
        equal((yield* wait(db.getEntity(users, "a", { deserialize: true })))?.later, null);
        const description = yield* wait(db.describeEntity(users));
        equal([description?.fields, description?.revision], [{ later: "text", n: "integer" }, 2]);
      },
    },
    {
      name: "widens a field, keeping what is stored, and its versions",
      *run({ db, name }) {
        const steps: readonly (readonly [unknown, unknown, unknown])[] = [
          [30, 30.5, 30],
          [30, 2n ** 63n - 1n, 30n],
          [30, 2n ** 80n, 30n],
          [30, "thirty", "30"],
          [0.5, "half", "0.5"],
          [true, "perhaps", "true"],
          [new Date("2024-02-29T12:34:56.789Z"), "soon", "2024-02-29T12:34:56.789Z"],
          [5n, "five", "5"],
        ];
        for (const [i, [first, second, read]] of steps.entries()) {
          const things = name(`things${i}`);
          yield* wait(db.saveEntity(things, { id: "a", value: first }));
          yield* wait(db.saveEntity(things, { id: "b", value: second }));
          equal((yield* wait(db.getEntity(things, "a", { deserialize: true })))?.value, read, `${i}`);
          equal((yield* wait(db.getEntity(things, "b", { deserialize: true })))?.value, second, `${i}`);
          equal(
            (yield* wait(db.getEntityByVersion(things, "a", 1, { deserialize: true })))?.value,
            read,
            `${i}`,
          );
        }
      },
    },
    {
      name: "widens a field to text as its values were read as text before",
      *run({ db, name }) {
        const kinds: readonly (readonly unknown[])[] = [
          [new Uint8Array([0, 1, 254, 255]), new Uint8Array(), new Uint8Array(3000).fill(77)],
          [
            1.5e-5, 1.5e-7, -2.5e-7, 1e-6, 9.87654321e-10, 5e-324, 0.1, 100, 1e15, 123456789012345680000,
            1e21,
          ],
          [-1.7976931348623157e308, 2 ** 60, 0.30000000000000004, 1e-16, -1e-15],
        ];
        for (const [i, values] of kinds.entries()) {
          const things = name(`things${i}`);
          const records = values.map((value, n) => ({ id: `r${String(n).padStart(2, "0")}`, value }));
          yield* wait(db.saveEntities(things, records));
          const texts = function* () {
            const found = yield* wait(db.findEntities(things, { orderBy: "id", deserialize: false }));
            return found.map(({ value }) => value).slice(0, values.length);
          };
          const before = yield* texts();
          yield* wait(db.saveEntity(things, { id: "text", value: "wider" }));
          equal(yield* texts(), before);
          const [first] = values;
          if (typeof first === "number") equal(before, values.map(String));
          else equal(before[0], "AAH+/w==");
          const typed = yield* wait(db.getEntityByVersion(things, "r00", 1, { deserialize: true }));
          equal(typed?.value, before[0]);
        }
      },
    },
    {
      name: "settles a field whose values were null by its first value",
      *run({ db, name }) {
        for (const [i, value] of [
          5,
          0.5,
          "x",
          true,
          new Date(0),
          { a: 1 },
          new Uint8Array([1]),
          2n ** 70n,
        ].entries()) {
          const things = name(`things${i}`);
          yield* wait(db.saveEntity(things, { id: "a", value: null }));
          yield* wait(db.saveEntity(things, { id: "b", value }));
          equal((yield* wait(db.getEntity(things, "a", { deserialize: true })))?.value, null);
          equal((yield* wait(db.getEntity(things, "b", { deserialize: true })))?.value, value);
        }
      },
    },
    {
      name: "addOnly: adds fields, and refuses a value of another kind without changing anything",
      *run({ db, name, open }) {
        const users = name("users");
        const strict = open({ schema: "addOnly" });
        yield* wait(strict.saveEntity(users, { id: "a", n: 1 }));
        yield* wait(strict.saveEntity(users, { id: "a", text: "x" }));
        const before = yield* wait(db.describeEntity(users));
        yield* refused("STRATA_SCHEMA_CONFLICT", () => strict.saveEntity(users, { id: "a", n: "one" }));
        yield* refused("STRATA_SCHEMA_CONFLICT", () =>
          strict.saveEntity(users, { id: "a", n: 1.5, more: 1 }),
        );
        yield* refused("STRATA_SCHEMA_CONFLICT", () =>
          strict.saveEntities(users, [{ text: "y" }, { text: 7 }]),
        );
        equal(yield* wait(db.describeEntity(users)), before);
        equal(yield* wait(db.countEntities(users)), 1);
      },
    },
    {
      name: "frozen: runs no DDL",
      *run({ db, name, open }) {
        const [users, ghosts] = [name("users"), name("ghosts")];
        const frozen = open({ schema: "frozen" });
        yield* wait(db.saveEntity(users, { id: "a", n: 1, open: null }));
        yield* wait(frozen.saveEntity(users, { id: "a", n: 2 }));
        yield* refused("STRATA_UNKNOWN_FIELD", () => frozen.saveEntity(users, { id: "a", m: 2 }));
        yield* refused("STRATA_SCHEMA_CONFLICT", () => frozen.saveEntity(users, { id: "a", n: "two" }));
        yield* refused("STRATA_SCHEMA_CONFLICT", () => frozen.saveEntity(users, { id: "a", open: 1 }));
        yield* refused("STRATA_UNKNOWN_FIELD", () => frozen.saveEntity(ghosts, { n: 2 }));
        equal(yield* wait(db.describeEntity(ghosts)), null);
        equal((yield* wait(db.getEntity(users, "a", { deserialize: true })))?.n, 2);
      },
    },
    {
      name: "limits the number of fields before anything is written",
      *run({ db, name, open }) {
        const wide = name("wide");
        const narrow = open({ maxFields: 3 });
        yield* wait(narrow.saveEntity(wide, { a: 1, b: 2, c: 3 }));
        yield* refused("STRATA_SCHEMA_CONFLICT", () => narrow.saveEntity(wide, { d: 4 }));
        equal(yield* wait(db.countEntities(wide)), 1);
      },
    },
    {
      name: "notices what another handle has changed",
      *run({ db, name, open }) {
        const users = name("users");
        const other = open({ alias: "another" });
        yield* wait(db.saveEntity(users, { id: "a", n: 1 }));
        equal((yield* wait(other.getEntity(users, "a", { deserialize: true })))?.n, 1);
        yield* wait(db.saveEntity(users, { id: "a", more: "x" }));
        equal((yield* wait(other.getEntity(users, "a", { deserialize: true })))?.more, "x");
        yield* wait(db.saveEntity(users, { id: "a", n: "one" }));
        yield* wait(other.saveEntity(users, { id: "b", n: 2 }));
        equal((yield* wait(other.getEntity(users, "b", { deserialize: true })))?.n, "2");
        yield* wait(db.saveEntity(users, { id: "a", third: 3 }));
        const found = yield* wait(other.findEntities(users, { orderBy: "id", deserialize: true }));
        equal(
          found.map(({ third }) => third),
          [3, null],
        );
      },
    },
    {
      name: "refuses an entity whose name another table has",
      *run({ db, name }) {
        const taken = name("taken");
        yield* wait(db.execute(`CREATE TABLE [${taken}] ([id] INTEGER PRIMARY KEY)`));
        yield* refused("STRATA_SCHEMA_CONFLICT", () => db.saveEntity(taken, { n: 1 }));
        yield* wait(db.saveEntity(name("users"), { n: 1 }));
        yield* refused("STRATA_SCHEMA_CONFLICT", () => db.saveEntity(name("USERS"), { n: 1 }));
      },
    },
    {
      name: "makes indexes; unique ones do not count what is deleted",
      needs: ["partialIndexes"],
      *run({ db, name }) {
        const users = name("users");
        yield* refused("STRATA_VALIDATION", () => db.ensureIndex(users, ["email"], { unique: true }));
        yield* wait(db.saveEntity(users, { id: "a", email: "a@x", age: 1 }));
        equal(yield* wait(db.ensureIndex(users, ["email"], { unique: true })), true);
        equal(yield* wait(db.ensureIndex(users, ["email"], { unique: true })), false);
        equal(yield* wait(db.ensureIndex(users, ["age", "email"])), true);
        yield* refused("STRATA_VALIDATION", () => db.ensureIndex(users, ["nothing"]));
        const error = yield* refused("STRATA_UNIQUE_VIOLATION", () =>
          db.saveEntity(users, { id: "b", email: "a@x" }),
        );
        equal(error.columns, ["email"]);
        equal(yield* wait(db.countEntities(users)), 1);
        yield* wait(db.deleteEntity(users, "a"));
        yield* wait(db.saveEntity(users, { id: "b", email: "a@x" }));
        yield* refused("STRATA_UNIQUE_VIOLATION", () => db.restoreEntity(users, "a"));
        yield* wait(
          db.saveEntities(users, [
            { id: "c", email: null },
            { id: "d", email: null },
          ]),
        );
        const indexes = (yield* wait(db.describeEntity(users)))?.indexes ?? [];
        equal(indexes.map(({ fields, unique }) => [fields, unique]).sort(), [
          [["age", "email"], false],
          [["email"], true],
        ]);
      },
    },
    {
      name: "makes an index over several fields, deleted and system fields too, and only once",
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", email: "a@x", age: 1 }));
        equal(yield* wait(db.ensureIndex(users, ["age", "email"])), true);
        equal(yield* wait(db.ensureIndex(users, ["age", "email"])), false);
        equal(yield* wait(db.ensureIndex(users, ["updated_at"])), true);
        yield* wait(db.deleteEntity(users, "a"));
        yield* wait(
          db.saveEntities(users, [
            { id: "b", email: "a@x", age: 1 },
            { id: "c", email: "a@x", age: 1 },
          ]),
        );
        const found = { where: "[age] = ? AND [email] = ?", params: [1, "a@x"] };
        equal(yield* wait(db.countEntities(users, found)), 2);
        const indexes = (yield* wait(db.describeEntity(users)))?.indexes ?? [];
        equal(indexes.map(({ fields, unique }) => [fields, unique]).sort(), [
          [["age", "email"], false],
          [["updated_at"], false],
        ]);
      },
    },
    {
      name: "refuses unique indexes where they could not leave out what is deleted",
      skip: ({ partialIndexes }) =>
        partialIndexes ? "its indexes can leave out deleted records" : undefined,
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", email: "a@x" }));
        yield* refused("STRATA_UNSUPPORTED", () => db.ensureIndex(users, ["email"], { unique: true }));
        equal((yield* wait(db.describeEntity(users)))?.indexes, []);
      },
    },
    {
      name: "keeps an index over a field that widens",
      needs: ["partialIndexes", "retypesIndexedTables"],
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", code: 1 }));
        yield* wait(db.ensureIndex(users, ["code"], { unique: true }));
        yield* wait(db.saveEntity(users, { id: "b", code: "two" }));
        yield* refused("STRATA_UNIQUE_VIOLATION", () => db.saveEntity(users, { id: "c", code: "two" }));
        equal((yield* wait(db.describeEntity(users)))?.indexes.length, 1);
      },
    },
    {
      name: "keeps a plain index over a field that widens",
      needs: ["retypesIndexedTables"],
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", code: 1, other: 1 }));
        yield* wait(db.ensureIndex(users, ["code"]));
        yield* wait(db.ensureIndex(users, ["other"]));
        yield* wait(db.saveEntity(users, { id: "b", code: "two" }));
        equal(yield* wait(db.countEntities(users, { where: "[code] = ?", params: ["1"] })), 1);
        equal((yield* wait(db.describeEntity(users)))?.indexes.length, 2);
      },
    },
    {
      name: "refuses to widen a field of a table with indexes where it cannot, and changes nothing",
      skip: ({ retypesIndexedTables }) => (retypesIndexedTables ? "it can" : undefined),
      *run({ db, name }) {
        const users = name("users");
        yield* wait(db.saveEntity(users, { id: "a", code: 1, other: 1 }));
        yield* wait(db.ensureIndex(users, ["other"]));
        const before = yield* wait(db.describeEntity(users));
        yield* refused("STRATA_SCHEMA_CONFLICT", () => db.saveEntity(users, { id: "b", code: "two" }));
        equal(yield* wait(db.describeEntity(users)), before);
        equal(yield* wait(db.countEntities(users)), 1);
        yield* wait(db.saveEntity(users, { id: "b", code: 2, more: "x" }));
        equal((yield* wait(db.getEntity(users, "b", { deserialize: true })))?.more, "x");
      },
    },
  ],
};
