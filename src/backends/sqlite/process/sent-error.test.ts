import { expect, it } from "vitest";
import {
  ClosedError,
  ConfigurationError,
  DatabaseError,
  TransactionStateError,
  UnsupportedError,
} from "../../../errors/index.ts";
import { SqliteFailure } from "../failure.ts";
import { packError, unpackError } from "./sent-error.ts";

/** To the other process and back, as the channel does it. */
const sent = (error: unknown) => unpackError(structuredClone(packError(error)));

it.each([
  new ClosedError("closed"),
  new ConfigurationError("wrong"),
  new ConfigurationError("missing", {}, "STRATA_DRIVER_MISSING"),
  new ConfigurationError("old", {}, "STRATA_RUNTIME_UNSUPPORTED"),
  new TransactionStateError("open", { outcome: "rolled_back" }),
  new UnsupportedError("cannot"),
  new DatabaseError("other", { outcome: "unknown" }),
])("%o keeps its class and its facts", (error) => {
  const received = sent(error);
  expect(received).toBeInstanceOf(error.constructor);
  expect(received).toMatchObject({ message: error.message, code: error.code, outcome: error.outcome });
});

it("a driver's error keeps its code, and an outcome that was found out", () => {
  const driverError = Object.assign(new Error("disk is full"), { code: "SQLITE_FULL" });
  expect(sent(driverError)).toMatchObject({
    message: "disk is full",
    code: "SQLITE_FULL",
    outcome: undefined,
  });
  const failure = new SqliteFailure("disk is full", "SQLITE_FULL", "rolled_back");
  expect(sent(failure)).toMatchObject({ code: "SQLITE_FULL", outcome: "rolled_back" });
  expect(sent(new RangeError("Too few parameter values were provided"))).toBeInstanceOf(SqliteFailure);
});

it("anything can be sent", () => {
  for (const thrown of [undefined, null, "text", Symbol("s"), () => 1])
    expect(sent(thrown)).toBeInstanceOf(Error);
});
