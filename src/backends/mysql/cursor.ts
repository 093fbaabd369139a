import type { DriverCursor } from "../../backend/index.ts";
import type { MariadbStream } from "./mariadb.ts";
import { type RowShape, readRow, shapeOf } from "./types.ts";

/** How long the rest of a result is read and dropped before the server is asked to stop sending it. */
const drainMs = 20;

/**
 * Reads the rows of one statement as the server sends them. What is not read stays with the server: the driver
 * stops reading from the socket. Until the last row has come, or the cursor is closed, the connection can do
 * nothing else.
 */
export class MysqlCursor implements DriverCursor {
  readonly #stream: MariadbStream;
  readonly #stop: () => Promise<void>;
  #shape: RowShape = { columns: [], reads: [] };
  #results = 0;
  #failure: { readonly error: unknown } | undefined;
  #ended = false;
  #closed = false;
  #wake: () => void = () => {};
  readonly #done: Promise<void>;
  #finish: () => void = () => {};

  /** `stop` asks the server, on another connection, to end the statement. */
  constructor(stream: MariadbStream, stop: () => Promise<void>) {
    this.#stream = stream;
    this.#stop = stop;
    this.#done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    stream.on("fields", (columns) => {
      this.#results += 1;
      if (this.#results === 1) this.#shape = shapeOf(columns);
      this.#wake();
    });
    stream.on("readable", () => {
      if (this.#closed) this.#drain();
      this.#wake();
    });
    stream.on("end", () => this.#settle());
    stream.on("error", (error) => {
      this.#failure ??= { error };
      this.#settle();
    });
  }

  get columns(): readonly string[] {
    return this.#shape.columns;
  }

  /** Settles when the statement has ended on the server, well or not. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** Whether the statement has ended in an error, or was stopped. */
  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Waits until the columns are known, or there turn out to be none. */
  async open(): Promise<this> {
    while (this.#results === 0 && !this.#ended) {
      await this.#progress();
      // Of a statement without rows the driver answers its counts as if they were one.
      if (this.#results === 0) this.#drain();
    }
    this.#throwFailure();
    return this;
  }

  async read(count: number): Promise<unknown[][]> {
    const rows: unknown[][] = [];
    while (rows.length < count && !this.#closed) {
      const row = this.#stream.read();
      if (Array.isArray(row)) this.#take(row, rows);
      else if (row === null) {
        this.#throwFailure();
        if (this.#ended) break;
        await this.#progress();
      }
    }
    return rows;
  }

  /** Drops what was not read. Of a long result the server is told to stop, so that this takes no longer. */
  async close(): Promise<void> {
    if (this.#closed) return await this.#done;
    this.#discard();
    if (this.#ended) return;
    let stopped: Promise<void> | undefined;
    const timer = setTimeout(() => {
      stopped = this.#stop().catch(() => {});
    }, drainMs);
    await this.#done;
    clearTimeout(timer);
    // A KILL that is still on its way would hit the next statement.
    await stopped;
  }

  /** As `close`, when whoever calls stops the server himself. Reads that wait fail with the server's answer. */
  abandon(): void {
    if (!this.#closed) this.#discard();
  }

  #discard(): void {
    this.#closed = true;
    this.#stream.close();
    this.#drain();
    this.#wake();
  }

  // The stream tells its end only when it is empty.
  #drain(): void {
    while (this.#stream.read() !== null);
  }

  // Of the results of a CALL only the first one's rows fit its columns.
  #take(row: unknown[], rows: unknown[][]): void {
    if (this.#results > 1) return;
    readRow(row, this.#shape);
    rows.push(row);
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  #settle(): void {
    this.#ended = true;
    this.#finish();
    this.#wake();
  }

  #progress(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
