import type { Command, NativeStatement } from "../../backend/index.ts";
import { errnoOf, errorNumber } from "./error-codes.ts";
import type { MariadbAnswer, MariadbConnection, MariadbStatement } from "./mariadb.ts";
import { multiRowText, type RowChunk, type RowInsert, rowChunks, rowInsert } from "./multi-row.ts";
import { checkPacketSize } from "./packet-size.ts";
import { sumInFlight } from "./settled.ts";
import { type Prepared, PreparedStatements } from "./statements.ts";
import { toResult } from "./types.ts";

/** Statements of one `many` that are sent before the first is answered. */
const inFlight = 128;
/** Statements of many rows each that are sent before the first is answered. */
const chunksInFlight = 2;
/** Fewer rows than this are not worth a statement of their own. */
const fewRows = 8;

export interface SenderOptions {
  /** Sends what `work` sends as one piece, as far as it does so before its first pause. */
  readonly together: <T>(work: () => T) => T;
  /** How many statements stay prepared. */
  readonly cacheSize: number;
  readonly largestPacketBytes: number;
}

/** Sends statements on one connection: prepared for good, prepared for once, or as text. */
export class Sender {
  readonly statements: PreparedStatements;
  readonly #raw: MariadbConnection;
  readonly #options: SenderOptions;

  constructor(raw: MariadbConnection, options: SenderOptions) {
    this.#raw = raw;
    this.#options = options;
    this.statements = new PreparedStatements(raw, options.cacheSize);
  }

  /** A statement that is not kept yet. */
  async first(statement: NativeStatement, values: readonly unknown[]): Promise<MariadbAnswer> {
    const { text } = statement;
    if (values.length === 0 && !statement.readOnly && !statement.reusable) return await this.#raw.query(text);
    try {
      if (statement.reusable && this.#options.cacheSize > 0) {
        const { statement: prepared } = await this.statements.prepare(text);
        return await prepared.execute(values);
      }
      return await this.#raw.execute(text, values);
    } catch (error) {
      if (values.length > 0 || errnoOf(error) !== errorNumber.unsupportedPrepare) throw error;
      return await this.#raw.query(text);
    }
  }

  async one(statement: NativeStatement, values: readonly unknown[]): Promise<MariadbAnswer> {
    const kept = this.statements.find(statement.text);
    return await (kept === undefined ? this.first(statement, values) : kept.statement.execute(values));
  }

  /**
   * Sends all before the first is answered, if all can be kept prepared. Fails as the first of those that failed, whose
   * place `onFailure` is told.
   */
  async all(commands: readonly Command[], onFailure: (index: number) => void): Promise<MariadbAnswer[]> {
    const texts = new Set(commands.map(({ statement }) => statement.text));
    if (texts.size > this.#options.cacheSize || commands.some(({ statement }) => !statement.reusable)) {
      const answers: MariadbAnswer[] = [];
      for (const [index, { statement, values }] of commands.entries()) {
        answers.push(
          await this.one(statement, values).catch((error) => {
            onFailure(index);
            throw error;
          }),
        );
      }
      return answers;
    }
    // What is kept is found first, and so is not what gives way to what is prepared now.
    const kept = Array.from(texts, (text) => [text, this.statements.find(text)] as const);
    const prepared = new Map(
      await Promise.all(
        kept.map(async ([text, found]) => [text, found ?? (await this.statements.prepare(text))] as const),
      ),
    );
    const sent = this.#options.together(() =>
      commands.map(({ statement, values }) => prepared.get(statement.text)?.statement.execute(values)),
    );
    const settled = await Promise.allSettled(sent);
    const answers: MariadbAnswer[] = [];
    for (const [index, answer] of settled.entries()) {
      if (answer.status === "fulfilled" && answer.value !== undefined) answers.push(answer.value);
      if (answer.status === "fulfilled") continue;
      onFailure(index);
      throw answer.reason;
    }
    return answers;
  }

  /** Runs one statement for each set of values. `stopped` is asked now and then. */
  async many(
    { text }: NativeStatement,
    sets: Iterable<readonly unknown[]>,
    stopped: () => boolean,
  ): Promise<number> {
    const insert = rowInsert(text);
    return await (insert === undefined
      ? this.#each(text, sets, stopped)
      : this.#rows(insert, text, sets, stopped));
  }

  async prepareOrNot(text: string, values: readonly unknown[]): Promise<Prepared | undefined> {
    try {
      return this.statements.find(text) ?? (await this.statements.prepare(text));
    } catch (error) {
      if (values.length > 0 || errnoOf(error) !== errorNumber.unsupportedPrepare) throw error;
      return undefined;
    }
  }

  async #each(text: string, sets: Iterable<readonly unknown[]>, stopped: () => boolean): Promise<number> {
    const prepared = this.statements.find(text) ?? (await this.statements.prepare(text));
    const send = async (values: readonly unknown[]) => {
      checkPacketSize(text, values, this.#options.largestPacketBytes);
      return toResult(await prepared.statement.execute(values)).rowCount;
    };
    return await sumInFlight(sets, send, inFlight, this.#options.together, stopped);
  }

  /** Many rows in one statement: some four times as fast as a statement for each, sent without waiting. */
  async #rows(
    insert: RowInsert,
    text: string,
    sets: Iterable<readonly unknown[]>,
    stopped: () => boolean,
  ): Promise<number> {
    const { largestPacketBytes } = this.#options;
    // Prepared only while it is in use: the server holds a structure for each of its thousands of values.
    let full: Promise<MariadbStatement> | undefined;
    const send = async ({ rows, isFull }: RowChunk) => {
      if (rows.length < fewRows) return await this.#each(text, rows, stopped);
      const many = multiRowText(insert, rows.length);
      const values = rows.flat();
      checkPacketSize(many, values, largestPacketBytes);
      if (!isFull) return toResult(await this.#raw.execute(many, values)).rowCount;
      full ??= this.#raw.prepare(many);
      return toResult(await (await full).execute(values)).rowCount;
    };
    const chunks = rowChunks(sets, insert.columns, largestPacketBytes);
    try {
      return await sumInFlight(chunks, send, chunksInFlight, this.#options.together, stopped);
    } finally {
      full?.then((statement) => statement.close()).catch(() => {});
    }
  }
}
