import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DatabaseError } from "../../errors/index.ts";
import { blameServer, isStaleStatement, toDatabaseError } from "./errors.ts";

function server(code: string, more: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(String(more.message ?? "words")), { severity: "ERROR", code, ...more });
}

function network(code: string, message = "words"): Error {
  return Object.assign(new Error(message), { code });
}

describe("toDatabaseError", () => {
  it.each([
    ["23505", "UniqueViolationError", "rejected"],
    ["23503", "ForeignKeyViolationError", "rejected"],
    ["23001", "ForeignKeyViolationError", "rejected"],
    ["23502", "NotNullViolationError", "rejected"],
    ["23514", "CheckViolationError", "rejected"],
    ["23P01", "UniqueViolationError", "rejected"],
    ["40001", "SerializationError", "rolled_back"],
    ["40P01", "DeadlockError", "rolled_back"],
    ["40003", "DatabaseError", "unknown"],
    ["55P03", "LockTimeoutError", "rejected"],
    ["57014", "QueryTimeoutError", "rejected"],
    ["57P01", "ConnectionError", "unknown"],
    ["57P03", "ConnectionError", "not_sent"],
    ["57P05", "ConnectionError", "not_sent"],
    ["53300", "ConnectionError", "not_sent"],
    ["08006", "ConnectionError", "unknown"],
    ["08P01", "DatabaseError", "rejected"],
    ["25006", "ReadOnlyError", "rejected"],
    ["25P02", "TransactionDoomedError", "rejected"],
    ["25P03", "ConnectionError", "rolled_back"],
    ["25001", "TransactionStateError", "rejected"],
    ["42601", "SqlSyntaxError", "rejected"],
    ["42P01", "SqlSyntaxError", "rejected"],
    ["42P07", "DatabaseError", "rejected"],
    ["42501", "DatabaseError", "rejected"],
    ["22P02", "SqlParameterError", "rejected"],
    ["22012", "DatabaseError", "rejected"],
    ["0A000", "UnsupportedError", "rejected"],
    ["53100", "StorageError", "rejected"],
    ["XX001", "StorageError", "rejected"],
    ["P0001", "DatabaseError", "rejected"],
    ["ZZ999", "DatabaseError", "rejected"],
  ])("%s is a %s, %s", (code, name, outcome) => {
    const error = toDatabaseError(server(code), { operation: "execute" });
    expect(error).toMatchObject({ name, outcome, sqlState: code, backend: "postgres", operation: "execute" });
  });

  it("tells a server that takes no writes from a transaction that takes none", () => {
    const error = server("25006");
    expect(toDatabaseError(error, {})).toMatchObject({ code: "STRATA_READ_ONLY", retryable: false });
    blameServer(error);
    expect(toDatabaseError(error, {})).toMatchObject({
      name: "ReadOnlyError",
      code: "STRATA_READ_ONLY_SERVER",
      outcome: "rejected",
      retryable: true,
    });
  });

  it("is total: any SQLSTATE is one of our errors, and never retryable with an unknown outcome", () => {
    const state = fc.string({ unit: fc.constantFrom(..."0123456789ABCDEFGPXZ"), minLength: 5, maxLength: 5 });
    const operation = fc.constantFrom("connect", "commit", "execute");
    fc.assert(
      fc.property(state, fc.constantFrom("ERROR", "FATAL"), operation, (code, severity, operation) => {
        const error = toDatabaseError(server(code, { severity }), { operation });
        expect(error).toBeInstanceOf(DatabaseError);
        expect(error.retryable && error.outcome === "unknown").toBe(false);
        if (operation === "connect") expect(error.outcome).toBe("not_sent");
      }),
    );
  });

  it("is total for what is no error", () => {
    for (const thrown of [undefined, null, "text", 7, {}, new TypeError("t")]) {
      expect(toDatabaseError(thrown, {})).toBeInstanceOf(DatabaseError);
    }
  });

  it("leaves our own errors alone", () => {
    const own = new DatabaseError("own");
    expect(toDatabaseError(own, { operation: "x" })).toBe(own);
  });

  it("takes a FATAL error without a rule of its own for the loss of the connection", () => {
    expect(toDatabaseError(server("XX000", { severity: "FATAL" }), {})).toMatchObject({
      name: "ConnectionError",
      outcome: "unknown",
    });
  });

  it("says that a COMMIT that failed has rolled back, and that a lost one is unknown", () => {
    const commit = { operation: "commit" };
    expect(toDatabaseError(server("23505"), commit).outcome).toBe("rolled_back");
    expect(toDatabaseError(server("57P01"), commit).outcome).toBe("unknown");
    expect(toDatabaseError(network("ECONNRESET"), commit).outcome).toBe("unknown");
    expect(toDatabaseError(network("EHOSTUNREACH"), commit).outcome).toBe("unknown");
    expect(toDatabaseError(new Error("Connection terminated unexpectedly"), commit)).toMatchObject({
      name: "ConnectionError",
      outcome: "unknown",
    });
  });

  it("tells columns and table, never values", () => {
    const error = toDatabaseError(
      server("23505", { detail: "Key (email)=(canary) already exists.", table: "users", constraint: "k" }),
      {},
    );
    expect(error).toMatchObject({ table: "users", columns: ["email"] });
    expect(JSON.stringify([error, error.cause])).not.toContain("canary");
  });

  it("takes a catalogue race for no violation of the caller's", () => {
    const race = server("23505", { constraint: "pg_type_typname_nsp_index" });
    expect(toDatabaseError(race, {}).name).toBe("DatabaseError");
  });

  it.each(["28P01", "28000", "3D000"])("%s refuses a connection for good", (code) => {
    expect(toDatabaseError(server(code, { severity: "FATAL" }), { operation: "connect" })).toMatchObject({
      code: "STRATA_CONNECTION_REFUSED",
      outcome: "not_sent",
      retryable: false,
    });
  });

  it.each([
    [network("ECONNREFUSED"), "STRATA_CONNECTION", true],
    [network("ENOTFOUND"), "STRATA_CONNECTION", true],
    [new Error("Connection terminated unexpectedly"), "STRATA_CONNECTION", true],
    [network("DEPTH_ZERO_SELF_SIGNED_CERT"), "STRATA_CONNECTION_REFUSED", false],
    [network("ERR_TLS_CERT_ALTNAME_INVALID"), "STRATA_CONNECTION_REFUSED", false],
    [new Error("The server does not support SSL connections"), "STRATA_CONNECTION_REFUSED", false],
    [new Error("SASL: SCRAM-SERVER-FIRST-MESSAGE: …"), "STRATA_CONNECTION_REFUSED", false],
  ])("while connecting, %s is %s", (error, code, retryable) => {
    expect(toDatabaseError(error, { operation: "connect" })).toMatchObject({
      code,
      retryable,
      outcome: "not_sent",
    });
  });

  it("gives words to a failure at several addresses", () => {
    const both = new AggregateError([network("ECONNREFUSED", "::1"), network("ECONNREFUSED", "127.0.0.1")]);
    expect(toDatabaseError(both, { operation: "connect" }).message).toBe("::1; 127.0.0.1");
  });
});

describe("isStaleStatement", () => {
  it("knows a changed plan by the server's function, in any language", () => {
    expect(isStaleStatement(server("0A000", { routine: "RevalidateCachedQuery" }))).toBe(true);
    expect(isStaleStatement(server("0A000", { message: "cached plan must not change result type" }))).toBe(
      true,
    );
    expect(isStaleStatement(server("0A000", { message: "not supported" }))).toBe(false);
  });

  it("knows our own statements from the caller's", () => {
    const lost = (name: string) =>
      server("26000", { message: `prepared statement "${name}" does not exist` });
    expect(isStaleStatement(lost("strata_s7"))).toBe(true);
    expect(isStaleStatement(lost("mine"))).toBe(false);
    expect(isStaleStatement(network("26000", "strata_s7"))).toBe(false);
  });

  it("makes the whole transaction worth another try", () => {
    expect(toDatabaseError(server("0A000", { routine: "RevalidateCachedQuery" }), {})).toMatchObject({
      name: "SerializationError",
      outcome: "rejected",
      retryable: true,
    });
  });
});
