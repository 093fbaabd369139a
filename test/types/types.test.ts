import { describe, expectTypeOf, it } from "vitest";
import {
  type AnySchema,
  type AsyncConnection,
  type Database,
  DatabaseManager,
  type EntityHandle,
  type FieldDifference,
  type QueryResult,
  type Stored,
  type StoredText,
  type SyncConnection,
  type SyncDatabase,
  type TransactionHandle,
  type Version,
} from "../../src/index.ts";
import type { Schema, User } from "./schema.ts";

/**
 * What the compiler must know, and what it must refuse: a line under `@ts-expect-error` that compiles is an error of
 * `tsc`, which checks this folder with all others. Nothing here runs.
 */
function never(): {
  db: Database<Schema>;
  typed: Database<Schema, true>;
  sync: SyncDatabase<Schema>;
  open: Database;
} {
  throw new Error("the types of this file are looked at, and nothing in it is run");
}

/** Checks types only: the function is compiled and not called. */
function compiles(_: (handles: ReturnType<typeof never>) => unknown): void {}

describe("connect", () => {
  it("answers handles with the schema that was named", () => {
    compiles(() => {
      const options = { database: "x.db" };
      expectTypeOf(DatabaseManager.connect<Schema>("sqlite", options)).toEqualTypeOf<Database<Schema>>();
      expectTypeOf(DatabaseManager.connectSync<Schema>("sqlite", options)).toEqualTypeOf<
        SyncDatabase<Schema>
      >();
      expectTypeOf(DatabaseManager.connect("sqlite", options)).toEqualTypeOf<Database<AnySchema>>();
      expectTypeOf(DatabaseManager.connect<Schema>("sqlite://x.db")).toEqualTypeOf<Database<Schema>>();
      // @ts-expect-error the name of a backend is a text
      DatabaseManager.connect(7, options);
      // @ts-expect-error a schema holds entities, which are objects
      DatabaseManager.connect<string>("sqlite", options);
      // @ts-expect-error an option of ours with a wrong type
      DatabaseManager.connect("sqlite", { database: "x.db", deserialize: "yes" });
      // @ts-expect-error a mode that there is not
      DatabaseManager.connect("sqlite", { database: "x.db", schema: "loose" });
    });
  });

  it("takes `deserialize: true` into the type", () => {
    compiles(() => {
      const typed = { database: "x.db", deserialize: true } as const;
      expectTypeOf(DatabaseManager.connect<Schema>("sqlite", typed)).toEqualTypeOf<Database<Schema, true>>();
      expectTypeOf(DatabaseManager.connectSync<Schema>("sqlite", typed)).toEqualTypeOf<
        SyncDatabase<Schema, true>
      >();
    });
  });
});

describe("names", () => {
  it("of entities are those of the schema", () => {
    compiles(({ db, sync, open }) => {
      db.getEntity("users", "a");
      // @ts-expect-error no such entity
      db.getEntity("user", "a");
      // @ts-expect-error no such entity
      db.findEntities("payments");
      // @ts-expect-error no such entity
      db.saveEntities("payments", []);
      // @ts-expect-error no such entity
      db.deleteEntity("payments", "a");
      // @ts-expect-error no such entity
      sync.getEntityHistory("payments", "a");
      // Without a schema any name will do.
      open.getEntity("payments", "a");
    });
  });

  it("of fields are those of the entity, with their types", () => {
    compiles(({ db, sync, open }) => {
      db.saveEntity("users", { name: "Ann", age: 30, born: new Date(), tags: ["a"], balance: 5n });
      db.saveEntity("users", { id: "a", name: "Ann" });
      db.saveEntity("users", { id: "a", age: null, name: undefined });
      // @ts-expect-error no such field
      db.saveEntity("users", { nam: "Ann" });
      // @ts-expect-error a field of another entity
      db.saveEntity("orders", { name: "Ann" });
      // @ts-expect-error a number for a text
      db.saveEntity("users", { name: 7 });
      // @ts-expect-error a text for a number
      sync.saveEntity("users", { age: "30" });
      // @ts-expect-error a text for a Date
      db.saveEntities("users", [{ born: "2024-01-01" }]);
      // @ts-expect-error an id is a text
      db.saveEntity("users", { id: 7 });
      // @ts-expect-error one record is no list
      db.saveEntities("users", { name: "Ann" });
      open.saveEntity("anything", { whatever: new Set([1]) });
    });
  });
});

