/** A place in the line for a turn. */
export interface Ticket {
  readonly granted: Promise<void>;
  /** Leaves the line, or passes on the turn when it had just been granted. */
  giveUp(): void;
}

/** Lets one user at a time do something, in the order of asking. */
export class Turn {
  #taken = false;
  readonly #line = new Set<() => void>();

  /** Takes the turn when it is free; who has it must end it with `pass`. Never a promise, so callers may block. */
  tryTake(): boolean {
    if (this.#taken) return false;
    this.#taken = true;
    return true;
  }

  /** Stands in line for the turn. Once granted it is held, and must be ended with `pass`. */
  queue(): Ticket {
    let waiting = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    const grant = () => {
      waiting = false;
      resolve();
    };
    if (this.tryTake()) grant();
    else this.#line.add(grant);
    return {
      granted: promise,
      giveUp: () => {
        if (waiting) this.#line.delete(grant);
        else this.pass();
      },
    };
  }

  /** Ends the turn; the next in line has it at once. */
  pass(): void {
    const [next] = this.#line;
    if (next === undefined) {
      this.#taken = false;
      return;
    }
    this.#line.delete(next);
    next();
  }
}
