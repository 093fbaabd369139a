import type { MariadbConnection, MariadbStatement } from "./mariadb.ts";
import { type Effect, effectOf } from "./session.ts";

export interface Prepared {
  readonly statement: MariadbStatement;
  readonly effect: Effect;
}

/**
 * The statements that one connection has prepared on the server, the least recently used of which gives way. The
 * server counts those of all connections against one limit (`max_prepared_stmt_count`), so there are few.
 */
export class PreparedStatements {
  readonly #connection: MariadbConnection;
  readonly #size: number;
  readonly #kept = new Map<string, Prepared>();

  constructor(connection: MariadbConnection, size: number) {
    this.#connection = connection;
    // Also with a size of 0 the last one stays, since a cursor may be reading from it.
    this.#size = Math.max(1, size);
  }

  get size(): number {
    return this.#kept.size;
  }

  find(text: string): Prepared | undefined {
    const prepared = this.#kept.get(text);
    if (prepared === undefined) return undefined;
    this.#kept.delete(text);
    this.#kept.set(text, prepared);
    return prepared;
  }

  async prepare(text: string): Promise<Prepared> {
    const statement = await this.#connection.prepare(text);
    const prepared = { statement, effect: effectOf(text) };
    this.#kept.set(text, prepared);
    if (this.#kept.size > this.#size) this.#evictOldest();
    return prepared;
  }

  /** Gives one statement up, on the server too. */
  drop(text: string): void {
    this.#kept.get(text)?.statement.close();
    this.#kept.delete(text);
  }

  /** Gives all up. Afterwards each is prepared anew, in what is then the default database. */
  clear(): void {
    for (const { statement } of this.#kept.values()) statement.close();
    this.#kept.clear();
  }

  /** Forgets all without a word to the server, which has done so itself and may give their numbers to others. */
  forget(): void {
    this.#kept.clear();
  }

  #evictOldest(): void {
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined) this.drop(oldest);
  }
}
