import type { EntityRecord } from "./entity-table.ts";

/** From so many new records in a row on, the next one is taken to be new too. */
const longEnough = 3;
/** More entities than an application has. One that makes up ever new ones must not fill the memory. */
const mostEntities = 1000;

/** Guesses from the last saves of an entity whether the next one with an id will find a record. */
export class SaveHabits {
  /** How many records in a row were new. */
  readonly #created = new Map<string, number>();

  expected(entity: string): "record" | "nothing" {
    return (this.#created.get(entity) ?? 0) >= longEnough ? "nothing" : "record";
  }

  learn(entity: string, saved: EntityRecord): void {
    if (saved.version !== 1) {
      this.#created.delete(entity);
      return;
    }
    if (this.#created.size >= mostEntities) this.#created.clear();
    this.#created.set(entity, (this.#created.get(entity) ?? 0) + 1);
  }
}
