import type { Socket } from "node:net";
import type {
  BeginOptions,
  Command,
  DriverConnection,
  DriverResult,
  IsolationLevel,
  NativeStatement,
  VersionDetails,
} from "../../backend/index.ts";
import {
  CommitOutcomeUnknownError,
  ConnectionError,
  TransactionDoomedError,
  UnsupportedError,
} from "../../errors/index.ts";
import { blockOf, isInterruption } from "./block.ts";
import { killUntil } from "./cancel.ts";
import { addKeyColumns } from "./constraint.ts";
import { MysqlCursor } from "./cursor.ts";
import { endsConnection, errnoOf, errorNumber, isReadOnlyServer } from "./error-codes.ts";
import { type MariadbAnswer, type MariadbConnection, statusFlag } from "./mariadb.ts";
import type { Session } from "./open.ts";
import { checkPacketSize } from "./packet-size.ts";
import { Sender } from "./sender.ts";
import type { ServerFacts } from "./server-facts.ts";
import { type Effect, effectOf, sessionSetup } from "./session.ts";
import { NothingToSend } from "./settled.ts";
import { toResult } from "./types.ts";
import { isOutOfStep, outOfStep } from "./wire-guard.ts";

export interface MysqlConnectionParts {
  readonly session: Session;
  readonly facts: ServerFacts;
  readonly largestPacketBytes: number;
  readonly driverVersion: string;
  readonly database: string;
  readonly statementCacheSize: number;
  readonly killTimeoutMs: number;
  /** Opens a second session with the same server. */
  readonly openAnother: (onSocket: (socket: Socket) => void) => Promise<Session>;
}

/** How long the server may take to answer that it ends a session. */
const quitMs = 1000;

/** Written out, since the level comes from a caller and goes into SQL. */
const levels: Readonly<Record<IsolationLevel, string>> = {
  "read uncommitted": "READ UNCOMMITTED",
  "read committed": "READ COMMITTED",
  "repeatable read": "REPEATABLE READ",
  serializable: "SERIALIZABLE",
};

const ordinary: Effect = { leavesTraces: false, movesTransaction: false, changesDatabase: false };
const nothing: DriverResult = { columns: [], rows: [], rowCount: 0 };
const aBlock: Effect = { ...ordinary, movesTransaction: true };

/** One connection of the `mariadb` driver to MySQL or MariaDB. */
export class MysqlConnection implements DriverConnection {
  /** What the server can do. */
  readonly facts: ServerFacts;
  readonly #parts: MysqlConnectionParts;
  readonly #raw: MariadbConnection;
  readonly #sender: Sender;
  #inTransaction = false;
  /** What begins the transaction that was asked for and is sent with its first statement. */
  #beginning: readonly string[] | undefined;
  /** Why the server ended the transaction by itself, until somebody rolls back. */
  #endedBy: { readonly cause: unknown } | undefined;
  #leftTraces = false;
  #running = 0;
  #stopping = false;
  #cursor: MysqlCursor | undefined;
  #destroyed = false;

