import type {
  Backend,
  BeginOptions,
  CallLimits,
  Command,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "../../../src/backend/index.ts";
import type { Awaitable } from "../../../src/operation/index.ts";

/**
 * What goes wrong at one call of the driver.
 * - `lostBefore`: the connection is gone before anything is sent;
 * - `lostAfter`: the work is done, and the connection is lost before the answer comes;
 * - `hang`: the work is done, and the answer never comes;
 * - `late`: the answer comes after a while;
 * - `rejected`: the server refuses a statement. Begin, commit and the like are not refused.
 */
export type FaultKind = "lostBefore" | "lostAfter" | "hang" | "late" | "rejected";

/** Lets the n-th call of the driver fail. Calls are counted over all connections. */
export class FaultPlan {
  readonly kind: FaultKind;
  readonly at: number;
  calls = 0;
  #armed = true;
  /** The name of the call that was hit; undefined when there were fewer calls. */
  hit: string | undefined;

  constructor(kind: FaultKind, at: number) {
    this.kind = kind;
    this.at = at;
  }

  /** Whether this call is the one to harm. */
  meets(name: string): boolean {
    if (!this.#armed) return false;
    this.calls += 1;
    if (this.calls !== this.at) return false;
    this.hit = name;
    return true;
  }

  /** From now on nothing is harmed any more. */
  disarm(): void {
    this.#armed = false;
  }
}

const lateMs = 40;

/** A backend whose driver fails as the plan for the database's alias says. */
export function faultyBackend(backend: Backend, plans: ReadonlyMap<string, FaultPlan>): Backend {
  return {
    ...backend,
    name: `faulty-${backend.name}`,
    aliases: [],
    async connect(target) {
      const plan = plans.get(target.alias);
      if (plan === undefined) return await backend.connect(target);
      if (!plan.meets("connect"))
        return new FaultyConnection(await backend.connect(target), backend.name, plan);
      if (plan.kind === "hang") await new Promise(() => {});
      if (plan.kind === "late") await delay();
      else throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
      return new FaultyConnection(await backend.connect(target), backend.name, plan);
    },
  };
}

class FaultyConnection implements DriverConnection {
  readonly executeAll?: (commands: readonly Command[], limits: CallLimits) => Awaitable<DriverResult[]>;
  readonly executeAtomically?: (commands: readonly Command[], limits: CallLimits) => Awaitable<DriverResult>;
  readonly #driver: DriverConnection;
  readonly #backend: string;
  readonly #plan: FaultPlan;
  #failHung: ((error: Error) => void) | undefined;

  constructor(driver: DriverConnection, backend: string, plan: FaultPlan) {
    this.#driver = driver;
    this.#backend = backend;
    this.#plan = plan;
    if (driver.executeAll !== undefined) {
      const work = driver.executeAll.bind(driver);
      this.executeAll = (commands, limits) => this.#call("executeAll", () => work(commands, limits), limits);
    }
    if (driver.executeAtomically !== undefined) {
      const work = driver.executeAtomically.bind(driver);
      this.executeAtomically = (commands, limits) =>
        this.#call("executeAtomically", () => work(commands, limits), limits);
    }
  }

  get sessionId(): string | number | undefined {
    return this.#driver.sessionId;
  }

  get raw(): unknown {
    return this.#driver.raw;
  }

  get inTransaction(): boolean {
    return this.#driver.inTransaction;
  }

  get usable(): boolean {
    return this.#driver.usable;
  }

  execute(
    statement: NativeStatement,
    values: readonly unknown[],
    limits: CallLimits,
  ): Awaitable<DriverResult> {
    return this.#call("execute", () => this.#driver.execute(statement, values, limits), limits);
  }

  executeMany(
    statement: NativeStatement,
    sets: Iterable<readonly unknown[]>,
    limits: CallLimits,
  ): Awaitable<number> {
    return this.#call("executeMany", () => this.#driver.executeMany(statement, sets, limits), limits);
  }

  stream(
    statement: NativeStatement,
    values: readonly unknown[],
    limits: CallLimits,
  ): Awaitable<DriverCursor> {
    return this.#call(
      "stream",
      async (): Promise<DriverCursor> => {
        const cursor = await this.#driver.stream(statement, values, limits);
        return {
          columns: cursor.columns,
          read: (count) => this.#call("read", () => cursor.read(count)),
          close: () => this.#call("closeCursor", () => cursor.close()),
        };
      },
      limits,
    );
  }

  begin(options: BeginOptions, limits: CallLimits): Awaitable<void> {
    return this.#call("begin", () => this.#driver.begin(options, limits));
  }

  commit(limits: CallLimits): Awaitable<void> {
    return this.#call("commit", () => this.#driver.commit(limits));
  }

  rollback(limits: CallLimits): Awaitable<void> {
    return this.#call("rollback", () => this.#driver.rollback(limits));
  }

  ping(limits: CallLimits): Awaitable<void> {
    return this.#call("ping", () => this.#driver.ping(limits));
  }

  reset(): Awaitable<void> {
    return this.#call("reset", () => this.#driver.reset());
  }

  version(): Awaitable<VersionDetails> {
    return this.#driver.version();
  }

  async cancel(): Promise<void> {
    // Towards a server that hangs, a request to stop hangs as well.
    if (this.#failHung !== undefined) await new Promise(() => {});
    await this.#driver.cancel();
  }

  close(): Awaitable<void> {
    return this.#driver.close();
  }

  destroy(): void {
    this.#driver.destroy();
    this.#failHung?.(this.#lost());
  }

  #call<T>(name: string, work: () => Awaitable<T>, limits?: CallLimits): Awaitable<T> {
    const mayBeRejected = limits !== undefined;
    if (this.#plan.kind === "rejected" && !mayBeRejected) return work();
    if (!this.#plan.meets(name)) return work();
    return this.#fail(work, limits);
  }

  async #fail<T>(work: () => Awaitable<T>, limits: CallLimits | undefined): Promise<T> {
    const { kind } = this.#plan;
    if (kind === "late") {
      await delay();
      return await work();
    }
    if (kind === "rejected") {
      const refused = { text: "SELECT 1 FROM nowhere_at_all", readOnly: true, reusable: false };
      await this.#driver.execute(refused, [], limits ?? { timeoutMs: 1000 });
      throw new Error("expected the server to refuse a statement on a table that is not there");
    }
    if (kind === "lostBefore") {
      this.#driver.destroy();
      return await work();
    }
    const hung =
      kind === "hang"
        ? new Promise<never>((_resolve, reject) => {
            this.#failHung = reject;
          })
        : undefined;
    hung?.catch(() => {});
    await work();
    if (hung !== undefined) return await hung;
    this.#driver.destroy();
    throw this.#lost();
  }

  #lost(): Error {
    if (this.#backend === "sqlite")
      return Object.assign(new Error("disk I/O error"), { code: "SQLITE_IOERR" });
    return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  }
}

function delay(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, lateMs));
}
