/** How often the worker says that it is alive, and so how exactly it keeps a call's limit. */
const tickMs = 20;

/**
 * Keeps the time of the one call that is under way: beats while it runs, and says once when its limit is over.
 * Nothing ticks between calls.
 */
export class Watch {
  /** Says that the worker is alive; to be called in work that keeps the event loop. */
  readonly beat: () => void;
  #timer: NodeJS.Timeout | undefined;
  #endsAtMs = Number.POSITIVE_INFINITY;
  #over = false;

  constructor(beat: () => void) {
    this.beat = beat;
  }

  /** Whether the call that is under way has exceeded its limit. */
  get over(): boolean {
    return this.#over;
  }

  begin(timeoutMs: number | undefined, onOver: () => void): void {
    this.#over = false;
    this.#endsAtMs = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#tick(onOver), tickMs);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #tick(onOver: () => void): void {
    this.beat();
    if (this.#over || performance.now() < this.#endsAtMs) return;
    const call = this.#timer;
    // Timers run before sockets are read: after a pause of the event loop the answer may already be there.
    setImmediate(() => {
      if (this.#timer !== call || this.#over) return;
      this.#over = true;
      onOver();
    });
  }
}
