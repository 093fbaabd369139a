import type {
  Command,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
} from "../../backend/index.ts";
import { reviveValues } from "./compact.ts";
import type { ConnectionState, Reply, Request } from "./messages.ts";

/** Statements whose objects are kept, so that the driver meets the same object for the same text. */
const keptStatements = 1000;

const nothing: DriverResult = { columns: [], rows: [], rowCount: 0 };

/** Carries out a caller's requests on the driver's connection, one at a time. */
export class Server {
  readonly #connection: DriverConnection;
  readonly #cursors = new Map<number, DriverCursor>();
  readonly #statements = new Map<string, NativeStatement>();
  #lastCursor = 0;
  #cancelling: Promise<void> | undefined;

  constructor(connection: DriverConnection) {
    this.#connection = connection;
  }

  get state(): ConnectionState {
    return { inTransaction: this.#connection.inTransaction, usable: this.#connection.usable };
  }

  /** Stops the call under way on the server; that call then settles by itself. */
  cancel(): void {
    this.#cancelling = this.#connection.cancel().catch(() => this.#connection.destroy());
  }

  /** Settles when a cancel can no longer hit a later call. To be awaited before a call is answered. */
  async cancelled(): Promise<void> {
    await this.#cancelling;
    this.#cancelling = undefined;
  }

  async serve(request: Exclude<Request, { kind: "connect" }>): Promise<Reply> {
    const connection = this.#connection;
    switch (request.kind) {
      case "execute":
        return this.#result(
          await connection.execute(this.#statement(request.statement), reviveValues(request.values), request),
        );
      case "executeMany": {
        const sets = request.sets.map(reviveValues);
        const count = await connection.executeMany(this.#statement(request.statement), sets, request);
        return { kind: "count", count, state: this.state };
      }
      case "executeAll": {
        const results = (await connection.executeAll?.(this.#commands(request), request)) ?? [];
        return { kind: "results", results, state: this.state };
      }
      case "executeAtomically":
        return this.#result(
          (await connection.executeAtomically?.(this.#commands(request), request)) ?? nothing,
        );
      case "stream":
        return this.#opened(
          await connection.stream(this.#statement(request.statement), reviveValues(request.values), request),
        );
      case "read": {
        const rows = (await this.#cursors.get(request.cursor)?.read(request.count)) ?? [];
        return this.#result({ columns: [], rows, rowCount: rows.length });
      }
      case "closeCursor": {
        const cursor = this.#cursors.get(request.cursor);
        this.#cursors.delete(request.cursor);
        await cursor?.close();
        break;
      }
      case "begin":
        await connection.begin(request.options, request);
        break;
      case "commit":
        await connection.commit(request);
        break;
      case "rollback":
        await connection.rollback(request);
        break;
      case "ping":
        await connection.ping(request);
        break;
      case "reset":
        await connection.reset();
        break;
      case "version":
        return { kind: "version", version: await connection.version(), state: this.state };
      case "close":
        await connection.close();
        break;
      case "state":
        break;
    }
    return { kind: "done", state: this.state };
  }

  #result({ columns, rows, rowCount }: DriverResult): Reply {
    return { kind: "result", columns, rows, rowCount, state: this.state };
  }

  #opened(cursor: DriverCursor): Reply {
    this.#lastCursor += 1;
    this.#cursors.set(this.#lastCursor, cursor);
    return { kind: "cursor", cursor: this.#lastCursor, columns: cursor.columns, state: this.state };
  }

  #commands({ commands }: { readonly commands: readonly Command[] }): Command[] {
    return commands.map(({ statement, values }) => ({
      statement: this.#statement(statement),
      values: reviveValues(values),
    }));
  }

  #statement(statement: NativeStatement): NativeStatement {
    const known = this.#statements.get(statement.text);
    if (known?.reusable === statement.reusable && known.readOnly === statement.readOnly) return known;
    if (!statement.reusable) return statement;
    if (this.#statements.size >= keptStatements) this.#statements.clear();
    this.#statements.set(statement.text, statement);
    return statement;
  }
}
