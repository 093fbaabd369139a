import { Exchange, rowsOfTag } from "./exchange.ts";
import type { BoundValue, PgConnection } from "./pg.ts";

/** How many sets of values may be under way before an answer is awaited: enough to hide the network's delay. */
const windowSize = 100;

/**
 * One statement for many sets of values: parsed once, then bound and run for each set without waiting for the
 * answers. There is one Sync at the end, so that outside of a transaction all the sets are one: they are stored
 * together or not at all.
 */
export class BatchExchange extends Exchange<number> {
  readonly #text: string;
  readonly #sets: Iterator<readonly BoundValue[]>;
  #underWay = 0;
  #synced = false;
  #changed = 0;

  /** `sets` is read while the answers come in; what it throws rolls everything back and is thrown. */
  constructor(text: string, sets: Iterator<readonly BoundValue[]>) {
    super();
    this.#text = text;
    this.#sets = sets;
  }

  protected write(connection: PgConnection): void {
    connection.parse({ text: this.#text });
    this.#writeSets(connection);
  }

  #writeSets(connection: PgConnection): void {
    try {
      while (this.#underWay < windowSize) {
        const next = this.#sets.next();
        if (next.done === true) {
          this.#sync(connection);
          return;
        }
        connection.bind({ values: next.value });
        connection.execute();
        this.#underWay++;
      }
      connection.flush();
    } catch (error) {
      this.fail(error);
      // A Sync now would commit the sets before. A statement that does not exist makes the server undo them.
      connection.bind({ statement: "strata_undo", values: [] });
      this.#sync(connection);
    }
  }

  #sync(connection: PgConnection): void {
    if (this.#synced) return;
    this.#synced = true;
    connection.sync();
  }

  override handleCommandComplete(message: { readonly text: string }, connection: PgConnection): void {
    this.#changed += rowsOfTag(message.text);
    this.#underWay--;
    if (!this.#synced && this.#underWay <= windowSize / 2) {
      connection.stream.cork?.();
      this.#writeSets(connection);
      connection.stream.uncork?.();
    }
  }

  override handleEmptyQuery(connection: PgConnection): void {
    this.handleCommandComplete({ text: "" }, connection);
  }

  override handleError(error: Error, connection: PgConnection): void {
    this.fail(error);
    this.#sync(connection);
  }

  protected get answered(): boolean {
    return this.#synced && this.#underWay === 0;
  }

  protected result(): number {
    return this.#changed;
  }
}
