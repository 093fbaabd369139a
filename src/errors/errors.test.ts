import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import * as errors from "./index.ts";
import { type CatalogueEntry, catalogue, type ErrorCode, type ErrorFacts } from "./index.ts";

type AnyError = errors.DatabaseError | errors.WouldBlockError;

/** How each code comes to be: the catalogue's promise that a class carries it. */
const makers: Readonly<Record<ErrorCode, (facts?: ErrorFacts) => AnyError>> = {
  STRATA_CONFIGURATION: (facts) => new errors.ConfigurationError("m", facts),
  STRATA_UNKNOWN_BACKEND: (facts) => new errors.ConfigurationError("m", facts, "STRATA_UNKNOWN_BACKEND"),
  STRATA_DRIVER_MISSING: (facts) => new errors.ConfigurationError("m", facts, "STRATA_DRIVER_MISSING"),
  STRATA_RUNTIME_UNSUPPORTED: (facts) =>
    new errors.ConfigurationError("m", facts, "STRATA_RUNTIME_UNSUPPORTED"),
  STRATA_UNSUPPORTED: (facts) => new errors.UnsupportedError("m", facts),
  STRATA_WOULD_BLOCK: () => new errors.WouldBlockError("m"),
  STRATA_CLOSED: (facts) => new errors.ClosedError("m", facts),
  STRATA_CONNECTION: (facts) => new errors.ConnectionError("m", facts),
  STRATA_CONNECTION_REFUSED: (facts) => new errors.ConnectionError("m", facts, "STRATA_CONNECTION_REFUSED"),
  STRATA_CONNECT_TIMEOUT: (facts) => new errors.ConnectTimeoutError("m", facts),
  STRATA_POOL_TIMEOUT: (facts) => new errors.PoolTimeoutError("m", facts),
  STRATA_POOL_CREATION_TIMEOUT: (facts) =>
    new errors.PoolTimeoutError("m", facts, "STRATA_POOL_CREATION_TIMEOUT"),
  STRATA_POOL_FULL: (facts) => new errors.PoolTimeoutError("m", facts, "STRATA_POOL_FULL"),
  STRATA_POOL_SELF_DEADLOCK: (facts) => new errors.PoolTimeoutError("m", facts, "STRATA_POOL_SELF_DEADLOCK"),
  STRATA_QUERY_TIMEOUT: (facts) => new errors.QueryTimeoutError("m", facts),
  STRATA_ABORTED: (facts) => new errors.AbortedError("m", facts),
  STRATA_CIRCUIT_OPEN: (facts) => new errors.CircuitOpenError("m", 1500, facts),
  STRATA_BUSY: (facts) => new errors.LockTimeoutError("m", facts),
  STRATA_SQL_SYNTAX: (facts) => new errors.SqlSyntaxError("m", facts),
  STRATA_SQL_PARAMETER: (facts) => new errors.SqlParameterError("m", facts),
  STRATA_UNIQUE_VIOLATION: (facts) => new errors.UniqueViolationError("m", facts),
  STRATA_FOREIGN_KEY_VIOLATION: (facts) => new errors.ForeignKeyViolationError("m", facts),
  STRATA_NOT_NULL_VIOLATION: (facts) => new errors.NotNullViolationError("m", facts),
  STRATA_CHECK_VIOLATION: (facts) => new errors.CheckViolationError("m", facts),
  STRATA_DEADLOCK: (facts) => new errors.DeadlockError("m", facts),
  STRATA_SERIALIZATION: (facts) => new errors.SerializationError("m", facts),
  STRATA_TRANSACTION_DOOMED: (facts) => new errors.TransactionDoomedError("m", facts),
  STRATA_TRANSACTION_STATE: (facts) => new errors.TransactionStateError("m", facts),
  STRATA_COMMIT_UNKNOWN: (facts) => new errors.CommitOutcomeUnknownError("m", facts),
  STRATA_READ_ONLY: (facts) => new errors.ReadOnlyError("m", facts),
  STRATA_READ_ONLY_SERVER: (facts) => new errors.ReadOnlyError("m", facts, "STRATA_READ_ONLY_SERVER"),
  STRATA_STORAGE: (facts) => new errors.StorageError("m", facts),
  STRATA_DATABASE: (facts) => new errors.DatabaseError("m", facts),
  STRATA_NOT_FOUND: (facts) => new errors.NotFoundError("m", facts),
  STRATA_VERSION_CONFLICT: (facts) =>
    new errors.VersionConflictError("m", { expected: 2, actual: null }, facts),
  STRATA_SCHEMA_CONFLICT: (facts) => new errors.SchemaConflictError("m", facts),
  STRATA_UNKNOWN_FIELD: (facts) => new errors.UnknownFieldError("m", facts),
  STRATA_VALIDATION: (facts) => new errors.ValidationError("m", facts),
};

