/** Thrown when the sending was ended from outside. */
export class Stopped extends Error {}

/** What was to be sent could not be had: `reason` is what its iterator threw. */
export class NothingToSend extends Stopped {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super("the values that were to be sent could not be read");
    this.reason = reason;
  }
}

function nextOf<T>(iterator: Iterator<T>): IteratorResult<T> {
  try {
    return iterator.next();
  } catch (error) {
    throw new NothingToSend(error);
  }
}

/**
 * Sends something for each item, at most `window` before the first of them is answered, and sums the answers. What is
 * sent at a time is sent inside `together`. Settles when nothing is under way any more, also after a failure, and after
 * a failure of `items` itself, which is thrown as `NothingToSend`.
 */
export async function sumInFlight<T>(
  items: Iterable<T>,
  send: (item: T) => Promise<number>,
  window: number,
  together: (work: () => void) => void,
  stopped: () => boolean,
): Promise<number> {
  const iterator = items[Symbol.iterator]();
  const underWay: Promise<number>[] = [];
  let ended = false;
  let sum = 0;
  const fill = () => {
    while (!ended && underWay.length < window) {
      const next = nextOf(iterator);
      if (next.done === true) {
        ended = true;
        return;
      }
      const answer = send(next.value);
      answer.catch(() => {});
      underWay.push(answer);
    }
  };
  try {
    for (;;) {
      together(fill);
      if (underWay.length === 0) return sum;
      // Half of them: the server is to find the next ones when it has done these.
      for (let left = Math.ceil(underWay.length / 2); left > 0; left--) sum += (await underWay.shift()) ?? 0;
      if (stopped()) throw new Stopped("stopped");
    }
  } finally {
    await Promise.allSettled(underWay);
  }
}
