import { UnsupportedError } from "../../errors/index.ts";
import type { PgConnection, PgField, PgSubmittable } from "./pg.ts";
import { protocolError } from "./wire-guard.ts";

/**
 * One question to the server and its answer, from the first message to ReadyForQuery.
 *
 * It settles only then, or when the connection has ended: whoever awaits it finds the server idle and the
 * transaction's state known. The driver tells of the end of the connection, and of the ReadyForQuery after a
 * failure, for pg forgets a query at its first error.
 */
export abstract class Exchange<T> implements PgSubmittable {
  readonly settled: Promise<T>;
  #failure: unknown = null;
  #failed = false;
  #done = false;
  #resolve: (value: T) => void = () => {};
  #reject: (reason: unknown) => void = () => {};

  constructor() {
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Writes the messages. */
  protected abstract write(connection: PgConnection): void;
  /** What the answers came to. */
  protected abstract result(): T;
  /** Whether the server has told how the work ended. Without that, ReadyForQuery is no success. */
  protected abstract readonly answered: boolean;

  get failed(): boolean {
    return this.#failed;
  }

  /** Makes the exchange fail when it settles. The first reason stands. */
  fail(reason: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#failure = reason;
  }

  /** Ends the exchange: the server is ready for the next one, or, with a reason, the connection is gone. */
  finish(lost?: Error): void {
    if (this.#done) return;
    this.#done = true;
    if (lost !== undefined) this.fail(lost);
    if (this.#failed) this.#reject(this.#failure);
    else this.#resolve(this.result());
  }

  submit(connection: PgConnection): null {
    // One segment for all the messages: without the cork each would travel by itself.
    const { stream } = connection;
    stream.cork?.();
    try {
      this.write(connection);
    } finally {
      stream.uncork?.();
    }
    return null;
  }

  handleRowDescription(_message: { readonly fields: readonly PgField[] }): void {}
  handleDataRow(_message: { readonly fields: readonly (string | null)[] }): void {}
  handlePortalSuspended(_connection: PgConnection): void {}
  handleEmptyQuery(_connection: PgConnection): void {}
  handleCommandComplete(_message: { readonly text: string }, _connection: PgConnection): void {}

  handleReadyForQuery(_connection: PgConnection): void {
    if (!this.#failed && !this.answered) throw protocolError("it is ready again and has not answered");
    this.finish();
  }

  handleError(error: Error, _connection: PgConnection): void {
    this.fail(error);
  }

  handleCopyInResponse(connection: PgConnection): void {
    this.fail(copyRefused("COPY … FROM STDIN"));
    connection.sendCopyFail("the caller sends no data");
    // The server has dropped the Sync that followed the statement: it came in the middle of a COPY.
    connection.sync();
  }

  handleCopyData(): void {
    this.fail(copyRefused("COPY … TO STDOUT"));
  }
}

/** Constant statements by the simple protocol, in one round trip. Answers the tag of the last one. */
export class SimpleExchange extends Exchange<string> {
  readonly #sql: string;
  #tag: string | null = null;

  constructor(sql: string) {
    super();
    this.#sql = sql;
  }

  protected write(connection: PgConnection): void {
    connection.query(this.#sql);
  }

  override handleCommandComplete(message: { readonly text: string }): void {
    this.#tag = message.text;
  }

  protected get answered(): boolean {
    return this.#tag !== null;
  }

  protected result(): string {
    return this.#tag ?? "";
  }
}

const count = / (\d+)$/;

/** The number at the end of a command tag: `INSERT 0 5`, `SELECT 3`. Other tags count nothing. */
export function rowsOfTag(tag: string): number {
  const digits = count.exec(tag)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

function copyRefused(statement: string): UnsupportedError {
  return new UnsupportedError(
    `${statement} cannot be run by execute: use the driver's own connection (raw) with pg-copy-streams`,
    { backend: "postgres", outcome: "rejected" },
  );
}
