import type { DriverCursor } from "../../backend/index.ts";
import { Exchange } from "./exchange.ts";
import type { BoundValue, PgConnection, PgField } from "./pg.ts";
import { checkRow, noColumns, type RowShape, readRow, shapeOf } from "./statement-exchange.ts";

/** Runs an exchange on the cursor's connection and settles with it. */
export type Run = <T>(exchange: Exchange<T>) => Promise<T>;

interface Portion {
  readonly shape: RowShape;
  readonly rows: unknown[][];
  readonly ended: boolean;
}

/** A few messages about a portal, and what came of them. */
class PortalExchange extends Exchange<Portion> {
  readonly #messages: (connection: PgConnection) => void;
  readonly #rows: unknown[][] = [];
  #shape: RowShape;
  #ended = false;
  #suspended: boolean;

  /** `asksForRows` says whether rows are asked for; else the portal is only made, which pg does not tell the end of. */
  constructor(shape: RowShape, messages: (connection: PgConnection) => void, asksForRows: boolean) {
    super();
    this.#shape = shape;
    this.#messages = messages;
    this.#suspended = !asksForRows;
  }

  protected write(connection: PgConnection): void {
    this.#messages(connection);
    connection.sync();
  }

  override handleRowDescription(message: { readonly fields: readonly PgField[] }): void {
    this.#shape = shapeOf(message.fields);
  }

  override handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
    checkRow(message.fields, this.#shape);
    try {
      this.#rows.push(readRow(message.fields, this.#shape.parsers));
    } catch (error) {
      this.fail(error);
    }
  }

  override handleCommandComplete(): void {
    this.#ended = true;
  }

  override handleEmptyQuery(): void {
    this.#ended = true;
  }

  override handlePortalSuspended(): void {
    this.#suspended = true;
  }

  protected get answered(): boolean {
    return this.#ended || this.#suspended;
  }

  protected result(): Portion {
    return { shape: this.#shape, rows: this.#rows, ended: this.#ended };
  }
}

/** Has the server forget a portal; no error when there is none of that name. */
export class ClosePortal extends Exchange<void> {
  readonly #name: string;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  protected write(connection: PgConnection): void {
    connection.close({ type: "P", name: this.#name });
    connection.sync();
  }

  // pg does not tell of CloseComplete.
  protected get answered(): boolean {
    return true;
  }

  protected result(): void {}
}

/**
 * Rows read piece by piece from a portal, the protocol's own cursor. A portal lives in a transaction: the caller's,
 * or one that is begun for it alone. Between two pieces the connection is free in the caller's
 * transaction, so that it can write while it reads.
 */
export async function openCursor(options: {
  readonly run: Run;
  readonly name: string;
  readonly text: string;
  readonly values: readonly BoundValue[];
  /** Whether a transaction is opened for the portal, in the same round trip. */
  readonly begin: boolean;
  /** Called once, when no more is read: closes the portal, or ends its transaction. */
  readonly end: () => Promise<void>;
}): Promise<DriverCursor> {
  const { run, name, text, values, begin, end } = options;
  const { shape } = await run(
    new PortalExchange(
      noColumns,
      (connection) => {
        if (begin) {
          connection.parse({ text: "BEGIN" });
          connection.bind({ values: [] });
          connection.execute();
        }
        connection.parse({ text });
        connection.bind({ portal: name, values });
        connection.describe({ type: "P", name });
      },
      false,
    ),
  );
  let state: "open" | "at the end" | "closed" = "open";
  return {
    columns: shape.columns,
    async read(count) {
      if (state !== "open") return [];
      const portion = await run(
        new PortalExchange(shape, (connection) => connection.execute({ portal: name, rows: count }), true),
      );
      if (portion.ended && state === "open") state = "at the end";
      return portion.rows;
    },
    async close() {
      if (state === "closed") return;
      state = "closed";
      await end();
    },
  };
}
