/** A place in a queue. */
export interface Ticket<T> {
  readonly value: T;
  /** Null when the ticket was taken or removed. */
  queue: Queue<T> | null;
  previous: Ticket<T> | null;
  next: Ticket<T> | null;
}

/** First come, first served; leaving from the middle costs no more than from the front. */
export class Queue<T> {
  #first: Ticket<T> | null = null;
  #last: Ticket<T> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(value: T): Ticket<T> {
    const ticket: Ticket<T> = { value, queue: this, previous: this.#last, next: null };
    if (this.#last === null) this.#first = ticket;
    else this.#last.next = ticket;
    this.#last = ticket;
    this.#size += 1;
    return ticket;
  }

  shift(): T | undefined {
    const ticket = this.#first;
    if (ticket === null) return undefined;
    this.remove(ticket);
    return ticket.value;
  }

  /** Answers whether the ticket was still waiting. */
  remove(ticket: Ticket<T>): boolean {
    if (ticket.queue !== this) return false;
    if (ticket.previous === null) this.#first = ticket.next;
    else ticket.previous.next = ticket.next;
    if (ticket.next === null) this.#last = ticket.previous;
    else ticket.next.previous = ticket.previous;
    ticket.queue = null;
    ticket.previous = null;
    ticket.next = null;
    this.#size -= 1;
    return true;
  }

  /** Empties the queue and answers what was in it, in order. */
  takeAll(): T[] {
    const values: T[] = [];
    for (let value = this.shift(); value !== undefined; value = this.shift()) values.push(value);
    return values;
  }
}
