import type { Backend, Capabilities, ConnectTarget } from "../backend/index.ts";
import type { DatabaseConfig } from "../config/index.ts";
import { Call, ConnectionCore, type ConnectionEnvironment } from "../connection/index.ts";
import { EntityStore } from "../entity/index.ts";
import { ConnectionError, DatabaseError, QueryTimeoutError, UnsupportedError } from "../errors/index.ts";
import { Emitter } from "../observe/emitter.ts";
import type { DatabaseEvents } from "../observe/events.ts";
import { type Operation, wait } from "../operation/index.ts";
import { systemClock } from "../resilience/clock.ts";
import { SqlTranslator } from "../sql/index.ts";

/** What all handles on one configured database have in common, on both faces. No I/O happens here. */
export class SharedDatabase {
  readonly backend: Backend;
  readonly config: DatabaseConfig;
  readonly target: ConnectTarget;
  readonly capabilities: Capabilities;
  readonly store: EntityStore;
  readonly events = new Emitter<DatabaseEvents>();
  readonly #translator: SqlTranslator;
  #lastAnswered = 0;

  constructor(backend: Backend, config: DatabaseConfig) {
    this.backend = backend;
    this.config = config;
    this.target = config.resolve(backend);
    this.capabilities = backend.capabilitiesFor(this.target);
    this.store = new EntityStore(config.entities);
    const { dialect } = backend;
    this.#translator = new SqlTranslator(dialect.syntax, (value) => dialect.bindValue(value));
  }

  environment(blocking: boolean): ConnectionEnvironment {
    const environment: ConnectionEnvironment = {
      backend: this.backend,
      capabilities: this.capabilities,
      database: this.config.alias,
      translator: this.#translator,
      clock: systemClock,
      events: this.events,
      queryTimeoutMs: this.config.limits.queryTimeoutMs,
      blocking,
      separately: (call, work) => this.#separately(environment, call, work),
      sleep: blocking ? blockFor : waitFor,
    };
    return environment;
  }

  /**
   * Opens a connection, in the way of the face. Of several servers, the one that answered last is tried first, and
   * those that cannot be reached, or that do not take writes where that is wanted, are passed over. Failures are the
   * library's errors.
   */
  *open(environment: ConnectionEnvironment, timeoutMs: number): Operation<ConnectionCore> {
    const { clock } = environment;
    const endsAtMs = clock.now() + timeoutMs;
    const endpoints = this.config.endpoints(this.target.port);
    // Kept, for another opening may change it meanwhile, and then a server would be left out.
    const first = this.#lastAnswered;
    let failure: unknown;
    for (let i = 0; i < endpoints.length; i++) {
      const place = (first + i) % endpoints.length;
      const endpoint = endpoints[place] ?? this.target;
      const shareMs = (endsAtMs - clock.now()) / (endpoints.length - i);
      try {
        const core = yield* this.#connect(environment, {
          ...endpoint,
          connectTimeoutMs: Math.max(1, shareMs),
        });
        this.#lastAnswered = place;
        return core;
      } catch (error) {
        failure = error;
        if (!(error instanceof ConnectionError) || error.code === "STRATA_CONNECTION_REFUSED") throw error;
      }
    }
    throw failure;
  }

  *#connect(
    environment: ConnectionEnvironment,
    at: Pick<ConnectTarget, "host" | "port" | "connectTimeoutMs">,
  ): Operation<ConnectionCore> {
    const { backend } = this;
    const target = { ...this.target, ...at };
    const call = new Call("connect", environment.clock, at.connectTimeoutMs);
    let core: ConnectionCore;
    try {
      const driver = environment.blocking ? backend.connectSync?.(target) : backend.connect(target);
      if (driver === undefined)
        throw new UnsupportedError(`the backend "${backend.name}" has no synchronous face`);
      core = new ConnectionCore(yield* wait(driver), environment);
    } catch (error) {
      throw this.#connectFailure(error);
    }
    const { isReadOnlyServer } = backend.dialect;
    if (this.config.role === "any" || isReadOnlyServer === undefined) return core;
    const facts = { backend: backend.name, operation: "connect", outcome: "not_sent" } as const;
    try {
      const rows = yield* core.execute(isReadOnlyServer.sql, isReadOnlyServer.params, call);
      if (Number(rows[0]?.[0]) === 0) return core;
    } catch (error) {
      core.destroy();
      if (error instanceof QueryTimeoutError || error instanceof ConnectionError) {
        throw new ConnectionError(`${at.host}:${at.port} did not say whether it takes writes`, {
          ...facts,
          cause: error,
        });
      }
      throw error;
    }
    yield* core.close();
    throw new ConnectionError(`${at.host}:${at.port} takes no writes, and a primary is wanted`, facts);
  }

  *#separately<T>(
    environment: ConnectionEnvironment,
    call: Call,
    work: (core: ConnectionCore) => Operation<T>,
  ): Operation<T> {
    const timeoutMs = Math.min(this.target.connectTimeoutMs, call.timeoutMs);
    const core = yield* this.open(environment, timeoutMs);
    try {
      return yield* work(core);
    } finally {
      yield* core.close();
    }
  }

  #connectFailure(error: unknown): Error {
    if (error instanceof DatabaseError) return error;
    const facts = {
      backend: this.backend.name,
      operation: "connect",
      cause: error,
      outcome: "not_sent",
    } as const;
    const failure = this.backend.toDatabaseError(error, facts);
    return failure.code === "STRATA_DATABASE" ? new ConnectionError(failure.message, facts) : failure;
  }

  /** Tells of a transaction that its holder forgot to end; as a warning of the process when nobody listens. */
  reportAbandoned(): void {
    const database = this.config.alias;
    if (this.events.has("transactionAbandoned")) this.events.emit("transactionAbandoned", { database });
    else {
      process.emitWarning(
        `a connection of "${database}" was given back with its transaction open; the transaction was rolled back`,
        { type: "StrataWarning", code: "STRATA_TRANSACTION_ABANDONED" },
      );
    }
  }
}

const never = new Int32Array(new SharedArrayBuffer(4));

function blockFor(ms: number): void {
  Atomics.wait(never, 0, 0, ms);
}

function waitFor(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
