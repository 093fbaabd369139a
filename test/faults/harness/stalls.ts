import { Worker } from "node:worker_threads";

const everyMs = 20;

/** Milliseconds for which nothing of a process could run. */
export interface StallClock {
  /** Milliseconds since `from`, of `performance.now()`. */
  since(from: number): number;
}

/**
 * Notes when this process's timers were late, so that a slow machine is not taken for a broken promise: the time
 * by which a call was late is judged without the time in which nothing of the process could run.
 */
export class Stalls implements StallClock {
  readonly #late: { readonly at: number; readonly ms: number }[] = [];
  readonly #timer: NodeJS.Timeout;
  #due: number;

  constructor() {
    this.#due = performance.now() + everyMs;
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (now - this.#due > 5) this.#late.push({ at: now, ms: now - this.#due });
      this.#due = now + everyMs;
    }, everyMs);
    this.#timer.unref();
  }

  /** Milliseconds for which the process stood still since `from`, of `performance.now()`. */
  since(from: number): number {
    // An answer can be read before the timer that is late has had its turn.
    let sum = Math.max(0, performance.now() - this.#due);
    for (let i = this.#late.length - 1; i >= 0; i--) {
      const stall = this.#late[i];
      if (stall === undefined || stall.at < from) break;
      sum += stall.ms;
    }
    return sum;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

const mostNotes = 1024;

/** Notes in shared memory when a timer was late, in a ring: at which moment, and by how much. */
const ticking = `
const { workerData } = require("node:worker_threads");
const notes = new Float64Array(workerData.notes);
const count = new Int32Array(workerData.count);
const now = () => performance.timeOrigin + performance.now();
let due = now() + ${everyMs};
setInterval(() => {
  const at = now();
  if (at - due > 5) {
    const place = (Atomics.load(count, 0) % ${mostNotes}) * 2;
    notes[place] = at;
    notes[place + 1] = at - due;
    Atomics.add(count, 0, 1);
  }
  due = at + ${everyMs};
}, ${everyMs});
`;

/** The same for a process whose own timers say nothing, because its callers block it: a thread watches the time. */
export class ThreadStalls implements StallClock {
  readonly #notes = new SharedArrayBuffer(mostNotes * 2 * 8);
  readonly #count = new SharedArrayBuffer(4);

  constructor() {
    const worker = new Worker(ticking, {
      eval: true,
      workerData: { notes: this.#notes, count: this.#count },
      execArgv: [],
    });
    worker.unref();
  }

  since(from: number): number {
    const notes = new Float64Array(this.#notes);
    const count = Atomics.load(new Int32Array(this.#count), 0);
    let sum = 0;
    for (let i = count - 1; i >= Math.max(0, count - mostNotes); i--) {
      const place = (i % mostNotes) * 2;
      if ((notes[place] ?? 0) < performance.timeOrigin + from) break;
      sum += notes[place + 1] ?? 0;
    }
    return sum;
  }
}
