import { describe, expect, it } from "vitest";
import * as errors from "../errors/index.ts";
import { verdictOf } from "./database-failure.ts";

const unknown = { outcome: "unknown" } as const;

describe("an error, seen from the database", () => {
  it.each([
    ["loss", new errors.ConnectionError("lost")],
    ["loss", new errors.ConnectionError("lost before COMMIT", { outcome: "rolled_back" })],
    [
      "loss",
      new errors.ConnectionError("lost before the call", { outcome: "not_sent", operation: "execute" }),
    ],
    ["failure", new errors.ConnectionError("refused", { outcome: "not_sent", operation: "connect" })],
    [
      "failure",
      new errors.PoolTimeoutError("none came", { cause: new errors.ConnectTimeoutError("no answer") }),
    ],
    ["failure", new errors.ConnectTimeoutError("no answer")],
    ["failure", new errors.QueryTimeoutError("no answer", unknown)],
    ["loss", new errors.CommitOutcomeUnknownError("lost")],
    [
      "none",
      new errors.ConnectionError("wrong password", { outcome: "not_sent" }, "STRATA_CONNECTION_REFUSED"),
    ],
    ["none", new errors.QueryTimeoutError("stopped", { outcome: "rejected" })],
    ["none", new errors.AbortedError("aborted")],
    ["none", new errors.AbortedError("aborted", unknown)],
    ["none", new errors.PoolTimeoutError("full")],
    ["none", new errors.CircuitOpenError("open", 1)],
    ["none", new errors.TransactionDoomedError("doomed")],
    ["none", new errors.SqlParameterError("too few")],
    ["none", new errors.ClosedError("closed")],
    ["none", new Error("thrown by a callback")],
    ["none", "text"],
    ["success", undefined],
    ["success", new errors.SqlSyntaxError("no such table")],
    ["success", new errors.UniqueViolationError("taken")],
    ["success", new errors.DeadlockError("deadlock")],
    ["success", new errors.SerializationError("conflict")],
    ["success", new errors.LockTimeoutError("busy")],
  ] as const)("%s: %s", (verdict, error) => {
    expect(verdictOf(error)).toBe(verdict);
  });
});
