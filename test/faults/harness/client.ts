import { setTimeout as sleep, setImmediate as turn } from "node:timers/promises";
import type { Caller } from "./caller.ts";
import { errorNote } from "./error-note.ts";
import type { HistoryLine } from "./history.ts";
import type { LoadPlan } from "./load-plan.ts";
import type { Chance } from "./seed.ts";
import type { StallClock } from "./stalls.ts";

/** One caller: it does one operation after the other, and writes a line before and after each. */
export class Client {
  count = 0;
  secrets: readonly string[] = [];
  readonly #caller: Caller;
  readonly #plan: LoadPlan;
  readonly #number: number;
  readonly #stalls: StallClock;
  readonly #random: Chance;
  readonly #write: (line: HistoryLine) => void;

  constructor(
    caller: Caller,
    plan: LoadPlan,
    number: number,
    stalls: StallClock,
    random: Chance,
    write: (line: HistoryLine) => void,
  ) {
    this.#caller = caller;
    this.#plan = plan;
    this.#number = number;
    this.#stalls = stalls;
    this.#random = random;
    this.#write = write;
  }

  async run(goOn: () => boolean): Promise<void> {
    const { mix, pauseMs } = this.#plan;
    const choices: HistoryLine["op"][] = [];
    for (const op of ["create", "append", "pair", "read"] as const) {
      for (let i = 0; i < (mix[op] ?? 0); i++) choices.push(op);
    }
    while (goOn()) {
      // Callers who block take turns, and the time of one is not that of the next; between them the process can hear.
      if (this.#plan.face === "sync") await turn();
      await this.#once(this.#random.pick(choices));
      if (pauseMs > 0) await sleep(pauseMs * this.#random.next() * 2);
    }
  }

  async #once(op: HistoryLine["op"]): Promise<void> {
    const { worker, timeout, hotIds } = this.#plan;
    this.count += 1;
    const key = `${worker}.${this.#number}.${this.count}`;
    const id = op === "append" ? this.#random.pick(hotIds) : `r-${key}`;
    const writeId = `w-${key}`;
    const limitMs = timeout * 1000;
    const begin = performance.now();
    const line = { op, id, key, writeId, limitMs };
    this.#write({ t: Date.now(), ...line, phase: "invoke" });
    const took = () => ({
      t: Date.now(),
      ...line,
      ms: performance.now() - begin,
      stalledMs: this.#stalls.since(begin),
    });
    try {
      const version = await this.#do(op, id, writeId);
      this.#write({ ...took(), phase: "ok", ...(version === undefined ? {} : { version }) });
    } catch (error) {
      const err = errorNote(error, this.secrets);
      this.#write({ ...took(), phase: err.outcome === "unknown" ? "unknown" : "fail", err });
    }
  }

  async #do(op: HistoryLine["op"], id: string, mark: string): Promise<number | undefined> {
    const { timeout, retries } = this.#plan;
    switch (op) {
      case "create":
      case "append":
        return await this.#caller.save(id, mark, timeout);
      case "pair":
        await this.#caller.pair(id, mark, timeout, retries);
        return undefined;
      case "read": {
        // An answer that belongs to another call shows by the nonce.
        const answer = await this.#caller.read(mark, timeout);
        if (answer !== mark) throw new Error(`expected the answer ${mark}, got ${String(answer)}`);
        return undefined;
      }
    }
  }
}
