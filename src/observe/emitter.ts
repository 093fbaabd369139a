type ListenersOf<Events> = { [Name in keyof Events]?: Set<(payload: Events[Name]) => void> };

/**
 * A typed event emitter. Emitting an event that nobody listens to costs one property look-up; `has` lets a caller
 * skip even making the payload. A listener that throws never harms the one who emits, nor the other listeners.
 */
export class Emitter<Events extends object> {
  readonly #listeners: ListenersOf<Events> = Object.create(null);

  /** Calls `listener` at each `name` event. Answers a function that ends it. */
  on<Name extends keyof Events>(name: Name, listener: (payload: Events[Name]) => void): () => void {
    const listeners: Set<(payload: Events[Name]) => void> = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners;
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners[name] === listeners) delete this.#listeners[name];
    };
  }

  has(name: keyof Events): boolean {
    return this.#listeners[name] !== undefined;
  }

  emit<Name extends keyof Events>(name: Name, payload: Events[Name]): void {
    const listeners = this.#listeners[name];
    if (listeners === undefined) return;
    for (const listener of listeners) {
      try {
        listener(payload);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        process.emitWarning(`a listener of "${String(name)}" threw: ${reason}`, { type: "StrataWarning" });
      }
    }
  }
}
