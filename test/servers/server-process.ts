import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./folders.ts";
import type { PrivateServer } from "./types.ts";

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly account: Account;
  /** The private folder; it is removed when the server is closed, or when this process is gone. */
  readonly folder: string;
  /** What asks the server to end at once and in order. */
  readonly stopSignal: NodeJS.Signals;
  /** Resolves when the server answers queries, and rejects while it does not. */
  readonly ping: () => Promise<unknown>;
}

/** How long a server may take to answer after its start, in milliseconds. */
const startLimitMs = 60_000;

/**
 * One private server. It runs in a process group of its own, so that an interrupt on the terminal reaches the
 * tests first. A watchdog holds the other end of a pipe of ours: when this process ends, however it ends, the pipe
 * breaks, and the watchdog ends the server and removes its folder.
 */
export class ServerProcess {
  readonly #command: ServerCommand;
  readonly #watchdog: ChildProcess;
  #server: ChildProcess | null = null;

  constructor(command: ServerCommand) {
    this.#command = command;
    this.#watchdog = startWatchdog(command.folder);
  }

  get pid(): number {
    const pid = this.#server?.pid;
    if (pid === undefined) throw new Error("the server is not running");
    return pid;
  }

  async start(): Promise<void> {
    const { command, args, account, folder, ping } = this.#command;
    const log = openSync(join(folder, "server.log"), "a");
    const server = spawn(command, args, {
      ...account,
      cwd: folder,
      detached: true,
      stdio: ["ignore", log, log],
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    });
    closeSync(log);
    server.on("error", () => {});
    server.unref();
    this.#server = server;
    writeFileSync(join(folder, "server.pid"), `${server.pid}\n`);
    const limit = performance.now() + startLimitMs;
    for (;;) {
      const answered = await ping().then(
        () => true,
        () => false,
      );
      if (answered) return;
      if (hasEnded(server) || performance.now() > limit) {
        const words = this.log();
        await this.close();
        throw new Error(`${command} did not start:\n${words}`);
      }
      await sleep(40);
    }
  }

  /** The end of what the server has logged. */
  log(): string {
    const file = join(this.#command.folder, "server.log");
    return existsSync(file) ? readFileSync(file, "utf8").slice(-4000) : "";
  }

  /** Ends the server in order; its data stays, and `start` brings it back on the same port. */
  async stop(): Promise<void> {
    await this.#end(this.#command.stopSignal);
  }

  /** Ends the server and its children without a word, as a crash of the machine would. */
  async kill9(): Promise<void> {
    await this.#end("SIGKILL");
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Ends the server for good and removes its folder. */
  async close(): Promise<void> {
    await this.kill9();
    rmSync(this.#command.folder, { recursive: true, force: true });
    this.#watchdog.stdin?.end();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server?.pid === undefined || hasEnded(server)) return;
    const children = signal === "SIGKILL" ? childrenOf(server.pid) : [];
    const ended = new Promise((resolve) => server.once("exit", resolve));
    server.ref();
    kill(server.pid, signal);
    for (const child of children) kill(child, signal);
    await ended;
  }
}

type Life = "pid" | "kill9" | "stop" | "start" | "restart" | "log" | "close";

/** The server that a process is, with what is known of it. */
export function privateServer(server: ServerProcess, known: Omit<PrivateServer, Life>): PrivateServer {
  return {
    ...known,
    get pid() {
      return server.pid;
    },
    kill9: () => server.kill9(),
    stop: () => server.stop(),
    start: () => server.start(),
    restart: () => server.restart(),
    log: () => server.log(),
    close: () => server.close(),
  };
}

function hasEnded(server: ChildProcess): boolean {
  return server.exitCode !== null || server.signalCode !== null || server.pid === undefined;
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended by itself.
  }
}

function childrenOf(pid: number): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" }).split("\n");
  const pairs = lines.map((line) => line.trim().split(/\s+/).map(Number));
  return pairs.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []));
}

// `cat` ends when the last writer of its input is gone: this process. The folder's name in the command line tells
// our server from a stranger that was given its process id.
const watchdogScript = `
cat > /dev/null
pid=$(cat "$1/server.pid" 2> /dev/null) || exit 0
case "$(ps -ww -o args= -p "$pid")" in
  *"$1"*) kill -KILL "$pid"; sleep 0.5 ;;
esac
rm -rf "$1"
`;

function startWatchdog(folder: string): ChildProcess {
  const watchdog = spawn("sh", ["-c", watchdogScript, "strata-test-watchdog", folder], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  watchdog.on("error", () => {});
  watchdog.stdin?.on("error", () => {});
  watchdog.unref();
  if (watchdog.stdin !== null && "unref" in watchdog.stdin && typeof watchdog.stdin.unref === "function") {
    watchdog.stdin.unref();
  }
  return watchdog;
}
