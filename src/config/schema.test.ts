import { describe, expect, expectTypeOf, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { DatabaseConfig } from "./database-config.ts";
import type { DatabaseOptions } from "./options.ts";
import type { Settings } from "./schema.ts";

function refusal(options: unknown): string {
  try {
    // What a caller in plain JavaScript may write.
    Reflect.construct(DatabaseConfig, [options]);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("expected the options to be refused");
}

describe("a bad option", () => {
  it.each([
    [{}, "database: expected the name of the database, or for SQLite a path, got nothing"],
    [{ database: 5 }, "database: expected the name of the database, or for SQLite a path, got a number"],
    [{ database: null }, "got null"],
    [{ database: "a\0b" }, "got a string with a NUL character"],
    [{ database: "a\ud800" }, "got a string with half of a surrogate pair"],
    [{ port: 65_536 }, "port: expected a whole number from 0 to 65535, got 65536"],
    [{ port: 1.5 }, "port: expected a whole number from 0 to 65535, got 1.5"],
    [{ port: "5432" }, "port: expected a whole number from 0 to 65535, got a string"],
    [{ host: "" }, "host: expected a host name, an address or the folder of a socket, got an empty string"],
    [{ host: "postgres://u:p@h/d" }, "got a string"],
    [{ host: "localhost:5432" }, "got a string"],
    [{ user: "" }, "user: expected the name of a user, got an empty string"],
    [{ password: 12345678 }, "password: expected a string, or a function that answers one, got a number"],
    [
      { password: "a\0b" },
      "password: expected a string, or a function that answers one, got a string with a NUL",
    ],
    [{ alias: "" }, "alias: expected a name that is not empty, got an empty string"],
    [{ env: [] }, "env: expected a name that is not empty, got an array"],
    [
      { queryExecutionTimeout: 0 },
      "queryExecutionTimeout: expected a number of seconds above 0, at most 2073600",
    ],
    [{ queryExecutionTimeout: -1 }, "got -1"],
    [{ queryExecutionTimeout: Number.NaN }, "got NaN"],
    [{ queryExecutionTimeout: Number.POSITIVE_INFINITY }, "got Infinity"],
    [{ poolCreationTimeout: 25 * 86_400 }, "got 2160000"],
    [{ connectionCreationTimeout: "5" }, "got a string"],
    [{ connectionAcquisitionTimeout: null }, "got null"],
    [{ schema: "froze" }, 'schema: expected "auto", "addOnly" or "frozen", got "froze"'],
    [{ unchangedSaves: 1 }, 'unchangedSaves: expected "skip" or "version", got 1'],
    [{ history: "none" }, 'history: expected "full" or "delta", got "none"'],
    [{ deserialize: "yes" }, "deserialize: expected true or false, got a string"],
    [{ maxFields: 0 }, "maxFields: expected a whole number from 1 to 100000, got 0"],
    [{ pool: "huge" }, 'pool: expected "light", "medium", "heavy" or "batch", got "huge"'],
    [{ pool: 5 }, "pool: expected the name of a preset, or an object of pool settings, got a number"],
    [{ pool: [] }, "pool: expected the name of a preset, or an object of pool settings, got an array"],
    [{ pool: { maxsize: 5 } }, 'pool.maxsize: unknown option; did you mean "maxSize"?'],
    [{ pool: { colour: 5 } }, "pool.colour: unknown option; the options are minSize, maxSize"],
    [{ pool: { maxSize: 0 } }, "pool.maxSize: expected a whole number from 1 to 100000, got 0"],
    [{ pool: { recycle: -1 } }, "pool.recycle: expected a number of seconds above 0, or 0 for never"],
    [{ pool: { minSize: 5, maxSize: 4 } }, 'pool: pool options contradict each other: expected "minSize"'],
    [{ pool: { minSize: 11 } }, 'expected "minSize" of at most "maxSize" (10), got 11'],
    [{ query_execution_timeout: 5 }, 'did you mean "queryExecutionTimeout"?'],
    [{ DATABASE: "x" }, 'DATABASE: unknown option; did you mean "database"?'],
    [JSON.parse('{"__proto__":{"a":1}}'), "__proto__: this name cannot be used for an option"],
    [{ constructor: 1 }, "constructor: this name cannot be used"],
  ])("%j is refused", (options, message) => {
    expect(
      refusal("database" in options || Object.keys(options).length === 0 ? options : withName(options)),
    ).toContain(message);
  });

  it("is reported with all the others", () => {
    const message = refusal({ port: -1, alias: "", pool: { maxSize: "x", maxsise: 1 }, User: "u" });
    expect(message.split("\n")[0]).toBe("DatabaseConfig: 6 settings cannot be used");
    for (const path of ["database", "port", "alias", "pool.maxSize", "pool.maxsise", "User"]) {
      expect(message).toContain(`\n- ${path}: `);
    }
  });

  it("is not repeated where it may be a secret", () => {
    const secret = "c4n4ry";
    const message = refusal({
      database: { secret },
      host: `u:${secret}@h`,
      port: secret,
      pool: { maxSize: secret },
    });
    expect(message).not.toContain(secret);
    expect(refusal(`postgres://u:${secret}@h/d`)).not.toContain(secret);
  });

  it.each([undefined, null, 5, [], "postgres://h/d"])("instead of an object, %j is refused", (options) => {
    expect(refusal(options)).toMatch(/^DatabaseConfig: options: expected an object, got /);
  });

  it("that contains itself is refused", () => {
    const loop: Record<string, unknown> = {};
    loop.self = loop;
    expect(refusal({ database: "x", loop })).toContain("does it contain itself?");
  });
});

describe("what is accepted", () => {
  it.each([
    { database: "" },
    { database: ":memory:" },
    { database: "x", port: 0 },
    { database: "x", host: "::1" },
    { database: "x", host: "/var/run/postgresql" },
    { database: "x", password: "" },
    { database: "x", port: undefined, user: undefined, pool: undefined },
    { database: "x", isolation: "process", hosts: ["a", "b"] },
    { database: "x", connectionCreationTimeout: 24 * 86_400 },
    { database: "x", pool: { recycle: 0, minSize: 10 } },
  ])("%j", (options) => {
    expect(new DatabaseConfig(options).database).toBe(options.database);
  });

  it("is documented with the types that are checked", () => {
    expectTypeOf<Settings["schema"]>().toEqualTypeOf<NonNullable<DatabaseOptions["schema"]>>();
    expectTypeOf<Settings["history"]>().toEqualTypeOf<NonNullable<DatabaseOptions["history"]>>();
    expectTypeOf<Settings["port"]>().toEqualTypeOf<DatabaseOptions["port"]>();
    expectTypeOf<Settings["password"]>().toEqualTypeOf<DatabaseOptions["password"]>();
  });
});

// Object.defineProperty keeps an own `__proto__`, which a spread into a literal would keep too, but assignment not.
function withName(options: object): object {
  return Object.defineProperty({ ...options }, "database", { value: "x", enumerable: true });
}
