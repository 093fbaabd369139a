import { type ChildProcess, fork } from "node:child_process";

const program = new URL("./blocking-program.ts", import.meta.url).pathname;

export interface BlockingSetup {
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** Whether the thread of the connection dies when a statement says so. */
  readonly mayDie: boolean;
}

export interface Statement {
  readonly sql: string;
  readonly params: readonly (string | number | null)[];
}

export interface BlockingCall {
  readonly number: number;
  readonly statements: readonly Statement[];
  readonly timeout: number;
  /** Whether they are one transaction. */
  readonly together: boolean;
}

/** What came of a call: `ok`, or the error's class and outcome; and after how many milliseconds. */
export interface BlockingAnswer {
  readonly number: number;
  readonly said: string;
  readonly ms: number;
  /** Milliseconds in which nothing of the process could run. */
  readonly stalledMs: number;
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * A process that calls the blocking face, so that whoever asks it is not blocked, and neither is a proxy in the way.
 */
export class BlockingProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: BlockingAnswer) => void>();
  #calls = 0;

  constructor(setup: BlockingSetup, execArgv: readonly string[] = []) {
    this.#child = fork(program, [JSON.stringify(setup)], {
      execArgv: [...execArgv],
      env: { ...process.env, NODE_OPTIONS: "" },
      serialization: "advanced",
    });
    this.#child.on("message", (message) => this.#heard(message));
    this.#child.on("exit", () => {
      for (const answer of this.#waiting.values())
        answer({ number: 0, said: "untyped: the process has ended", ms: 0, stalledMs: 0, rows: [] });
      this.#waiting.clear();
    });
  }

  execute(sql: string, timeout: number, params: Statement["params"] = []): Promise<BlockingAnswer> {
    return this.#send([{ sql, params }], timeout, false);
  }

  /** All in one transaction. */
  transaction(statements: readonly string[], timeout: number): Promise<BlockingAnswer> {
    return this.#send(
      statements.map((sql) => ({ sql, params: [] })),
      timeout,
      true,
    );
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("exit", resolve));
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), 3_000);
    this.#child.disconnect();
    await ended;
    clearTimeout(timer);
  }

  #send(statements: readonly Statement[], timeout: number, together: boolean): Promise<BlockingAnswer> {
    const number = ++this.#calls;
    const call: BlockingCall = { number, statements, timeout, together };
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#child.send(call);
    });
  }

  #heard(message: unknown): void {
    if (!isAnswer(message)) return;
    this.#waiting.get(message.number)?.(message);
    this.#waiting.delete(message.number);
  }
}

function isAnswer(message: unknown): message is BlockingAnswer {
  return typeof message === "object" && message !== null && "number" in message && "said" in message;
}
