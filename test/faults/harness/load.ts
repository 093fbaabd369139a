import { type ChildProcess, spawn } from "node:child_process";
import type { HistoryFolder } from "./history.ts";
import type { LoadPlan, WorkerReport } from "./load-plan.ts";

const program = new URL("./worker.ts", import.meta.url).pathname;

/** Worker processes that call the library, each with its own pool, and write what came of it. */
export class Load {
  readonly #children: ChildProcess[] = [];
  readonly #said = new Map<ChildProcess, string>();
  readonly #folder: HistoryFolder;

  private constructor(folder: HistoryFolder) {
    this.#folder = folder;
  }

  /** Starts the workers, and answers when all of them run. */
  static async start(
    folder: HistoryFolder,
    workers: number,
    plan: Omit<LoadPlan, "worker" | "file">,
  ): Promise<Load> {
    const load = new Load(folder);
    for (let worker = 1; worker <= workers; worker++) {
      load.#spawn({ ...plan, worker, file: folder.file(worker) });
    }
    await Promise.all(load.#children.map((child) => load.#hears(child, "ready")));
    return load;
  }

  get pids(): number[] {
    return this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Kills a worker, which then has no say in what `stop` answers. */
  async killOne(): Promise<void> {
    const child = this.#children.pop();
    if (child === undefined) throw new Error("expected a worker that can be killed");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  /** Lets what is under way end, and answers what each worker found then. The workers keep their pools open. */
  async stop(limitMs = 60_000): Promise<WorkerReport[]> {
    for (const child of this.#children) child.stdin?.write("stop\n");
    return await Promise.all(
      this.#children.map(async (child): Promise<WorkerReport> => {
        const line = await this.#hears(child, "{", limitMs);
        return JSON.parse(line);
      }),
    );
  }

  /** Ends the workers, by force when they do not end by themselves. */
  async end(): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.stdin?.write("close\n");
        const timer = setTimeout(() => child.kill("SIGKILL"), 8_000);
        await ended;
        clearTimeout(timer);
      }),
    );
  }

  #spawn(plan: LoadPlan): void {
    const child = spawn(process.execPath, [program, JSON.stringify(plan)], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, NODE_OPTIONS: "" },
    });
    child.stdin?.on("error", () => {});
    this.#children.push(child);
    this.#said.set(child, "");
    child.stdout?.on("data", (data) => this.#said.set(child, `${this.#said.get(child)}${data}`));
    child.stderr?.on("data", (data) => this.#folder.note(`worker-${plan.worker}.stderr`, String(data)));
  }

  async #hears(child: ChildProcess, beginning: string, limitMs = 30_000): Promise<string> {
    const limit = performance.now() + limitMs;
    for (;;) {
      const lines = (this.#said.get(child) ?? "").split("\n").slice(0, -1);
      const found = lines.find((line) => line.startsWith(beginning));
      if (found !== undefined) return found;
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`a worker ended by itself: exit code ${child.exitCode}, signal ${child.signalCode}`);
      }
      if (performance.now() > limit) throw new Error(`a worker did not say "${beginning}" in time`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