describe("the shape of what is read", () => {
  it("is text by default", () => {
    compiles(({ db }) => {
      expectTypeOf(db.getEntity("users", "a")).resolves.toEqualTypeOf<StoredText<User> | null>();
      expectTypeOf(db.findEntities("users")).resolves.toEqualTypeOf<StoredText<User>[]>();
      expectTypeOf(
        db.getEntity("users", "a", { includeDeleted: true }),
      ).resolves.toEqualTypeOf<StoredText<User> | null>();
      expectTypeOf<StoredText<User>["born"]>().toEqualTypeOf<string | null>();
      expectTypeOf<StoredText<User>["age"]>().toEqualTypeOf<string | null>();
      expectTypeOf<StoredText<User>["version"]>().toEqualTypeOf<string | null>();
      expectTypeOf<StoredText<User>["id"]>().toEqualTypeOf<string>();
    });
  });

  it("is typed with `deserialize: true`", () => {
    compiles(({ db }) => {
      const options = { deserialize: true } as const;
      expectTypeOf(db.getEntity("users", "a", options)).resolves.toEqualTypeOf<Stored<User> | null>();
      expectTypeOf(
        db.findEntities("users", { ...options, where: "[age] > ?", params: [1] }),
      ).resolves.toEqualTypeOf<Stored<User>[]>();
      expectTypeOf(db.getEntityHistory("users", "a", options)).resolves.toEqualTypeOf<Version<User>[]>();
      expectTypeOf(
        db.getEntityByVersion("users", "a", 1, options),
      ).resolves.toEqualTypeOf<Version<User> | null>();
      expectTypeOf(
        db.getEntityAsOf("users", "a", new Date(), options),
      ).resolves.toEqualTypeOf<Version<User> | null>();
      expectTypeOf(db.findEntitiesAsOf("users", new Date(), options)).resolves.toEqualTypeOf<
        Version<User>[]
      >();
    });
  });

  it("is typed where the configuration says so, and text where the call does", () => {
    compiles(({ typed }) => {
      expectTypeOf(typed.getEntity("users", "a")).resolves.toEqualTypeOf<Stored<User> | null>();
      expectTypeOf(typed.findEntities("users", { limit: 1 })).resolves.toEqualTypeOf<Stored<User>[]>();
      expectTypeOf(
        typed.getEntity("users", "a", { deserialize: false }),
      ).resolves.toEqualTypeOf<StoredText<User> | null>();
      expectTypeOf(
        typed.transaction((tx) => tx.getEntity("users", "a")),
      ).resolves.toEqualTypeOf<Stored<User> | null>();
      expectTypeOf(typed.connection((connection) => connection.findEntities("users"))).resolves.toEqualTypeOf<
        Stored<User>[]
      >();
    });
  });

  it("of a save is always typed", () => {
    compiles(({ db }) => {
      expectTypeOf(db.saveEntity("users", { name: "Ann" })).resolves.toEqualTypeOf<Stored<User>>();
      expectTypeOf(db.saveEntities("users", [{ name: "Ann" }])).resolves.toEqualTypeOf<Stored<User>[]>();
      expectTypeOf(db.revertEntity("users", "a", 1)).resolves.toEqualTypeOf<Stored<User>>();
    });
  });

  it("has null for a field that need not be given, and the system fields", () => {
    expectTypeOf<Stored<User>["age"]>().toEqualTypeOf<number | null>();
    expectTypeOf<Stored<User>["name"]>().toEqualTypeOf<string>();
    expectTypeOf<Stored<User>["balance"]>().toEqualTypeOf<bigint | null>();
    expectTypeOf<Stored<User>["id"]>().toEqualTypeOf<string>();
    expectTypeOf<Stored<User>["version"]>().toEqualTypeOf<number>();
    expectTypeOf<Stored<User>["created_at"]>().toEqualTypeOf<Date>();
    expectTypeOf<Stored<User>["updated_by"]>().toEqualTypeOf<string | null>();
    expectTypeOf<Stored<User>["deleted_at"]>().toEqualTypeOf<Date | null>();
  });

  it("of a version has what the history adds", () => {
    expectTypeOf<Version<User>["history_timestamp"]>().toEqualTypeOf<Date>();
    expectTypeOf<Version<User>["history_user_id"]>().toEqualTypeOf<string | null>();
    expectTypeOf<Version<User>["history_comment"]>().toEqualTypeOf<string | null>();
    expectTypeOf<Version<User>["history_operation"]>().toEqualTypeOf<
      "insert" | "update" | "delete" | "restore" | "revert" | "purge"
    >();
    // @ts-expect-error kept for the store itself
    type _ = Version<User>["history_write_id"];
  });

  it("cannot be written to where the library keeps it", () => {
    compiles(async ({ db }) => {
      const user = await db.saveEntity("users", { name: "Ann" });
      user.name = "Bob";
      // @ts-expect-error the store counts versions
      user.version = 7;
      // A record that was read may be saved again, with changes.
      await db.saveEntity("users", { ...user, age: 31 });
      const text = await db.getEntity("users", "a");
      // @ts-expect-error a record that was read as text may not
      await db.saveEntity("users", { ...text });
    });
  });
});

