import type {
  BeginOptions,
  Command,
  ConnectTarget,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "../../backend/index.ts";
import type { PackedError } from "./error-transfer.ts";

/** The part of a `ConnectTarget` that can cross to another thread: the password is a value, not a function. */
export interface WorkerTarget extends Omit<ConnectTarget, "password"> {
  readonly password: string | undefined;
}

/** What a caller's thread and its worker share; one of each for a connection. */
export interface WorkerSetup {
  readonly memory: SharedArrayBuffer;
  readonly port: import("node:worker_threads").MessagePort;
  /** URL of the module that exports the driver's asynchronous connect function, and the function's name. */
  readonly module: string;
  readonly exportName: string;
}

/** The words of the shared memory, as indexes of an `Int32Array`. */
export const word = {
  /** Counts the messages that the worker has posted; the caller sleeps on it. */
  replies: 0,
  /** Grows while a call runs and the worker's event loop turns. */
  beats: 1,
  /** 1 once the worker's thread is about to end. */
  exited: 2,
} as const;

export const memoryBytes = Object.keys(word).length * Int32Array.BYTES_PER_ELEMENT;

/** Each request is answered by exactly one reply, which parts of a long result may precede. */
export type Request =
  | { readonly kind: "connect"; readonly target: WorkerTarget }
  | {
      readonly kind: "execute" | "stream";
      readonly statement: NativeStatement;
      readonly values: readonly unknown[];
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "executeMany";
      readonly statement: NativeStatement;
      readonly sets: readonly (readonly unknown[])[];
      readonly timeoutMs: number;
    }
  | {
      readonly kind: "executeAll" | "executeAtomically";
      readonly commands: readonly Command[];
      readonly timeoutMs: number;
    }
  | { readonly kind: "begin"; readonly options: BeginOptions; readonly timeoutMs: number }
  | {
      readonly kind: "commit" | "rollback" | "ping" | "reset" | "version" | "close";
      readonly timeoutMs: number;
    }
  | { readonly kind: "read"; readonly cursor: number; readonly count: number; readonly timeoutMs: number }
  | { readonly kind: "closeCursor"; readonly cursor: number; readonly timeoutMs: number }
  | { readonly kind: "state" };

/** What the driver's connection says of itself after a call. */
export interface ConnectionState {
  readonly inTransaction: boolean;
  readonly usable: boolean;
}

export type Reply =
  | { readonly kind: "ready" }
  /** Some of the rows of the reply that follows. */
  | { readonly kind: "rows"; readonly rows: unknown[][] }
  | {
      readonly kind: "connected";
      readonly facts: unknown;
      readonly sessionId: string | number | undefined;
      /** Which of the optional methods the driver's connection has. */
      readonly has: { readonly executeAll: boolean; readonly executeAtomically: boolean };
      readonly state: ConnectionState;
    }
  | ({ readonly kind: "result"; readonly state: ConnectionState } & DriverResult)
  | { readonly kind: "results"; readonly results: readonly DriverResult[]; readonly state: ConnectionState }
  | { readonly kind: "count"; readonly count: number; readonly state: ConnectionState }
  | {
      readonly kind: "cursor";
      readonly cursor: number;
      readonly columns: readonly string[];
      readonly state: ConnectionState;
    }
  | { readonly kind: "version"; readonly version: VersionDetails; readonly state: ConnectionState }
  | { readonly kind: "done"; readonly state: ConnectionState }
  | {
      readonly kind: "failure";
      readonly error: PackedError;
      /** Whether the worker had cancelled the call because its time was over. */
      readonly timedOut: boolean;
      readonly state: ConnectionState;
    };

export type ReplyKind = Reply["kind"];
export type ReplyOf<Kind extends ReplyKind> = Extract<Reply, { readonly kind: Kind }>;

export function isReply<Kind extends ReplyKind>(reply: Reply, kind: Kind): reply is ReplyOf<Kind> {
  return reply.kind === kind;
}
