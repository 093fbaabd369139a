import { Exchange, rowsOfTag } from "./exchange.ts";
import type { BoundValue, PgConnection, PgField } from "./pg.ts";
import { parserFor, type TextParser } from "./types.ts";
import { protocolError } from "./wire-guard.ts";

/** The columns that a statement answers. */
export interface RowShape {
  readonly columns: readonly string[];
  readonly parsers: readonly TextParser[];
}

export interface StatementAnswer {
  readonly shape: RowShape;
  readonly rows: unknown[][];
  /** `INSERT 0 1`; empty for a text without a statement. */
  readonly tag: string;
  readonly rowCount: number;
}

export interface StatementPlan {
  readonly text: string;
  /** The statement's name on the server; empty for one that is used once. */
  readonly name: string;
  /** What it answers, when the server has prepared it already: it is then neither parsed nor described again. */
  readonly shape: RowShape | null;
  readonly values: readonly BoundValue[];
  /** Names of statements that are no longer wanted, closed on the way. */
  readonly unwanted: readonly string[];
}

export const noColumns: RowShape = { columns: [], parsers: [] };

/** One statement by the extended protocol, which takes exactly one statement and keeps values apart from it. */
export class StatementExchange extends Exchange<StatementAnswer> {
  readonly #plan: StatementPlan;
  readonly #rows: unknown[][] = [];
  #shape: RowShape;
  #tag: string | null = null;

  constructor(plan: StatementPlan) {
    super();
    this.#plan = plan;
    this.#shape = plan.shape ?? noColumns;
  }

  protected write(connection: PgConnection): void {
    const { name, text, values, shape, unwanted } = this.#plan;
    for (const old of unwanted) connection.close({ type: "S", name: old });
    if (shape === null) connection.parse({ name, text });
    connection.bind({ statement: name, values });
    if (shape === null) connection.describe({ type: "P" });
    connection.execute();
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

  override handleCommandComplete(message: { readonly text: string }): void {
    this.#tag = message.text;
  }

  override handleEmptyQuery(): void {
    this.#tag = "";
  }

  protected get answered(): boolean {
    return this.#tag !== null;
  }

  protected result(): StatementAnswer {
    const tag = this.#tag ?? "";
    const rowCount = this.#rows.length > 0 ? this.#rows.length : rowsOfTag(tag);
    return { shape: this.#shape, rows: this.#rows, tag, rowCount };
  }
}

export function shapeOf(fields: readonly PgField[]): RowShape {
  return {
    columns: fields.map((field) => field.name),
    parsers: fields.map((field) => parserFor(field.dataTypeID)),
  };
}

/** Refuses a row that does not have the columns that were announced. */
export function checkRow(fields: readonly unknown[], { parsers }: RowShape): void {
  if (fields.length === parsers.length) return;
  throw protocolError(`a row of ${fields.length} values, expected ${parsers.length}`);
}

export function readRow(fields: readonly (string | null)[], parsers: readonly TextParser[]): unknown[] {
  const row: unknown[] = new Array(fields.length);
  for (let i = 0; i < fields.length; i++) {
    const text = fields[i];
    const parse = parsers[i];
    row[i] = text === null || text === undefined || parse === undefined ? null : parse(text);
  }
  return row;
}
