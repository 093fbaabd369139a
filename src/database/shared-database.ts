import type { Backend, Capabilities, ConnectTarget, DriverConnection } from "../backend/index.ts";
import { type DatabaseConfig, judgeNode, type NodeIdentity, readIdentity } from "../config/index.ts";
import { Call, ConnectionCore, type ConnectionEnvironment } from "../connection/index.ts";
import { EntityStore } from "../entity/index.ts";
import {
  ConnectionError,
  ConnectTimeoutError,
  DatabaseError,
  QueryTimeoutError,
  UnsupportedError,
} from "../errors/index.ts";
import { Emitter } from "../observe/emitter.ts";
import type { DatabaseEvents } from "../observe/events.ts";
import { isPromiseLike, type Operation, wait } from "../operation/index.ts";
import { asyncSleep, blockingSleep, type Clock, systemClock } from "../resilience/index.ts";
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
  #newestNode: NodeIdentity | undefined;
  /** Whether servers do not tell who they are, so that they are not asked each time. */
  #identityIsSecret = false;
  /** Called when a new primary has been met: connections that were made before lead to the old one. */
  onFailover: () => void = () => {};

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
      sleep: blocking ? blockingSleep : (ms, signal) => asyncSleep(systemClock, signal)(ms),
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
      const made = isPromiseLike(driver) ? yield* wait(withinTime(driver, at, environment.clock)) : driver;
      core = new ConnectionCore(made, environment);
    } catch (error) {
      throw this.#connectFailure(error);
    }
    const facts = { backend: backend.name, operation: "connect", outcome: "not_sent" } as const;
    let unfit: string | undefined;
    try {
      unfit = yield* this.#unfit(core, `${at.host}:${at.port}`, call);
    } catch (error) {
      core.destroy();
      if (isNoAnswer(error)) {
        throw new ConnectionError(`${at.host}:${at.port} did not say whether it takes writes`, {
          ...facts,
          cause: error,
        });
      }
      throw error;
    }
    if (unfit === undefined) return core;
    yield* core.close();
    throw new ConnectionError(unfit, facts);
  }

  /** Asks a server, in one round trip, whether it is one that is wanted; why not, if it is not. */
  *#unfit(core: ConnectionCore, place: string, call: Call): Operation<string | undefined> {
    const { isReadOnlyServer, nodeIdentity } = this.backend.dialect;
    const wantsPrimary = this.config.role === "primary";
    const isOneOfSeveral = this.config.endpoints(this.target.port).length > 1;
    let row: readonly unknown[] | undefined;
    if (nodeIdentity !== undefined && !this.#identityIsSecret && (wantsPrimary || isOneOfSeveral)) {
      try {
        [row] = yield* core.execute(nodeIdentity.sql, nodeIdentity.params, call);
      } catch (error) {
        if (isNoAnswer(error)) throw error;
        this.#identityIsSecret = true;
      }
    }
    if (row === undefined && wantsPrimary && isReadOnlyServer !== undefined) {
      [row] = yield* core.execute(isReadOnlyServer.sql, isReadOnlyServer.params, call);
    }
    if (row === undefined) return undefined;
    // A standby is no use here, whatever it has to say of itself.
    if (wantsPrimary && Number(row[0]) !== 0) return `${place} takes no writes, and a primary is wanted`;
    const node = readIdentity(row[1], row[2]);
    if (node === undefined) return undefined;
    const verdict = judgeNode(this.#newestNode, node);
    if (verdict.is === "refused") return `split brain: ${place} ${verdict.because}`;
    this.#newestNode = verdict.newest;
    if (verdict.isNewer) this.onFailover();
    return undefined;
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

function isNoAnswer(error: unknown): boolean {
  return error instanceof QueryTimeoutError || error instanceof ConnectionError;
}

/** A driver ends its connect by itself, and knows best why. One that does not is not waited for much longer. */
const driverMarginMs = 50;

/** A connection of a driver that may keep to no limit. One that comes too late is destroyed. */
function withinTime(
  connecting: PromiseLike<DriverConnection>,
  { host, port, connectTimeoutMs }: Pick<ConnectTarget, "host" | "port" | "connectTimeoutMs">,
  clock: Clock,
): Promise<DriverConnection> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const expire = () => {
      isLate = true;
      reject(
        new ConnectTimeoutError(`no connection to ${host}:${port} within ${Math.round(connectTimeoutMs)} ms`),
      );
    };
    const timer = clock.setTimer(expire, connectTimeoutMs + driverMarginMs, { keepAlive: true });
    connecting.then(
      (driver) => {
        timer.clear();
        if (isLate) driver.destroy();
        else resolve(driver);
      },
      (error) => {
        timer.clear();
        reject(error);
      },
    );
  });
}