const every = Object.entries(makers).map(([code, make]) => {
  const entry: CatalogueEntry | undefined = Object.entries(catalogue).find(([key]) => key === code)?.[1];
  if (entry === undefined) throw new Error(`no entry for ${code}`);
  return { code, make, entry };
});
const everyDatabaseError = every.flatMap(({ code, make, entry }) => {
  const makeOne = (facts?: ErrorFacts) => {
    const error = make(facts);
    if (!(error instanceof errors.DatabaseError)) throw new Error(`${code} is no DatabaseError`);
    return error;
  };
  return code === "STRATA_WOULD_BLOCK" ? [] : [{ code, make: makeOne, entry }];
});

describe("the catalogue", () => {
  it.each(every)(
    "$code is carried by the class that it names, which is exported",
    ({ code, make, entry }) => {
      const error = make();
      expect(error.code).toBe(code);
      expect(error.name).toBe(entry.class);
      expect(Object.entries(errors).find(([name]) => name === entry.class)?.[1]).toBe(error.constructor);
    },
  );

  it("names every class that can be thrown", () => {
    const exported = Object.values(errors).flatMap((value) => {
      const isClass = typeof value === "function" && value.prototype instanceof Error;
      return isClass && value !== errors.ConstraintViolationError ? [value.name] : [];
    });
    expect(new Set(every.map(({ entry }) => entry.class))).toEqual(new Set(exported));
  });

  it.each(every)("$code says in whole sentences what it means and what to do", ({ entry }) => {
    expect(entry.meaning).toMatch(/^[A-Z`].*\.$/);
    expect(entry.remedy).toMatch(/^[A-Z`].*\.$/);
  });
});

describe("every DatabaseError", () => {
  it.each(everyDatabaseError)(
    "$code is an Error with a name, a kind and a stack of its own",
    ({ code, make, entry }) => {
      const error = make();
      expect(error).toBeInstanceOf(Error);
      expect(`${error}`).toBe(`${entry.class}: m`);
      expect(error.stack).toMatch(new RegExp(`^${entry.class}: m\n +at .*errors\\.test\\.ts`));
      expect(`STRATA_${error.kind.toUpperCase()}`).toBe(code);
      expect(Object.keys(error)).not.toContain("name");
    },
  );

  it.each(everyDatabaseError)(
    "$code is retryable as the catalogue says, never when unknown",
    ({ make, entry }) => {
      expect(make({ outcome: "unknown" }).retryable).toBe(false);
      for (const outcome of ["not_sent", "rejected", "rolled_back"] as const) {
        expect(make({ outcome }).retryable).toBe(entry.retry !== "never");
      }
    },
  );

  it.each(everyDatabaseError)("$code keeps the facts and the cause", ({ make }) => {
    const facts = {
      outcome: "rolled_back",
      sqlState: "40001",
      driverCode: "ER_X",
      backend: "mysql",
      operation: "execute",
      table: "users",
      columns: ["a", "b"],
      cause: new Error("driver"),
    } as const;
    expect(make(facts)).toMatchObject(facts);
    const { cause: _, ...shown } = facts;
    expect(make(facts).toJSON()).toMatchObject(shown);
  });

  it("leaves out of its JSON what is not known", () => {
    expect(JSON.parse(JSON.stringify(new errors.NotFoundError("no user 7")))).toEqual({
      name: "NotFoundError",
      code: "STRATA_NOT_FOUND",
      kind: "not_found",
      message: "no user 7",
      outcome: "rejected",
      retryable: false,
    });
  });
});

