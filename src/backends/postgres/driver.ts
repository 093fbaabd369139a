import type {
  BeginOptions,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "../../backend/index.ts";
import { ConnectionError, TransactionDoomedError, TransactionStateError } from "../../errors/index.ts";
import { systemClock } from "../../resilience/clock.ts";
import { BatchExchange } from "./batch-exchange.ts";
import { bindAll } from "./bind.ts";
import { cancelUntil } from "./cancel.ts";
import { ClosePortal, openCursor } from "./cursor.ts";
import { blameServer, isStaleStatement, toDatabaseError } from "./errors.ts";
import { type Exchange, SimpleExchange } from "./exchange.ts";
import { isNotReplicated, notReplicated } from "./not-replicated.ts";
import type { PostgresOptions, TlsOptions } from "./options.ts";
import type { BoundValue, PgClient } from "./pg.ts";
import { isServerError } from "./scrub.ts";
import { cleanSession, forgetsStatements, neededSettings, traceOf } from "./session.ts";
import { type StatementAnswer, StatementExchange } from "./statement-exchange.ts";
import { checkStatement, NamedStatements } from "./statements.ts";
import { protocolError } from "./wire-guard.ts";

/** How long a call may go on after `cancel`, and how long a farewell may take, before the connection is given up. */
const cancelLimitMs = 2_000;
const closeLimitMs = 1_000;

export interface OpenedClient {
  readonly client: PgClient;
  /** What the server reports of itself and of the session; pg's listener keeps it up to date. */
  readonly parameters: ReadonlyMap<string, string>;
  readonly tls: false | TlsOptions;
  readonly options: PostgresOptions;
  /** `pg 8.23.1` */
  readonly driver: string;
}

type CallUnderWay = Pick<Exchange<unknown>, "fail" | "failed" | "finish" | "settled">;

/** A connection of node-postgres, as the port describes it. */
export class PostgresConnection implements DriverConnection {
  readonly #opened: OpenedClient;
  readonly #client: PgClient;
  readonly #statements: NamedStatements;
  /** Whether each transaction may meet another session of the server. */
  readonly #pooled: boolean;
  #current: CallUnderWay | null = null;
  /** The call for which the server has said that it is ready again. */
  #answered: CallUnderWay | null = null;
  /** The transaction's state as ReadyForQuery told it: I(dle), T(ransaction), E(rror). */
  #status = "I";
  #lost: Error | null = null;
  #ended = false;
  /** The stream that has begun the open transaction for itself; 0 when there is none. */
  #stream = 0;
  #cursors = 0;
  #unclean = false;
  /** Whether the transaction that was begun last is one that only reads. */
  #onlyReads = false;
  #foreignStatements = false;

  constructor(opened: OpenedClient) {
    this.#opened = opened;
    this.#client = opened.client;
    this.#pooled = opened.options.pooler === "transaction";
    this.#statements = new NamedStatements(opened.options.statementCacheSize);
    this.#client.on("error", (error) => this.#lose(error));
    this.#client.connection.on("end", () => this.#end());
    this.#client.connection.on("readyForQuery", ({ status }) => this.#ready(status));
    this.#client.connection.on("notice", (notice) => {
      if (isNotReplicated(notice)) this.#current?.fail(notReplicated(notice));
    });
  }

  get raw(): unknown {
    this.#unclean = true;
    this.#foreignStatements = true;
    return this.#client;
  }

  get inTransaction(): boolean {
    return this.#status !== "I" && this.#stream === 0;
  }

  /** A pooler in transaction mode answers a number of its own, which may be that of anybody's session on the server. */
  get sessionId(): number | undefined {
    return this.#pooled ? undefined : (this.#client.processID ?? undefined);
  }

  get usable(): boolean {
    return this.#lost === null && !this.#ended;
  }

  async execute(statement: NativeStatement, values: readonly unknown[]): Promise<DriverResult> {
    this.#refuseWhileStreaming();
    const { text } = statement;
    const named = statement.reusable ? this.#statements.use(text) : null;
    const bound = bindAll(values);
    const known = named?.shape ?? null;
    let answer: StatementAnswer;
    try {
      answer = await this.#send(text, named?.name ?? "", known, bound);
      if (named !== null) named.shape = answer.shape;
    } catch (error) {
      // Whether the server has kept a statement that failed at its first use is not known.
      if (named !== null && known === null) this.#statements.drop(named);
      if (named === null || !isStaleStatement(error)) throw error;
      this.#statements.drop(named);
      if (this.#status !== "I") throw error;
      answer = await this.#send(text, "", null, bound);
    }
    this.#notice(text, answer.tag);
    return { columns: answer.shape.columns, rows: answer.rows, rowCount: answer.rowCount };
  }

  async executeMany(statement: NativeStatement, sets: Iterable<readonly unknown[]>): Promise<number> {
    this.#refuseWhileStreaming();
    checkStatement(statement.text);
    const bound = (function* () {
      for (const set of sets) yield bindAll(set);
    })();
    const changed = await this.#run(new BatchExchange(statement.text, bound));
    this.#notice(statement.text, "");
    return changed;
  }

  async stream(statement: NativeStatement, values: readonly unknown[]): Promise<DriverCursor> {
    this.#refuseWhileStreaming();
    const { text } = statement;
    checkStatement(text);
    const bound = bindAll(values);
    const id = ++this.#cursors;
    const name = `strata_c${id}`;
    const begin = this.#status === "I";
    if (begin) this.#stream = id;
    const end = () => (begin ? this.#endStream(id) : this.#closePortal(name));
    try {
      return await openCursor({
        run: (exchange) => this.#run(exchange),
        name,
        text,
        values: bound,
        begin,
        end,
      });
    } catch (error) {
      if (begin) await this.#endStream(id).catch(() => {});
      throw error;
    } finally {
      this.#notice(text, "");
    }
  }

  async begin(options: BeginOptions): Promise<void> {
    this.#refuseWhileStreaming();
    if (this.#status !== "I") {
      throw new TransactionStateError("expected no open transaction at BEGIN, but the server has one", {
        backend: "postgres",
      });
    }
    const isolation =
      options.isolation === undefined ? "" : ` ISOLATION LEVEL ${options.isolation.toUpperCase()}`;
    this.#onlyReads = options.readOnly === true;
    await this.#run(new SimpleExchange(`BEGIN${isolation}${options.readOnly === true ? " READ ONLY" : ""}`));
  }

  async commit(): Promise<void> {
    this.#refuseWhileStreaming();
    if (this.#status === "I" && this.usable) {
      throw new TransactionStateError("expected an open transaction at COMMIT, but the server has none", {
        backend: "postgres",
      });
    }
    // The server answers COMMIT with success and the tag ROLLBACK when a statement of the transaction had failed.
    const tag = await this.#run(new SimpleExchange("COMMIT"));
    if (tag === "COMMIT") return;
    if (tag !== "ROLLBACK") {
      this.destroy();
      throw protocolError("an answer to COMMIT that is neither COMMIT nor ROLLBACK");
    }
    throw new TransactionDoomedError(
      "the server rolled the transaction back at COMMIT, since a statement in it had failed; let that error leave the transaction",
      { backend: "postgres", operation: "commit", outcome: "rolled_back" },
    );
  }

  async rollback(): Promise<void> {
    if (this.#status !== "I") await this.#run(new SimpleExchange("ROLLBACK"));
  }

  async ping(): Promise<void> {
    this.#refuseWhileStreaming();
    await this.#run(new SimpleExchange("SELECT 1"));
  }

  /**
   * Ends a transaction that is open, and cleans the session where a statement may have changed it. Answers at once
   * when there is nothing to do, as nearly always: the connection is then idle again before anyone asks for it.
   */
  reset(): Promise<void> | undefined {
    this.#stream = 0;
    const clean = this.#pooled || !(this.#unclean || this.#foreignStatements);
    return clean && this.#status === "I" && this.usable ? undefined : this.#reset();
  }

  async #reset(): Promise<void> {
    await this.rollback();
    if (this.#pooled) return;
    if (this.#foreignStatements) {
      await this.#run(new SimpleExchange("DEALLOCATE ALL"));
      this.#statements.clear();
      this.#foreignStatements = false;
    }
    if (!this.#unclean) return;
    await this.#run(new SimpleExchange(cleanSession));
    await this.prepareSession();
    this.#unclean = false;
  }

  /** Sets what this backend relies on, where the server's own settings differ. */
  async prepareSession(): Promise<void> {
    const settings = neededSettings(this.#opened.parameters);
    if (settings !== "") await this.#run(new SimpleExchange(settings));
  }

  version(): VersionDetails {
    const server = this.#opened.parameters.get("server_version") ?? "of unknown version";
    return { serverVersion: `PostgreSQL ${server.split(" ")[0]}`, driver: this.#opened.driver };
  }

  async cancel(): Promise<void> {
    const call = this.#current;
    if (call === null || !this.usable) return;
    const { processID, secretKey, host, port } = this.#client;
    if (processID === null || secretKey === null) return this.destroy();
    const session = { host, port, tls: this.#opened.tls, processId: processID, secretKey };
    // A request on its way, or a call that goes on, would leave the next caller with a broken promise.
    if (!(await cancelUntil(call.settled, session, cancelLimitMs))) this.destroy();
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    this.#lost ??= new Error("the connection was closed");
    const timer = systemClock.setTimer(() => this.destroy(), closeLimitMs, { keepAlive: true });
    await this.#client.end().finally(() => timer.clear());
  }

  destroy(): void {
    this.#lost ??= new Error("the connection was destroyed");
    this.#client.connection.stream.destroy();
  }

  #send(
    text: string,
    name: string,
    shape: StatementAnswer["shape"] | null,
    values: readonly BoundValue[],
  ): Promise<StatementAnswer> {
    if (shape === null) checkStatement(text);
    const unwanted = this.#statements.takeUnwanted();
    return this.#run(new StatementExchange({ text, name, shape, values, unwanted }));
  }

  async #run<T>(exchange: Exchange<T>): Promise<T> {
    if (!this.usable) {
      const cause = this.#lost ?? new Error("the connection has ended");
      throw new ConnectionError(`the connection is lost: ${toDatabaseError(cause, {}).message}`, {
        backend: "postgres",
        outcome: "not_sent",
        cause,
      });
    }
    if (this.#current !== null) {
      throw new TransactionStateError(
        "expected the connection to be idle, but a call on it is still under way",
        {
          backend: "postgres",
        },
      );
    }
    this.#current = exchange;
    try {
      this.#client.query(exchange);
      return await exchange.settled;
    } catch (error) {
      this.#leaveStandby(error);
      throw error;
    } finally {
      this.#current = null;
      this.#answered = null;
    }
  }

  /** Who writes has nothing more to do on a server that takes no writes: after a failover the primary is elsewhere. */
  #leaveStandby(error: unknown): void {
    if (!isServerError(error) || !("code" in error) || error.code !== "25006") return;
    // Told by servers from PostgreSQL 14 on, and by no pooler.
    const standby = this.#opened.parameters.get("in_hot_standby");
    if (standby === "off" || (standby === undefined && this.#onlyReads)) return;
    blameServer(error);
    this.destroy();
  }

  #notice(text: string, tag: string): void {
    const trace = traceOf(text, tag);
    if (trace === "nothing") return;
    this.#unclean = true;
    if (trace === "statements") this.#foreignStatements = true;
    if (forgetsStatements(tag)) this.#statements.clear();
  }

  /** Ends the transaction that a stream began for itself, unless something else has ended it. */
  async #endStream(id: number): Promise<void> {
    if (this.#stream !== id) return;
    this.#stream = 0;
    if (this.#status === "I" || !this.usable) return;
    await this.#run(new SimpleExchange(this.#status === "E" ? "ROLLBACK" : "COMMIT"));
  }

  /** Only in a transaction that still goes on: its end has closed the portal, and so has its failure. */
  async #closePortal(name: string): Promise<void> {
    if (this.#status === "T" && this.usable) await this.#run(new ClosePortal(name));
  }

  #refuseWhileStreaming(): void {
    if (this.#stream === 0) return;
    throw new TransactionStateError(
      "expected the connection to be idle, but a stream is being read on it: read it to its end or close it, or stream inside a transaction",
      { backend: "postgres" },
    );
  }

  // Runs in the driver's event, where what is thrown ends the connection.
  #ready(status: string | undefined): void {
    const call = this.#current;
    // What is sent by way of `raw` is answered without our knowing.
    if (call === this.#answered && !this.#foreignStatements)
      throw protocolError("it is ready and nobody asked");
    this.#answered = call;
    if (status !== undefined && !/^[ITE]$/.test(status))
      throw protocolError("an unknown state of the transaction");
    if (status !== undefined) this.#status = status;
    if (call?.failed === true) call.finish();
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    // An error that pg raised by itself leaves the socket open, and the call under way without an end.
    this.#client.connection.stream.destroy();
  }

  #end(): void {
    this.#ended = true;
    this.#lost ??= new Error("Connection terminated unexpectedly");
    this.#current?.finish(this.#lost);
  }
}
