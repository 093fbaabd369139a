import { inspect } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DatabaseError, ValidationError } from "../../errors/index.ts";
import { listedNumbers, rulesByNumber } from "./error-rules.ts";
import { isAlreadyThere, toDatabaseError } from "./errors.ts";

function serverError(errno: number, words: string, more: Record<string, unknown> = {}): Error {
  const error = new Error(
    `(conn:5, no: ${errno}, SQLState: HY000) ${words}\nsql: insert into t values ('secret')`,
  );
  return Object.assign(error, {
    name: "SqlError",
    errno,
    sqlMessage: words,
    sqlState: "HY000",
    code: "ER_SOMETHING",
    sql: "insert into t values ('secret')",
    ...more,
  });
}

function systemError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code, errno: -111, syscall: "connect" });
}

const facts = { operation: "execute" };

describe("the classification", () => {
  it.each([
    [1040, "ConnectionError", "not_sent"],
    [1045, "ConnectionError", "not_sent"],
    [1129, "ConnectionError", "not_sent"],
    [1213, "DeadlockError", "rolled_back"],
    [1614, "DeadlockError", "rolled_back"],
    [1020, "SerializationError", "rolled_back"],
    [1205, "LockTimeoutError", "rejected"],
    [3572, "LockTimeoutError", "rejected"],
    [1317, "AbortedError", "rejected"],
    [1969, "QueryTimeoutError", "rejected"],
    [3024, "QueryTimeoutError", "rejected"],
    [1836, "ReadOnlyError", "rejected"],
    [1792, "ReadOnlyError", "rejected"],
    [1053, "ConnectionError", "unknown"],
    [1927, "ConnectionError", "unknown"],
    [2006, "ConnectionError", "unknown"],
    [2013, "ConnectionError", "unknown"],
    [4031, "ConnectionError", "unknown"],
    [1153, "SqlParameterError", "rejected"],
    [1047, "ConnectionError", "rejected"],
    [1062, "UniqueViolationError", "rejected"],
    [1452, "ForeignKeyViolationError", "rejected"],
    [1364, "NotNullViolationError", "rejected"],
    [4025, "CheckViolationError", "rejected"],
    [3819, "CheckViolationError", "rejected"],
    [1064, "SqlSyntaxError", "rejected"],
    [1390, "SqlParameterError", "rejected"],
    [1114, "StorageError", "rejected"],
    [1021, "StorageError", "rejected"],
    [1118, "SchemaConflictError", "rejected"],
    [45009, "ConnectionError", "unknown"],
    [45012, "ConnectTimeoutError", "not_sent"],
    [45013, "ConnectionError", "not_sent"],
    [45056, "ConnectionError", "not_sent"],
    [65_000, "DatabaseError", "rejected"],
  ])("of %i is %s, %s", (errno, name, outcome) => {
    expect(toDatabaseError(serverError(errno, "words"), facts)).toMatchObject({
      name,
      outcome,
      backend: "mysql",
    });
  });

  it.each([
    ["ECONNREFUSED", "STRATA_CONNECTION", "not_sent"],
    ["ENOTFOUND", "STRATA_CONNECTION", "not_sent"],
    ["EAI_AGAIN", "STRATA_CONNECTION", "not_sent"],
    ["ECONNRESET", "STRATA_CONNECTION", "unknown"],
    ["EPIPE", "STRATA_CONNECTION", "unknown"],
    ["EHOSTUNREACH", "STRATA_CONNECTION", "unknown"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "STRATA_CONNECTION_REFUSED", "not_sent"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "STRATA_CONNECTION_REFUSED", "not_sent"],
    ["ESOMETHING", "STRATA_DATABASE", "unknown"],
  ])("of a system's %s is %s, %s", (code, expected, outcome) => {
    expect(toDatabaseError(systemError(code), facts)).toMatchObject({
      code: expected,
      outcome,
      driverCode: code,
    });
  });

  it("finds the reason among several addresses", () => {
    const error = new AggregateError([systemError("ECONNREFUSED"), systemError("ECONNREFUSED")], "");
    expect(toDatabaseError(error, facts)).toMatchObject({
      outcome: "not_sent",
      driverCode: "ECONNREFUSED",
      message: "connect ECONNREFUSED",
    });
  });

  it("says that nothing was sent when connecting fails, whatever the reason", () => {
    const connect = { operation: "connect" };
    expect(toDatabaseError(serverError(1049, "Unknown database"), connect)).toMatchObject({
      code: "STRATA_CONNECTION_REFUSED",
      outcome: "not_sent",
    });
    expect(toDatabaseError(serverError(1049, "Unknown database"), facts)).toMatchObject({
      name: "SqlSyntaxError",
    });
    expect(toDatabaseError(systemError("ECONNRESET"), connect).outcome).toBe("not_sent");
    expect(toDatabaseError("nonsense", connect).outcome).toBe("not_sent");
  });

  it("tells a server that only reads from other options", () => {
    const words =
      "The MariaDB server is running with the --read-only option so it cannot execute this statement";
    expect(toDatabaseError(serverError(1290, words), facts)).toMatchObject({
      name: "ReadOnlyError",
      code: "STRATA_READ_ONLY_SERVER",
    });
    expect(
      toDatabaseError(serverError(1290, words.replace("read-only", "secure-file-priv")), facts),
    ).toMatchObject({ name: "DatabaseError" });
  });

  it("is total, keeps the library's own errors, and never shows a value", () => {
    const own = new ValidationError("own");
    expect(toDatabaseError(own, facts)).toBe(own);
    const numbers = [...rulesByNumber.keys()].filter((errno) => rulesByNumber.get(errno)?.shown !== true);
    fc.assert(
      fc.property(
        fc.constantFrom(...numbers, 1366, 1292, 60_000),
        fc.constantFrom("'", '"'),
        (errno, quote) => {
          const words = `Incorrect value: ${quote}it${quote}s secret${quote} for column ${quote}a${quote} for key 'k'`;
          const error = toDatabaseError(serverError(errno, words), facts);
          expect(error).toBeInstanceOf(DatabaseError);
          expect(
            inspect(error, { depth: 9, showHidden: true }) + inspect(error.cause) + JSON.stringify(error),
          ).not.toContain("secret");
        },
      ),
    );
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(toDatabaseError(thrown, {})).toBeInstanceOf(DatabaseError);
        const odd = Object.assign(new Error("m"), {
          errno: thrown,
          code: thrown,
          sql: thrown,
          columns: thrown,
        });
        expect(toDatabaseError(odd, {})).toBeInstanceOf(DatabaseError);
      }),
    );
  });

  it("lists no number twice", () => {
    // A number in two groups would silently get the last one's rule.
    expect(listedNumbers.filter((errno, index) => listedNumbers.indexOf(errno) !== index)).toEqual([]);
  });

  it("reads table and columns from the server's words", () => {
    const foreign =
      "Cannot add or update a child row: a foreign key constraint fails (`db`.`pets`, CONSTRAINT `fk` FOREIGN KEY (`owner`, `b`) REFERENCES `owners` (`id`))";
    expect(toDatabaseError(serverError(1452, foreign), facts)).toMatchObject({
      table: "pets",
      columns: ["owner", "b"],
    });
    expect(toDatabaseError(serverError(1048, "Column 'name' cannot be null"), facts)).toMatchObject({
      table: "t",
      columns: ["name"],
    });
    expect(
      toDatabaseError(serverError(4025, "CONSTRAINT `c` failed for `db`.`owners`"), facts),
    ).toMatchObject({ table: "owners" });
    const unique = serverError(1062, "Duplicate entry 'secret' for key 'mail'", {
      columns: ["email"],
      table: "users",
    });
    expect(toDatabaseError(unique, facts)).toMatchObject({
      table: "users",
      columns: ["email"],
      message: "another row of users has the same value in email",
    });
  });

  it("knows what is there already", () => {
    const exists = toDatabaseError(
      serverError(1050, "Table 't' already exists", { code: "ER_TABLE_EXISTS_ERROR" }),
      facts,
    );
    expect(isAlreadyThere(exists)).toBe(true);
    expect(isAlreadyThere(new DatabaseError("other"))).toBe(false);
  });
});
