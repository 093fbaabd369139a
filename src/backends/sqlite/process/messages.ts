import type {
  BeginOptions,
  CallLimits,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "../../../backend/index.ts";
import type { InlineTarget } from "../connect.ts";
import type { SentError } from "./sent-error.ts";

type Bound = {
  readonly statement: NativeStatement;
  readonly values: readonly unknown[];
  readonly limits: CallLimits;
};
type Many = {
  readonly statement: NativeStatement;
  readonly sets: readonly (readonly unknown[])[];
  readonly limits: CallLimits;
};

/** What a connection can ask of its child process: what each call sends, and what it gets. */
export interface Calls {
  readonly open: { readonly send: InlineTarget; readonly get: undefined };
  readonly execute: { readonly send: Bound; readonly get: DriverResult };
  readonly executeMany: { readonly send: Many; readonly get: number };
  readonly stream: { readonly send: Bound; readonly get: SentCursor };
  readonly read: {
    readonly send: { readonly cursor: number; readonly count: number };
    readonly get: unknown[][];
  };
  readonly closeCursor: { readonly send: { readonly cursor: number }; readonly get: undefined };
  readonly begin: {
    readonly send: { readonly options: BeginOptions; readonly limits: CallLimits };
    readonly get: undefined;
  };
  readonly commit: { readonly send: CallLimits; readonly get: undefined };
  readonly rollback: { readonly send: CallLimits; readonly get: undefined };
  readonly ping: { readonly send: CallLimits; readonly get: undefined };
  readonly reset: { readonly send: undefined; readonly get: undefined };
  readonly version: { readonly send: undefined; readonly get: VersionDetails };
  readonly close: { readonly send: undefined; readonly get: undefined };
}

export type CallName = keyof Calls;

/** A cursor that lives in the child. */
export interface SentCursor {
  readonly cursor: number;
  readonly columns: readonly string[];
}

export interface Request<Name extends CallName = CallName> {
  readonly id: number;
  readonly call: Name;
  readonly send: Calls[Name]["send"];
}

export interface Answer<Name extends CallName = CallName> {
  readonly id: number;
  readonly call: Name;
  readonly get: Calls[Name]["get"];
  readonly inTransaction: boolean;
}

export interface Refusal {
  readonly id: number;
  readonly error: SentError;
  readonly inTransaction: boolean;
}

export type Reply = Answer | Refusal;

/** Both sides are this library, so what carries an id is one of our messages. */
export function isRequest(message: unknown): message is Request {
  return isMessage(message) && "call" in message && "send" in message;
}

export function isReply(message: unknown): message is Reply {
  return isMessage(message) && "inTransaction" in message;
}

/** Whether a reply is the answer to a call of that name. */
export function isAnswerTo<Name extends CallName>(reply: Reply, call: Name): reply is Answer<Name> & Reply {
  return "call" in reply && reply.call === call;
}

function isMessage(message: unknown): message is object {
  return typeof message === "object" && message !== null && "id" in message;
}
