import { fork, type ChildProcess as NodeChildProcess } from "node:child_process";
import { extname } from "node:path";
import { AbortedError, ConnectionError, type Outcome, QueryTimeoutError } from "../../../errors/index.ts";
import type { Clock } from "../../../resilience/clock.ts";
import { type CallName, type Calls, isAnswerTo, isReply, type Reply, type Request } from "./messages.ts";
import { unpackError } from "./sent-error.ts";

/** Why a process was killed. */
type Reason = "timeout" | "cancel" | "destroyed";

type State =
  | { readonly is: "running" }
  /** Was asked to end in good order. */
  | { readonly is: "closing" }
  /** Was killed. */
  | { readonly is: "ending"; readonly reason: Reason }
  | { readonly is: "ended" };

interface Pending {
  readonly id: number;
  readonly settle: (reply: Reply) => void;
  readonly lose: (reason: Reason | "crashed") => void;
}

export interface AskLimits {
  readonly timeoutMs: number;
  /** What is known of the call when the process ends before it has answered. */
  readonly outcomeIfLost: Outcome;
}

// Enough for SQLite to find its temporary folder and the local time; nothing that could hold a secret, and no
// NODE_OPTIONS, which would start debuggers and loaders again.
const passedOn = ["TZ", "TMPDIR", "TMP", "TEMP", "SQLITE_TMPDIR", "SystemRoot", "LD_LIBRARY_PATH"];

/**
 * A child process with one connection to SQLite, and the one call that it is asked at a time. Killing it is the
 * only way to stop a statement; its locks are free and its transaction is rolled back when it has exited.
 */
export class ChildProcess {
  readonly node: NodeChildProcess;
  /** Settles when the process has exited. Never rejects. */
  readonly exited: Promise<void>;
  readonly #clock: Clock;
  #state: State = { is: "running" };
  #pending: Pending | null = null;
  #calls = 0;
  #inTransaction = false;
  #lostTransaction = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    const program = new URL(`./child${extname(import.meta.url)}`, import.meta.url);
    this.node = fork(program, [], {
      execArgv: [],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      env: Object.fromEntries(Object.entries(process.env).filter(([name]) => passedOn.includes(name))),
    });
    this.exited = new Promise((resolve) => {
      const end = () => {
        this.#end();
        resolve();
      };
      this.node.once("exit", end);
      // A process that could not be started never exits. Other errors are followed by an exit.
      this.node.on("error", () => (this.node.pid === undefined ? end() : this.kill("destroyed")));
    });
    // Without the channel it cannot answer any more.
    this.node.once("disconnect", () => {
      if (this.running) this.node.kill("SIGKILL");
    });
    this.node.on("message", (message) => this.#receive(message));
    this.#idle();
  }

  get running(): boolean {
    return this.#state.is === "running";
  }

  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** Asks the child, which must have answered the last call. When it takes too long the process is killed. */
  ask<Name extends CallName>(
    call: Name,
    send: Calls[Name]["send"],
    { timeoutMs, outcomeIfLost }: AskLimits,
  ): Promise<Calls[Name]["get"]> {
    if (!this.running) return Promise.reject(this.gone());
    if (timeoutMs <= 0) return Promise.reject(lost("timeout", call, timeoutMs, "not_sent"));
    return new Promise((resolve, reject) => {
      const request: Request<Name> = { id: ++this.#calls, call, send };
      const limit = this.#limit(request.id, timeoutMs);
      this.#pending = {
        id: request.id,
        settle: (reply) => {
          limit?.clear();
          this.#idle();
          if (isAnswerTo(reply, call)) resolve(reply.get);
          else reject("error" in reply ? unpackError(reply.error) : new TypeError(`no answer to ${call}`));
        },
        lose: (reason) => {
          limit?.clear();
          reject(lost(reason, call, timeoutMs, outcomeIfLost));
        },
      };
      this.node.ref();
      this.node.channel?.ref();
      // A channel that fails is followed by "disconnect".
      this.node.send(request, () => {});
    });
  }

  /** Has the child close its connection and end; kills it when that takes longer. Never rejects. */
  async close(timeoutMs: number): Promise<void> {
    if (!this.running) return this.exited;
    const limit = this.#clock.setTimer(() => this.kill("destroyed"), timeoutMs);
    const closed = this.ask("close", undefined, {
      timeoutMs: Number.POSITIVE_INFINITY,
      outcomeIfLost: "rejected",
    });
    this.#state = { is: "closing" };
    await closed.catch(() => this.kill("destroyed"));
    this.node.ref();
    await this.exited;
    limit.clear();
  }

  /** Kills the process at once; `exited` tells when it is gone. */
  kill(reason: Reason): void {
    if (!this.running && this.#state.is !== "closing") return;
    this.#state = { is: "ending", reason };
    this.node.ref();
    this.node.kill("SIGKILL");
  }

  #limit(id: number, timeoutMs: number): { clear(): void } | undefined {
    if (timeoutMs >= 2 ** 31) return undefined;
    return this.#clock.setTimer(() => {
      // When the event loop was held up, the answer may lie in the channel: timers run before it is read.
      setImmediate(() => {
        if (this.#pending?.id === id) this.kill("timeout");
      });
    }, timeoutMs);
  }

  #receive(message: unknown): void {
    const pending = this.#pending;
    if (!isReply(message) || pending?.id !== message.id) return;
    this.#inTransaction = message.inTransaction;
    this.#pending = null;
    pending.settle(message);
  }

  #end(): void {
    const reason = this.#state.is === "ending" ? this.#state.reason : "crashed";
    this.#state = { is: "ended" };
    this.#lostTransaction = this.#inTransaction;
    this.#inTransaction = false;
    const pending = this.#pending;
    this.#pending = null;
    pending?.lose(reason);
  }

  /** Lets this program end while the child has nothing to do; the child ends with it. */
  #idle(): void {
    this.node.unref();
    this.node.channel?.unref();
  }

  /** What to throw for a call on a process that has ended. */
  gone(): ConnectionError {
    return new ConnectionError("the process that held the connection has ended: take a new connection", {
      backend: "sqlite",
      outcome: this.#lostTransaction ? "rolled_back" : "not_sent",
    });
  }
}

function lost(reason: Reason | "crashed", call: CallName, timeoutMs: number, outcome: Outcome): Error {
  const facts = { backend: "sqlite", operation: call, outcome };
  switch (reason) {
    case "timeout":
      return new QueryTimeoutError(
        outcome === "not_sent"
          ? `${call} had no time left to be sent`
          : `${call} did not end within its limit of ${Math.round(timeoutMs)} ms, so the process that ran it was killed`,
        facts,
      );
    case "crashed":
      return new ConnectionError(`the process that held the connection ended during ${call}`, facts);
    default:
      return new AbortedError(`${call} was stopped by killing the process that ran it`, facts);
  }
}
