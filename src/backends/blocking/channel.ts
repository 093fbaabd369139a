import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { memoryBytes, type Reply, type Request, type WorkerSetup, word } from "./messages.ts";

/** How long the caller sleeps before it looks whether the worker is still there. */
const sliceMs = 50;

/** What waiting for a reply came to. Only with `reply` may the worker be used again. */
export type Waited =
  | { readonly kind: "reply"; readonly reply: Reply }
  /** The worker's thread ended: an exit, an uncaught error. */
  | { readonly kind: "exited" }
  /** The worker's event loop stood still for `stallMs`, or until the time was over. */
  | { readonly kind: "stalled" }
  /** The worker is alive, but gave no answer in time. */
  | { readonly kind: "overdue" };

/**
 * A worker thread and the way to talk to it from a thread that blocks.
 *
 * The blocked thread sees no events, so nothing tells it of a worker that ended: a worker that can still run
 * code sets `exited`, and one that cannot (out of memory, a busy loop) is known by a heartbeat that stands still.
 */
export class Channel {
  readonly worker: Worker;
  readonly #port: MessagePort;
  readonly #memory: Int32Array;
  readonly #stallMs: number;

  constructor(host: URL, driver: { readonly module: URL; readonly exportName: string }, stallMs: number) {
    const { port1, port2 } = new MessageChannel();
    const memory = new SharedArrayBuffer(memoryBytes);
    const setup: WorkerSetup = {
      memory,
      port: port2,
      module: driver.module.href,
      exportName: driver.exportName,
    };
    this.#port = port1;
    this.#memory = new Int32Array(memory);
    this.#stallMs = stallMs;
    this.worker = new Worker(host, { workerData: setup, transferList: [port2], execArgv: [] });
    // A worker must never keep the process alive, nor end it by an error event without a listener.
    this.worker.unref();
    this.worker.on("error", () => {});
  }

  post(request: Request): void {
    this.#port.postMessage(request);
  }

  /**
   * Blocks until the next message has come, or until it is known that none will, for at most `timeoutMs`. The
   * worker beats only during calls, so the wait for its first word needs a `stallMs` without end.
   */
  next(timeoutMs: number, stallMs = this.#stallMs): Waited {
    const memory = this.#memory;
    const endsAtMs = performance.now() + timeoutMs;
    let beats = Atomics.load(memory, word.beats);
    let beatAtMs = performance.now();
    for (;;) {
      // Loaded before the port is looked at: a message posted in between makes the wait below return at once.
      const seen = Atomics.load(memory, word.replies);
      const received = receiveMessageOnPort(this.#port);
      if (received !== undefined) return { kind: "reply", reply: received.message };
      if (Atomics.load(memory, word.exited) === 1) return { kind: "exited" };
      const nowMs = performance.now();
      const newBeats = Atomics.load(memory, word.beats);
      if (newBeats !== beats) {
        beats = newBeats;
        beatAtMs = nowMs;
      }
      const silentMs = nowMs - beatAtMs;
      if (silentMs >= stallMs) return { kind: "stalled" };
      if (nowMs >= endsAtMs) return { kind: silentMs > 4 * sliceMs ? "stalled" : "overdue" };
      Atomics.wait(memory, word.replies, seen, Math.min(sliceMs, endsAtMs - nowMs));
    }
  }

  /** Ends the worker's thread, whatever it is doing. */
  terminate(): void {
    this.#port.close();
    this.worker.terminate().catch(() => {});
  }
}
