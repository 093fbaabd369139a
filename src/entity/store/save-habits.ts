import type { EntityRecord } from "./entity-table.ts";

/** From so many new records in a row on, the next one is taken to be new too. */
const manyNew = 3;
/** From so many changed records in a row on, the next one is taken to be there too: more, for to be wrong costs more. */
const manyFound = 32;
/** More entities than an application has. One that makes up ever new ones must not fill the memory. */
const mostEntities = 1000;

/** What a save with an id is likely to find. */
export type Expectation = "record" | "nothing" | "either";

/** Guesses from the last saves of an entity whether the next one with an id will find a record. */
export class SaveHabits {
  /** How many records in a row were new; below 0, how many were there. */
  readonly #runs = new Map<string, number>();

  expected(entity: string): Expectation {
    const run = this.#runs.get(entity) ?? 0;
    if (run >= manyNew) return "nothing";
    return run <= -manyFound ? "record" : "either";
  }

  learn(entity: string, saved: EntityRecord): void {
    if (this.#runs.size >= mostEntities && !this.#runs.has(entity)) this.#runs.clear();
    const run = this.#runs.get(entity) ?? 0;
    this.#runs.set(entity, saved.version === 1 ? Math.max(run, 0) + 1 : Math.min(run, 0) - 1);
  }
}
