import type { Awaitable } from "../operation/index.ts";
import { batchCursor } from "./batch-cursor.ts";
import type {
  BeginOptions,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "./driver.ts";

/** A result that is read piece by piece. */
export interface RowBatches {
  readonly columns: readonly string[];
  readonly batches: AsyncIterable<unknown[][]> | Iterable<unknown[][]>;
}

// Long enough for an interrupt to be noticed, short enough for a caller who is out of time.
const interruptEveryMs = 10;

/**
 * A driver's connection, made of three things that every asynchronous driver can do: run a statement, be interrupted,
 * and end. `Bound` is what the dialect's `bindValue` answers.
 *
 * Transactions are begun and ended by SQL, and whether one is open is told from the statements that were sent: set
 * `inTransaction` where the driver knows better.
 */
export abstract class StandardConnection<Bound = unknown> implements DriverConnection {
  abstract readonly raw: unknown;
  inTransaction = false;
  #usable = true;
  #running: Promise<unknown> = Promise.resolve();

  /** Runs one statement to its end. */
  protected abstract send(text: string, values: readonly Bound[]): Promise<DriverResult>;
  /** Asks the statement under way to end. One that comes too early may be lost: it is repeated until the call ends. */
  protected abstract interrupt(): Awaitable<void>;
  /** Ends the connection. Called once, and when nothing is under way, but a result may have been left half read. */
  protected abstract end(): Awaitable<void>;
  abstract version(): Awaitable<VersionDetails>;

  /** Runs a statement whose rows are read piece by piece. Default: reads them all at once. */
  protected async open(text: string, values: readonly Bound[]): Promise<RowBatches> {
    const { columns, rows } = await this.send(text, values);
    return { columns, batches: [rows] };
  }

  /** Brings the session back to its first state. No transaction is open. Default: there is nothing to bring back. */
  reset(): Awaitable<void> {}

  get usable(): boolean {
    return this.#usable;
  }

  async execute({ text }: NativeStatement, values: readonly Bound[]): Promise<DriverResult> {
    const result = await this.#track(() => this.send(text, values));
    this.inTransaction = isOpenAfter(text, this.inTransaction);
    return result;
  }

  async executeMany({ text }: NativeStatement, sets: Iterable<readonly Bound[]>): Promise<number> {
    let changed = 0;
    for (const values of sets) changed += (await this.#track(() => this.send(text, values))).rowCount;
    return changed;
  }

  async stream({ text }: NativeStatement, values: readonly Bound[]): Promise<DriverCursor> {
    const { columns, batches } = await this.#track(() => this.open(text, values));
    const cursor = batchCursor(columns, batches);
    return {
      columns,
      read: (count) => this.#track(async () => await cursor.read(count)),
      close: () => cursor.close(),
    };
  }

  /** Begins by `START TRANSACTION`, as ISO/IEC 9075 has it. */
  async begin({ isolation, readOnly }: BeginOptions): Promise<void> {
    const modes = [
      ...(isolation === undefined ? [] : [`ISOLATION LEVEL ${isolation.toUpperCase()}`]),
      ...(readOnly === true ? ["READ ONLY"] : []),
    ];
    await this.control(`START TRANSACTION ${modes.join(", ")}`.trimEnd());
  }

  async commit(): Promise<void> {
    await this.control("COMMIT");
  }

  async rollback(): Promise<void> {
    if (this.inTransaction) await this.control("ROLLBACK");
  }

  async ping(): Promise<void> {
    await this.control("SELECT 1");
  }

  async cancel(): Promise<void> {
    let busy = true;
    const ended = this.#settled().then(() => {
      busy = false;
    });
    while (busy && this.#usable) {
      await this.interrupt();
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, interruptEveryMs))]);
    }
  }

  async close(): Promise<void> {
    if (!this.#usable) return;
    this.#usable = false;
    await this.#settled();
    await this.end();
  }

  /** Interrupts what is under way, and ends the connection behind it. Override it where the line can simply be cut. */
  destroy(): void {
    if (!this.#usable) return;
    this.#usable = false;
    this.#farewell().catch(() => {});
  }

  async #farewell(): Promise<void> {
    await this.interrupt();
    await this.#settled();
    await this.end();
  }

  /** Runs a statement that has no values. */
  protected async control(text: string): Promise<void> {
    await this.execute({ text, readOnly: false, reusable: true }, []);
  }

  #track<T>(work: () => Promise<T>): Promise<T> {
    const running = work();
    this.#running = running;
    return running;
  }

  #settled(): Promise<void> {
    const nothing = () => {};
    return this.#running.then(nothing, nothing);
  }
}

const beforeCode = /^(?:\s+|--[^\n]*\n|\/\*[\s\S]*?\*\/)+/;
const begins = /^(?:BEGIN|START)\b/i;
const ends = /^(?:COMMIT|END|ABORT|ROLLBACK(?!\s+(?:(?:WORK|TRANSACTION)\s+)?TO\b))\b/i;

/** Whether a transaction is open after a statement, in the words of ISO/IEC 9075 and their usual short forms. */
function isOpenAfter(text: string, before: boolean): boolean {
  const code = text.replace(beforeCode, "");
  return begins.test(code) || (before && !ends.test(code));
}
