import {
  ClosedError,
  ConfigurationError,
  DatabaseError,
  type ErrorFacts,
  type Outcome,
  TransactionStateError,
  UnsupportedError,
} from "../../../errors/index.ts";
import { codeOf, SqliteFailure } from "../failure.ts";

/** An error as it travels between processes, where classes and properties of errors are lost. */
export interface SentError {
  /** Name of the library's class, when it is one of the library's errors. */
  readonly typed: string | undefined;
  readonly message: string;
  readonly stack: string | undefined;
  /** Of the driver, or of the library. */
  readonly code: string | undefined;
  readonly outcome: Outcome | undefined;
}

export function packError(error: unknown): SentError {
  if (error instanceof DatabaseError) {
    const { name, message, stack, code, outcome } = error;
    return { typed: name, message, stack, code, outcome };
  }
  return {
    typed: undefined,
    message: error instanceof Error ? error.message : `the driver threw ${typeof error}`,
    stack: error instanceof Error ? error.stack : undefined,
    code: codeOf(error),
    outcome: error instanceof SqliteFailure ? error.outcome : undefined,
  };
}

type Revive = (message: string, facts: ErrorFacts, code: string | undefined) => DatabaseError;

/** The library's errors that a connection in this thread throws itself. Others are the driver's. */
const typedErrors: Readonly<Record<string, Revive>> = {
  ClosedError: (message, facts) => new ClosedError(message, facts),
  ConfigurationError: (message, facts, code) =>
    code === "STRATA_DRIVER_MISSING" || code === "STRATA_RUNTIME_UNSUPPORTED"
      ? new ConfigurationError(message, facts, code)
      : new ConfigurationError(message, facts),
  TransactionStateError: (message, facts) => new TransactionStateError(message, facts),
  UnsupportedError: (message, facts) => new UnsupportedError(message, facts),
};

/** Gives an error its class again. The driver's errors become `SqliteFailure`, with the child's stack as cause. */
export function unpackError(sent: SentError): Error {
  const cause = sent.stack === undefined ? undefined : { stackInChild: sent.stack };
  if (sent.typed === undefined) return new SqliteFailure(sent.message, sent.code, sent.outcome, cause);
  const facts: ErrorFacts = {
    backend: "sqlite",
    ...(sent.outcome === undefined ? {} : { outcome: sent.outcome }),
    ...(cause === undefined ? {} : { cause }),
  };
  return typedErrors[sent.typed]?.(sent.message, facts, sent.code) ?? new DatabaseError(sent.message, facts);
}