describe("the synchronous face", () => {
  it("answers values where the other answers promises", () => {
    compiles(({ sync }) => {
      expectTypeOf(sync.getEntity("users", "a")).toEqualTypeOf<StoredText<User> | null>();
      expectTypeOf(sync.saveEntity("users", { name: "Ann" })).toEqualTypeOf<Stored<User>>();
      expectTypeOf(sync.countEntities("users")).toEqualTypeOf<number>();
      expectTypeOf(sync.deleteEntity("users", "a")).toEqualTypeOf<boolean>();
      expectTypeOf(sync.execute("SELECT 1")).toEqualTypeOf<QueryResult>();
      expectTypeOf(sync.queryOne<{ n: number }>("SELECT 1 AS [n]")).toEqualTypeOf<{ n: number } | null>();
      expectTypeOf(sync.transaction(() => 7)).toEqualTypeOf<number>();
      expectTypeOf(sync.connection()).toEqualTypeOf<SyncConnection<Schema>>();
      expectTypeOf(sync.connection((connection) => connection.inTransaction)).toEqualTypeOf<boolean>();
      expectTypeOf(sync.close()).toEqualTypeOf<void>();
      expectTypeOf(sync.diffEntityVersions("users", "a", 1, 2)).toEqualTypeOf<FieldDifference[]>();
      expectTypeOf(sync.stream<{ n: number }>("SELECT 1 AS [n]")).toEqualTypeOf<
        Generator<{ n: number }, void>
      >();
    });
  });
});

describe("the asynchronous face", () => {
  it("answers promises", () => {
    compiles(({ db }) => {
      expectTypeOf(db.countEntities("users")).toEqualTypeOf<Promise<number>>();
      expectTypeOf(db.execute("SELECT ?", [1])).toEqualTypeOf<Promise<QueryResult>>();
      expectTypeOf(db.executemany("SELECT ?", [[1]])).toEqualTypeOf<Promise<number>>();
      expectTypeOf(db.query("SELECT 1")).toEqualTypeOf<Promise<Record<string, unknown>[]>>();
      expectTypeOf(db.query<{ n: number }>("SELECT 1 AS [n]")).toEqualTypeOf<Promise<{ n: number }[]>>();
      expectTypeOf(db.connection()).toEqualTypeOf<Promise<AsyncConnection<Schema>>>();
      expectTypeOf(db.stream<{ n: number }>("SELECT 1")).toEqualTypeOf<AsyncGenerator<{ n: number }, void>>();
      expectTypeOf(db.transaction(() => 7)).toEqualTypeOf<Promise<number>>();
      expectTypeOf(db.transaction(async () => "done")).toEqualTypeOf<Promise<string>>();
      db.transaction((tx) => {
        expectTypeOf(tx).toEqualTypeOf<TransactionHandle<"async", Schema>>();
        expectTypeOf(tx.attempt).toEqualTypeOf<number>();
        // @ts-expect-error no such entity in a transaction either
        tx.saveEntity("payments", {});
      });
    });
  });

  it("takes only options that there are", () => {
    compiles(({ db }) => {
      db.findEntities("users", { orderBy: [{ field: "age", direction: "desc" }], limit: 1, timeout: 5 });
      // @ts-expect-error misspelled
      db.findEntities("users", { limt: 1 });
      // @ts-expect-error no direction
      db.findEntities("users", { orderBy: [{ field: "age", direction: "down" }] });
      // @ts-expect-error an isolation level that no database has
      db.transaction(() => {}, { isolation: "snapshot" });
      // @ts-expect-error a limit is a number
      db.findEntities("users", { limit: "1" });
      // @ts-expect-error a moment is a Date
      db.getEntityAsOf("users", "a", "2024-01-01");
      // @ts-expect-error a version is a number
      db.revertEntity("users", "a", "1");
    });
  });
});

describe("the handle on one entity", () => {
  it("has the types that it is given, or those of the schema", () => {
    compiles(({ open, db, sync }) => {
      const users = open.entity<User>("users");
      expectTypeOf(users).toEqualTypeOf<EntityHandle<"async", User>>();
      expectTypeOf(users.get("a")).resolves.toEqualTypeOf<Stored<User> | null>();
      expectTypeOf(users.find({ where: "[age] > ?", params: [1] })).resolves.toEqualTypeOf<Stored<User>[]>();
      expectTypeOf(users.save({ name: "Ann" })).resolves.toEqualTypeOf<Stored<User>>();
      expectTypeOf(users.saveMany([{ name: "Ann" }])).resolves.toEqualTypeOf<Stored<User>[]>();
      expectTypeOf(users.history("a")).resolves.toEqualTypeOf<Version<User>[]>();
      expectTypeOf(users.version("a", 1)).resolves.toEqualTypeOf<Version<User> | null>();
      expectTypeOf(users.asOf("a", new Date())).resolves.toEqualTypeOf<Version<User> | null>();
      expectTypeOf(users.count()).resolves.toEqualTypeOf<number>();
      expectTypeOf(db.entity("users")).toEqualTypeOf<EntityHandle<"async", User>>();
      expectTypeOf(sync.entity("users").get("a")).toEqualTypeOf<Stored<User> | null>();
      expectTypeOf(sync.entity<User>("people").restore("a")).toEqualTypeOf<boolean>();
      // @ts-expect-error no such entity
      db.entity("payments");
      // @ts-expect-error a wrong type
      users.save({ age: "30" });
      // @ts-expect-error no such field to index
      users.ensureIndex(["email"]);
    });
  });
});