describe("outcomes that nobody stated", () => {
  it.each([
    ["STRATA_VALIDATION", "not_sent"],
    ["STRATA_POOL_TIMEOUT", "not_sent"],
    ["STRATA_CONNECT_TIMEOUT", "not_sent"],
    ["STRATA_CONNECTION_REFUSED", "not_sent"],
    ["STRATA_CONNECTION", "unknown"],
    ["STRATA_COMMIT_UNKNOWN", "unknown"],
    ["STRATA_DEADLOCK", "rolled_back"],
    ["STRATA_UNIQUE_VIOLATION", "rejected"],
  ] as const)("of %s is %s", (code, outcome) => {
    expect(makers[code]()).toMatchObject({ outcome });
  });
});

describe("classes to catch", () => {
  it("groups the constraint violations", () => {
    for (const kind of ["UNIQUE", "FOREIGN_KEY", "NOT_NULL", "CHECK"] as const) {
      expect(makers[`STRATA_${kind}_VIOLATION`]()).toBeInstanceOf(errors.ConstraintViolationError);
    }
    expect(new errors.DeadlockError("m")).not.toBeInstanceOf(errors.ConstraintViolationError);
  });

  it("catches a connect timeout as a connection error", () => {
    expect(new errors.ConnectTimeoutError("m")).toBeInstanceOf(errors.ConnectionError);
  });

  it("shows what a class adds", () => {
    expect(new errors.CircuitOpenError("m", 1500).toJSON()).toMatchObject({ retryAfterMs: 1500 });
    const conflict = new errors.VersionConflictError("m", { expected: 2, actual: null });
    expect(conflict.toJSON()).toMatchObject({ expectedVersion: 2, actualVersion: null });
    expect(inspect(conflict)).toContain("expectedVersion: 2");
  });
});

describe("values and passwords of a driver's error", () => {
  const canary = "canary-7f3a";
  const driverError = Object.assign(new Error(`Duplicate entry '${canary}' for key 'email'`), {
    code: "ER_DUP_ENTRY",
    detail: `Key (email)=(${canary}) already exists.`,
    sql: `INSERT INTO users VALUES ('${canary}')`,
    parameters: [canary],
    config: { password: canary },
  });
  const inner = new errors.UniqueViolationError("email is taken", { cause: driverError, columns: ["email"] });
  const outer = new errors.TransactionDoomedError("an earlier statement failed", { cause: inner });

  it.each([
    ["String", String],
    ["JSON.stringify", JSON.stringify],
    ["JSON.stringify of what holds it", (error: Error) => JSON.stringify({ request: { error } })],
    ["its stack", (error: Error) => error.stack],
    ["console.log", (error: Error) => inspect(error)],
    ["console.log of what holds it", (error: Error) => inspect({ request: { list: [error] } }, { depth: 9 })],
    ["console.log with hidden properties", (error: Error) => inspect(error, { showHidden: true, depth: 9 })],
    [
      "console.log of an error that it caused",
      (error: Error) => inspect(new Error("request", { cause: error })),
    ],
    ["its own properties", (error: Error) => inspect({ ...error })],
  ])("are not shown by %s", (_, show) => {
    for (const error of [inner, outer]) expect(show(error)).not.toContain(canary);
  });

  it("can be reached on purpose", () => {
    expect(inner.cause).toBe(driverError);
  });

  it("leaves the cause's name and code, and our own messages, to be seen", () => {
    expect(inspect(inner)).toContain("caused by Error (ER_DUP_ENTRY)");
    expect(inspect(outer)).toContain("caused by UniqueViolationError: email is taken");
    expect(inspect(inner)).toContain("columns: [ 'email' ]");
  });

  it.each([canary, 7, null, { password: canary }])(
    "are not shown of a cause that is no error: %j",
    (cause) => {
      const shown = inspect(new errors.DatabaseError("m", { cause }));
      expect(shown).toContain("caused by a thrown ");
      expect(shown).not.toContain(canary);
    },
  );
});
