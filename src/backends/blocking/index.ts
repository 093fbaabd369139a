import type { ConnectTarget, DriverConnection } from "../../backend/index.ts";
import {
  ConfigurationError,
  ConnectionError,
  ConnectTimeoutError,
  type DatabaseError,
  type ErrorFacts,
  UnsupportedError,
} from "../../errors/index.ts";
import { isPromiseLike } from "../../operation/index.ts";
import { Channel } from "./channel.ts";
import { BlockingConnection, marginMs } from "./client.ts";
import { unpackError } from "./error-transfer.ts";
import type { Reply, WorkerTarget } from "./messages.ts";

export { BlockingConnection } from "./client.ts";
export type { WorkerTarget } from "./messages.ts";

export interface BlockingSpec {
  /** The module that exports the driver's asynchronous connect function. See `siblingModule`. */
  readonly module: URL;
  /** Name of that function: `(target: ConnectTarget) => Awaitable<DriverConnection>`. */
  readonly exportName: string;
  readonly target: WorkerTarget;
}

export interface BlockingOptions {
  /** Classifies the driver's error by which a call ended that had exceeded its limit. */
  readonly toDatabaseError: (error: unknown, facts: ErrorFacts) => DatabaseError;
  /**
   * Milliseconds for which the worker's event loop may stand still during a call before the connection is given
   * up as lost. Default 5000. Lower it to notice sooner that a worker ran out of memory; too low, and a busy
   * machine or a very large row looks like a lost worker.
   */
  readonly stallMs?: number;
}

/**
 * Makes an asynchronous driver blocking: runs it in a worker thread of its own, and answers a connection whose
 * every call blocks the caller until the worker has answered. Each call ends within its limit and 250 ms, also
 * when the server or the worker does not answer at all; the connection is lost then, and the next one gets a
 * fresh worker.
 */
export function connectBlocking(spec: BlockingSpec, options: BlockingOptions): DriverConnection {
  const { target } = spec;
  const endsAtMs = performance.now() + target.connectTimeoutMs;
  const channel = new Channel(siblingModule(import.meta.url, "host"), spec, options.stallMs ?? 5000);
  try {
    receive(channel, endsAtMs, target, Number.POSITIVE_INFINITY);
    const connectTimeoutMs = Math.max(1, endsAtMs - performance.now());
    post(channel, { ...target, connectTimeoutMs });
    const reply = receive(channel, endsAtMs, target);
    if (reply.kind === "connected") return new BlockingConnection(channel, reply, options.toDatabaseError);
    throw new ConnectionError(`the worker answered connect with ${reply.kind}, which is a defect`);
  } catch (error) {
    channel.terminate();
    throw error;
  }
}

/** A module beside the one whose `import.meta.url` is given: `.ts` in the sources, `.js` in the package. */
export function siblingModule(importMetaUrl: string, name: string): URL {
  return new URL(`./${name}${importMetaUrl.endsWith(".ts") ? ".ts" : ".js"}`, importMetaUrl);
}

/** Asks for the password and answers the target as it can cross to a worker. */
export function workerTarget(target: ConnectTarget): WorkerTarget {
  const password = target.password();
  if (isPromiseLike(password)) {
    password.then(undefined, () => {});
    throw new UnsupportedError(
      "the password function answered a promise, which a blocking connection cannot await: " +
        "answer a string at once, or use the asynchronous face",
    );
  }
  const { database, host, port, user, alias, connectTimeoutMs, options } = target;
  return { database, host, port, user, alias, connectTimeoutMs, options, password };
}

function post(channel: Channel, target: WorkerTarget): void {
  try {
    channel.post({ kind: "connect", target });
  } catch (error) {
    throw new ConfigurationError(
      "expected options that can be handed to another thread, got one that holds a function or an open " +
        "resource; blocking connections take plain values only",
      { cause: error },
    );
  }
}

function receive(channel: Channel, endsAtMs: number, target: WorkerTarget, stallMs?: number): Reply {
  const waited = channel.next(endsAtMs - performance.now() + marginMs, stallMs);
  if (waited.kind === "reply") {
    if (waited.reply.kind === "failure") throw unpackError(waited.reply.error);
    return waited.reply;
  }
  if (waited.kind === "exited") {
    throw new ConnectionError("the worker thread ended while it was connecting", { outcome: "not_sent" });
  }
  throw new ConnectTimeoutError(
    `no connection to ${target.host}:${target.port} within ${target.connectTimeoutMs / 1000} s`,
  );
}
