import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as errors from "../../errors/index.ts";
import { packError, unpackError } from "./error-transfer.ts";

function across(error: unknown): Error {
  return unpackError(structuredClone(packError(error)));
}

describe("an error that crosses between threads", () => {
  it("keeps class, code, facts and cause of the library's errors", () => {
    const facts = {
      outcome: "rolled_back",
      sqlState: "40001",
      driverCode: "ER_LOCK",
      backend: "mysql",
      operation: "execute",
      table: "users",
      columns: ["a", "b"],
      cause: new RangeError("below"),
    } as const;
    for (const original of [
      new errors.ConfigurationError("m", facts, "STRATA_DRIVER_MISSING"),
      new errors.ConnectionError("m", facts, "STRATA_CONNECTION_REFUSED"),
      new errors.ConnectTimeoutError("m", facts),
      new errors.UnsupportedError("m", facts),
      new errors.ClosedError("m", facts),
      new errors.QueryTimeoutError("m", facts),
      new errors.AbortedError("m", facts),
      new errors.LockTimeoutError("m", facts),
      new errors.SqlSyntaxError("m", facts),
      new errors.SqlParameterError("m", facts),
      new errors.StorageError("m", facts),
      new errors.ValidationError("m", facts),
      new errors.TransactionStateError("m", facts),
      new errors.TransactionDoomedError("m", facts),
      new errors.CommitOutcomeUnknownError("m", facts),
      new errors.DatabaseError("m", facts),
    ]) {
      const copy = across(original);
      expect(copy.constructor).toBe(original.constructor);
      expect(JSON.stringify(copy)).toBe(JSON.stringify(original));
      expect(copy.cause).toMatchObject({ name: "RangeError", message: "below" });
    }
  });

  it("keeps a driver's own properties of plain types, and drops the others", () => {
    const original = Object.assign(new Error("m"), {
      errno: 5,
      code: "E",
      fatal: true,
      sql: null,
      raw: { a: 1 },
    });
    const copy = across(original);
    expect({ ...copy }).toEqual({ errno: 5, code: "E", fatal: true, sql: null });
    expect(copy.stack).toBe(original.stack);
  });

  it("never fails, whatever was thrown", () => {
    const endless = new Error("endless");
    endless.cause = endless;
    expect(across(endless).message).toBe("endless");
    fc.assert(
      fc.property(fc.anything(), (thrown) => {
        expect(across(thrown)).toBeInstanceOf(Error);
        expect(across(Object.assign(new Error("m"), { extra: thrown })).message).toBe("m");
      }),
    );
  });
});
