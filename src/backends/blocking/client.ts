import type {
  BeginOptions,
  CallLimits,
  Command,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "../../backend/index.ts";
import {
  ClosedError,
  ConnectionError,
  type DatabaseError,
  type ErrorFacts,
  QueryTimeoutError,
} from "../../errors/index.ts";
import type { Channel } from "./channel.ts";
import { compactValues } from "./compact.ts";
import { unpackError } from "./error-transfer.ts";
import {
  type ConnectionState,
  isReply,
  type Reply,
  type ReplyKind,
  type ReplyOf,
  type Request,
} from "./messages.ts";

/** What a caller is given beyond its limit, so that the worker can cancel on the server and still answer. */
export const marginMs = 200;
/** For calls that carry no limit of their own: reset, version and closing a cursor. */
const controlTimeoutMs = 10_000;
const closeTimeoutMs = 2000;
/** An answer younger than this still tells whether the connection is usable. */
const freshMs = 100;
/** Sets of values that cross in one message. */
const setsPerCall = 5000;

type Classify = (error: unknown, facts: ErrorFacts) => DatabaseError;

/** A connection whose driver lives in a worker thread; every call blocks until the worker has answered. */
export class BlockingConnection implements DriverConnection {
  /** The driver's own connection stays in its thread. */
  readonly raw = null;
  /** What the driver's connection tells of the server, if it has a property `facts`. */
  readonly facts: unknown;
  readonly sessionId: string | number | undefined;
  /** Present if the driver's connection has them. */
  readonly executeAll?: (commands: readonly Command[], limits: CallLimits) => DriverResult[];
  readonly executeAtomically?: (commands: readonly Command[], limits: CallLimits) => DriverResult;
  readonly #channel: Channel;
  readonly #classify: Classify;
  #state: ConnectionState;
  #askedAtMs = performance.now();
  #ended = false;

  constructor(channel: Channel, connected: ReplyOf<"connected">, classify: Classify) {
    this.#channel = channel;
    this.#classify = classify;
    this.#state = connected.state;
    this.facts = connected.facts;
    this.sessionId = connected.sessionId;
    if (connected.has.executeAll) this.executeAll = (commands, limits) => this.#all(commands, limits);
    if (connected.has.executeAtomically)
      this.executeAtomically = (commands, limits) => this.#atomically(commands, limits);
    channel.worker.once("exit", () => {
      this.#ended = true;
    });
  }

  get inTransaction(): boolean {
    return !this.#ended && this.#state.inTransaction;
  }

  /** An idle connection that the server ended is noticed by the worker, so after a while the worker is asked. */
  get usable(): boolean {
    if (this.#ended || !this.#state.usable) return false;
    if (performance.now() - this.#askedAtMs < freshMs) return true;
    try {
      this.#call({ kind: "state" }, "done", 1000, "state");
    } catch {
      return false;
    }
    return this.#state.usable;
  }

  execute(statement: NativeStatement, values: readonly unknown[], limits: CallLimits): DriverResult {
    const timeoutMs = limits.timeoutMs;
    const request = { kind: "execute", statement, values: compactValues(values), timeoutMs } as const;
    const { columns, rows, rowCount } = this.#call(request, "result", timeoutMs, "execute");
    return { columns, rows, rowCount };
  }

  executeMany(statement: NativeStatement, sets: Iterable<readonly unknown[]>, limits: CallLimits): number {
    const endsAtMs = performance.now() + limits.timeoutMs;
    let changed = 0;
    let batch: (readonly unknown[])[] = [];
    const flush = () => {
      const timeoutMs = endsAtMs - performance.now();
      const request = { kind: "executeMany", statement, sets: batch, timeoutMs } as const;
      changed += this.#call(request, "count", timeoutMs, "executeMany").count;
      batch = [];
    };
    for (const values of sets) {
      batch.push(compactValues(values));
      if (batch.length === setsPerCall) flush();
    }
    if (batch.length > 0) flush();
    return changed;
  }

  stream(statement: NativeStatement, values: readonly unknown[], limits: CallLimits): DriverCursor {
    const timeoutMs = limits.timeoutMs;
    const request = { kind: "stream", statement, values: compactValues(values), timeoutMs } as const;
    const { cursor, columns } = this.#call(request, "cursor", timeoutMs, "stream");
    let open = true;
    return {
      columns,
      read: (count) => {
        if (!open) return [];
        const { rows } = this.#call({ kind: "read", cursor, count, timeoutMs }, "result", timeoutMs, "read");
        return rows;
      },
      close: () => {
        if (!open) return;
        open = false;
        if (this.#ended) return;
        const close = { kind: "closeCursor", cursor, timeoutMs: controlTimeoutMs } as const;
        this.#call(close, "done", controlTimeoutMs, "close");
      },
    };
  }

  begin(options: BeginOptions, limits: CallLimits): void {
    const timeoutMs = limits.timeoutMs;
    this.#call({ kind: "begin", options: plainOptions(options), timeoutMs }, "done", timeoutMs, "begin");
  }

  commit(limits: CallLimits): void {
    this.#simple("commit", limits.timeoutMs);
  }

  rollback(limits: CallLimits): void {
    this.#simple("rollback", limits.timeoutMs);
  }

  ping(limits: CallLimits): void {
    this.#simple("ping", limits.timeoutMs);
  }

  reset(): void {
    this.#simple("reset", controlTimeoutMs);
  }

  version(): VersionDetails {
    const request = { kind: "version", timeoutMs: controlTimeoutMs } as const;
    return this.#call(request, "version", controlTimeoutMs, "version").version;
  }

  /** The caller is blocked while a call is under way, so there is never one to stop. */
  cancel(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (this.#ended) return;
    try {
      this.#simple("close", closeTimeoutMs);
    } catch {
      // The thread ends below, and its connection with it.
    }
    this.destroy();
  }

  destroy(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#channel.terminate();
  }

  #all(commands: readonly Command[], { timeoutMs }: CallLimits): DriverResult[] {
    const request = { kind: "executeAll", commands: compact(commands), timeoutMs } as const;
    return [...this.#call(request, "results", timeoutMs, "execute").results];
  }

  #atomically(commands: readonly Command[], { timeoutMs }: CallLimits): DriverResult {
    const request = { kind: "executeAtomically", commands: compact(commands), timeoutMs } as const;
    const { columns, rows, rowCount } = this.#call(request, "result", timeoutMs, "execute");
    return { columns, rows, rowCount };
  }

  #simple(kind: "commit" | "rollback" | "ping" | "reset" | "close", timeoutMs: number): void {
    this.#call({ kind, timeoutMs }, "done", timeoutMs, kind);
  }

  #call<Kind extends ReplyKind>(
    request: Request,
    expected: Kind,
    timeoutMs: number,
    operation: string,
  ): ReplyOf<Kind> {
    if (this.#ended) throw new ClosedError("this connection is closed or was lost; take a new one");
    if (!(timeoutMs > 0)) throw timedOut(operation, timeoutMs, { outcome: "not_sent" });
    this.#channel.post(request);
    const reply = this.#answer(timeoutMs, operation);
    this.#askedAtMs = performance.now();
    if ("state" in reply) this.#state = reply.state;
    if (isReply(reply, expected)) return reply;
    if (reply.kind === "failure") throw this.#failure(reply, timeoutMs, operation);
    this.destroy();
    throw new ConnectionError(`the worker answered ${operation} with ${reply.kind}, which is a defect`);
  }

  /** Waits for the reply and puts the parts of a long result together. */
  #answer(timeoutMs: number, operation: string): Reply {
    const endsAtMs = performance.now() + timeoutMs + marginMs;
    const parts: unknown[][][] = [];
    for (;;) {
      const waited = this.#channel.next(endsAtMs - performance.now());
      if (waited.kind !== "reply") throw this.#lost(waited.kind, timeoutMs, operation);
      const { reply } = waited;
      if (reply.kind === "rows") parts.push(reply.rows);
      else if (reply.kind !== "result" || parts.length === 0) return reply;
      else return { ...reply, rows: parts.concat([reply.rows]).flat() };
    }
  }

  #failure(reply: ReplyOf<"failure">, timeoutMs: number, operation: string): Error {
    const error = unpackError(reply.error);
    if (!reply.timedOut) return error;
    const cause = this.#classify(error, { operation, cause: error });
    const outcome = reply.state.usable ? cause.outcome : "unknown";
    return timedOut(operation, timeoutMs, { outcome, cause });
  }

  #lost(how: "exited" | "stalled" | "overdue", timeoutMs: number, operation: string): Error {
    this.destroy();
    if (how === "overdue") return timedOut(operation, timeoutMs, { outcome: "unknown" });
    const what = how === "exited" ? "ended" : "stopped answering";
    return new ConnectionError(
      `the thread that held the connection ${what} during ${operation}; the next connection gets a new one`,
      { outcome: "unknown", operation },
    );
  }
}

function compact(commands: readonly Command[]): Command[] {
  return commands.map(({ statement, values }) => ({ statement, values: compactValues(values) }));
}

function timedOut(operation: string, timeoutMs: number, facts: ErrorFacts): QueryTimeoutError {
  const limit = Math.max(0, timeoutMs) / 1000;
  return new QueryTimeoutError(`${operation} did not end within its limit of ${limit} s and was stopped`, {
    operation,
    ...facts,
  });
}

/** Only what the contract names: an object of the caller's may hold what cannot cross. */
function plainOptions({ isolation, readOnly }: BeginOptions): BeginOptions {
  return {
    ...(isolation === undefined ? {} : { isolation }),
    ...(readOnly === undefined ? {} : { readOnly }),
  };
}