  constructor(parts: MysqlConnectionParts) {
    this.#parts = parts;
    this.facts = parts.facts;
    this.#raw = parts.session.connection;
    this.#sender = new Sender(this.#raw, {
      together: (work) => this.#together(work),
      cacheSize: parts.statementCacheSize,
      largestPacketBytes: parts.largestPacketBytes,
    });
  }

  /** Whoever asks for it may do anything with it, so that the session is brought back into its state afterwards. */
  get raw(): MariadbConnection {
    this.#leftTraces = true;
    return this.#raw;
  }

  get inTransaction(): boolean {
    return (this.#inTransaction || this.#beginning !== undefined) && this.usable;
  }

  get sessionId(): number | undefined {
    return this.#raw.threadId ?? undefined;
  }

  get usable(): boolean {
    return !this.#destroyed && this.#raw.isValid();
  }

  async execute(statement: NativeStatement, values: readonly unknown[]): Promise<DriverResult> {
    const { text } = statement;
    this.#checkSize(text, values);
    const kept = this.#sender.statements.find(text);
    if (kept !== undefined) {
      return this.#read(await this.#call(kept.effect, [text], () => kept.statement.execute(values)));
    }
    const effect = effectOf(text);
    return this.#read(await this.#call(effect, [text], () => this.#sender.first(statement, values)));
  }

  async executeMany(statement: NativeStatement, sets: Iterable<readonly unknown[]>): Promise<number> {
    const { text } = statement;
    try {
      return await this.#call(effectOf(text), [text], () =>
        this.#sender.many(statement, sets, () => this.#stopping),
      );
    } catch (error) {
      throw error instanceof NothingToSend ? error.reason : error;
    }
  }

  async stream(statement: NativeStatement, values: readonly unknown[]): Promise<MysqlCursor> {
    const { text } = statement;
    this.#checkSize(text, values);
    const effect = effectOf(text);
    return await this.#call(effect, [text], async () => {
      const prepared = await this.#sender.prepareOrNot(text, values);
      const stream =
        prepared === undefined ? this.#raw.queryStream(text) : prepared.statement.executeStream(values);
      const cursor = new MysqlCursor(stream, () => this.#killOrDestroy());
      this.#cursor = cursor;
      this.#running += 1;
      cursor.done.then(() => {
        this.#running -= 1;
        this.#cursor = undefined;
        if (prepared !== undefined && !statement.reusable) this.#sender.statements.drop(text);
        // An error carries no status, and what came before it is of the statement's midst.
        if (!cursor.failed) this.#observe(effect);
      });
      return await cursor.open();
    });
  }

  async executeAll(commands: readonly Command[]): Promise<DriverResult[]> {
    for (const { statement, values } of commands) this.#checkSize(statement.text, values);
    const failed: string[] = [];
    const onFailure = (index: number) => failed.push(commands[index]?.statement.text ?? "");
    const answers = await this.#call(ordinary, failed, () => this.#sender.all(commands, onFailure));
    return answers.map((answer) => this.#read(answer));
  }

  /**
   * On MariaDB one statement and one round trip: a block that commits by itself. On MySQL two: the statements, and then
   * COMMIT or ROLLBACK by what they answered. A COMMIT sent along with them would store the half that succeeded.
   */
  async executeAtomically(commands: readonly Command[]): Promise<DriverResult> {
    if (this.facts.preparesBlocks) return await this.#executeBlock(commands);
    await this.begin({});
    try {
      const result = (await this.executeAll(commands)).at(-1) ?? nothing;
      await (result.rowCount > 0 ? this.commit() : this.rollback());
      return result;
    } catch (error) {
      if (this.inTransaction) await this.#rollbackOrDestroy();
      throw error;
    }
  }

  async begin({ isolation, readOnly }: BeginOptions): Promise<void> {
    const start = `START TRANSACTION${readOnly === true ? " READ ONLY" : ""}`;
    this.#endedBy = undefined;
    this.#beginning = isolation === undefined ? [start] : [setLevel(isolation), start];
  }

  async commit(): Promise<void> {
    if (this.#neverBegan()) return;
    const ended = this.#endedBy;
    if (ended !== undefined && !this.#inTransaction) {
      throw new TransactionDoomedError(
        "the server has rolled the transaction back already, after an earlier error",
        {
          backend: "mysql",
          operation: "commit",
          outcome: "rolled_back",
          cause: ended.cause,
        },
      );
    }
    try {
      await this.#call(ordinary, [], () => this.#raw.query("COMMIT"));
    } catch (error) {
      throw this.#decided(error);
    }
  }

  async rollback(): Promise<void> {
    if (this.#neverBegan()) return;
    await this.#call(ordinary, [], () => this.#raw.query("ROLLBACK"));
    this.#endedBy = undefined;
  }

  async ping(): Promise<void> {
    await this.#call(ordinary, [], () => this.#raw.ping());
  }

  /** Answers at once when there is nothing to do, as nearly always: the connection is then idle before anyone asks for it. */
  reset(): Promise<void> | undefined {
    this.#beginning = undefined;
    this.#endedBy = undefined;
    const isClean = !this.#inTransaction && !this.#leftTraces;
    return isClean ? undefined : this.#reset();
  }

  async #reset(): Promise<void> {
    if (this.#inTransaction) await this.rollback();
    if (!this.#leftTraces) return;
    await this.#call(ordinary, [], async () => {
      this.#sender.statements.forget();
      await this.#raw.reset();
      const answers: Promise<unknown>[] = [this.#raw.query(sessionSetup(this.facts.flavour))];
      const { database } = this.#parts;
      // The one thing that a reset leaves as it is.
      if (database !== "") answers.push(this.#raw.query(`USE \`${database.replaceAll("`", "``")}\``));
      await Promise.all(answers);
    });
    this.#leftTraces = false;
  }

  version(): VersionDetails {
    return { serverVersion: this.facts.name, driver: this.#parts.driverVersion };
  }

  async cancel(): Promise<void> {
    if (this.#running === 0 || !this.usable) return;
    this.#stopping = true;
    this.#cursor?.abandon();
    await this.#killOrDestroy();
    this.#stopping = false;
  }

  async close(): Promise<void> {
    if (!this.usable) return this.destroy();
    this.#destroyed = true;
    await Promise.race([this.#raw.end(), new Promise((resolve) => setTimeout(resolve, quitMs).unref())]);
    this.#parts.session.socket.destroy();
  }

  destroy(): void {
    this.#destroyed = true;
    // With an error, so that the driver fails what is still under way.
    this.#parts.session.socket.destroy(new Error("the connection was ended by its owner"));
  }

  /**
   * Runs work that talks to the server, and learns from its answer what became of the transaction. One that was only
   * asked for so far is begun with it.
   */
  async #call<T>(effect: Effect, texts: readonly string[], work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      const answer = await (this.#beginning === undefined ? work() : this.#together(() => this.#begun(work)));
      this.#observe(effect);
      if (effect.leavesTraces) this.#checkMode();
      return answer;
    } catch (error) {
      if (isOutOfStep(error)) {
        this.destroy();
        throw outOfStep(error);
      }
      await this.#learnFrom(error, effect, texts);
      throw error;
    } finally {
      this.#running -= 1;
    }
  }

  #read(answer: MariadbAnswer): DriverResult {
    try {
      return toResult(answer);
    } catch (error) {
      this.destroy();
      throw outOfStep(error);
    }
  }

  /** Begins the transaction that was asked for, and sends what is behind it along. */
  #begun<T>(work: () => Promise<T>): Promise<T> {
    const texts = this.#beginning ?? [];
    this.#beginning = undefined;
    this.#inTransaction = true;
    const begun = Promise.all(texts.map((text) => this.#raw.query(text))).catch((cause) => {
      if (!this.usable || endsConnection(errnoOf(cause))) throw cause;
      // What was sent along with it may have run outside of any transaction, and is not undone by the connection's end.
      this.destroy();
      throw new CommitOutcomeUnknownError(
        "the server did not begin the transaction, and its first statement may have been stored without it; the connection was closed",
        { backend: "mysql", cause },
      );
    });
    return afterBegin(begun, work());
  }

  /** Without this, each command would be a packet of the network's and a call of the system's by itself. */
  #together<T>(work: () => T): T {
    const { socket } = this.#parts.session;
    socket.cork();
    try {
      return work();
    } finally {
      socket.uncork();
    }
  }

  /** Whether the transaction to be ended was only asked for, so that the server knows nothing of it. */
  #neverBegan(): boolean {
    const waits = this.#beginning !== undefined;
    this.#beginning = undefined;
    return waits;
  }

  async #executeBlock(commands: readonly Command[]): Promise<DriverResult> {
    const { statement, texts } = blockOf(commands);
    const { text } = statement;
    const values: unknown[] = [];
    for (const command of commands) values.push(...command.values);
    this.#checkSize(text, values);
    const kept = this.#sender.statements.find(text);
    const work = () =>
      kept === undefined ? this.#sender.first(statement, values) : kept.statement.execute(values);
    try {
      return this.#read(await this.#call(aBlock, texts, work));
    } catch (error) {
      const failure = this.#decided(error);
      if (this.inTransaction) await this.#rollbackOrDestroy();
      throw failure;
    }
  }

  /**
   * What to throw for a commit that failed. The server also says that it was interrupted when it has committed already;
   * then no transaction is open any more, and what became of the work has to be looked up, as after a loss.
   */
  #decided(error: unknown): unknown {
    if (!isInterruption(error) || !this.usable || this.#inTransaction) return error;
    this.destroy();
    return new ConnectionError(
      "the server was told to stop while it committed, so the connection was closed",
      {
        backend: "mysql",
        outcome: "unknown",
        cause: error,
      },
    );
  }

  async #rollbackOrDestroy(): Promise<void> {
    try {
      await this.rollback();
    } catch {
      this.destroy();
    }
  }

  #checkSize(text: string, values: readonly unknown[]): void {
    checkPacketSize(text, values, this.#parts.largestPacketBytes);
  }

  #observe(effect: Effect): void {
    const { status } = this.#raw.info;
    // In the midst of an answer it tells of the statement itself, which is a transaction for as long as it runs.
    if (this.#cursor === undefined) this.#inTransaction = (status & statusFlag.inTransaction) !== 0;
    if (!effect.leavesTraces) return;
    this.#leftTraces = true;
    if (effect.changesDatabase) this.#sender.statements.clear();
  }

  #checkMode(): void {
    const wrong = statusFlag.noBackslashEscapes | statusFlag.ansiQuotes;
    if ((this.#raw.info.status & wrong) === 0) return;
    this.destroy();
    throw new UnsupportedError(
      "the SQL mode NO_BACKSLASH_ESCAPES or ANSI_QUOTES was set, under which the server reads text otherwise than the library does; the connection was closed",
      { backend: "mysql", outcome: "unknown" },
    );
  }

  /** An error answer carries no status flags, so the server is asked for them with a ping. */
  async #learnFrom(error: unknown, effect: Effect, texts: readonly string[]): Promise<void> {
    const errno = errnoOf(error);
    if (effect.leavesTraces) this.#leftTraces = true;
    if (errno === errorNumber.unknownStatement) for (const text of texts) this.#sender.statements.drop(text);
    if (endsConnection(errno) || isReadOnlyServer(error)) this.destroy();
    if (!this.usable) return;
    const wasOpen = this.#inTransaction;
    try {
      if (wasOpen || effect.movesTransaction) {
        await this.#raw.ping();
        this.#inTransaction = (this.#raw.info.status & statusFlag.inTransaction) !== 0;
        // DDL that fails has committed first, so only a statement that changes rows can have undone the rest.
        if (wasOpen && !this.#inTransaction && !effect.movesTransaction) this.#endedBy = { cause: error };
      }
      if (errno === errorNumber.duplicateKey && error instanceof Error) {
        await addKeyColumns(error, texts, this.#raw, this.facts);
      }
    } catch {
      // The first error counts; a connection that was lost meanwhile is known by `usable`.
    }
  }

  async #killOrDestroy(): Promise<void> {
    const { openAnother, killTimeoutMs } = this.#parts;
    try {
      const isIdle = () => this.#running === 0 || !this.usable;
      await killUntil(isIdle, Number(this.#raw.threadId), openAnother, killTimeoutMs);
    } catch {
      this.destroy();
    }
  }
}

function setLevel(isolation: IsolationLevel): string {
  if (Object.hasOwn(levels, isolation)) return `SET TRANSACTION ISOLATION LEVEL ${levels[isolation]}`;
  throw new UnsupportedError(
    `expected an isolation level of ${Object.keys(levels).join(", ")}, got another`,
    {
      backend: "mysql",
    },
  );
}

/** Answers what was sent behind a BEGIN; but when that failed, it is what counts. */
async function afterBegin<T>(begun: Promise<unknown>, work: Promise<T>): Promise<T> {
  const [first, second] = await Promise.allSettled([begun, work]);
  if (first.status === "rejected") throw first.reason;
  if (second.status === "rejected") throw second.reason;
  return second.value;
}
