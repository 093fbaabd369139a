/** The worker's side: hosts an asynchronous driver and serves one caller, who blocks while a call runs. */
import { workerData } from "node:worker_threads";
import type { ConnectTarget, DriverConnection } from "../../backend/index.ts";
import type { Awaitable } from "../../operation/index.ts";
import { splitRows } from "./compact.ts";
import { packError } from "./error-transfer.ts";
import {
  type ConnectionState,
  isReply,
  type Reply,
  type ReplyOf,
  type Request,
  type WorkerSetup,
  type WorkerTarget,
  word,
} from "./messages.ts";
import { Server } from "./server.ts";
import { Watch } from "./watch.ts";

type Connect = (target: ConnectTarget) => Awaitable<DriverConnection>;

const gone: ConnectionState = { inTransaction: false, usable: false };

start(workerData);

function start(setup: WorkerSetup): void {
  const memory = new Int32Array(setup.memory);
  const { port } = setup;
  const watch = new Watch(() => Atomics.add(memory, word.beats, 1));
  let server: Server | undefined;

  const post = (reply: Reply): void => {
    port.postMessage(reply);
    Atomics.add(memory, word.replies, 1);
    Atomics.notify(memory, word.replies);
  };
  const postResult = (reply: ReplyOf<"result">): void => {
    const { parts, last } = splitRows(reply.rows);
    for (const rows of parts) {
      post({ kind: "rows", rows });
      watch.beat();
    }
    post(parts.length === 0 ? reply : { ...reply, rows: last });
  };
  const connect = async (target: WorkerTarget): Promise<Reply> => {
    const { password, ...rest } = target;
    const connection = await (await load(setup))({ ...rest, password: () => password });
    server = new Server(connection);
    const facts = "facts" in connection ? connection.facts : undefined;
    const has = {
      executeAll: connection.executeAll !== undefined,
      executeAtomically: connection.executeAtomically !== undefined,
    };
    return { kind: "connected", facts, sessionId: connection.sessionId, has, state: server.state };
  };
  const serve = async (request: Request): Promise<Reply> => {
    if (request.kind === "connect") return await connect(request.target);
    if (server === undefined) throw new Error("a call came before the connection was made");
    return await server.serve(request);
  };
  const handle = async (request: Request): Promise<void> => {
    try {
      const reply = await serve(request);
      await server?.cancelled();
      if (isReply(reply, "result")) postResult(reply);
      else post(reply);
    } catch (error) {
      await server?.cancelled();
      post({ kind: "failure", error: packError(error), timedOut: watch.over, state: server?.state ?? gone });
    }
  };

  process.once("exit", () => {
    Atomics.store(memory, word.exited, 1);
    Atomics.notify(memory, word.replies);
  });
  port.on("message", (request: Request) => {
    watch.begin("timeoutMs" in request ? request.timeoutMs : undefined, () => server?.cancel());
    handle(request).finally(() => watch.end());
  });
  post({ kind: "ready" });
}

async function load(setup: WorkerSetup): Promise<Connect> {
  const module: Readonly<Record<string, unknown>> = await import(setup.module);
  const connect = module[setup.exportName];
  if (!isConnect(connect)) throw new TypeError(`${setup.module} exports no function ${setup.exportName}`);
  return connect;
}

function isConnect(value: unknown): value is Connect {
  return typeof value === "function";
}
