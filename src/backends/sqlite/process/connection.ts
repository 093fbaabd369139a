import type {
  BeginOptions,
  CallLimits,
  DriverConnection,
  DriverCursor,
  DriverResult,
  NativeStatement,
  VersionDetails,
} from "../../../backend/index.ts";
import { AbortedError, ClosedError, type Outcome } from "../../../errors/index.ts";
import { lockWaitEndsAt, type Pauses } from "../waits.ts";
import type { WriteClaim } from "../write-turn.ts";
import type { ChildProcess } from "./child-process.ts";

/** How many sets of values `executeMany` sends at a time. */
const setsPerMessage = 500;
const closeTimeoutMs = 2_000;
const rollbackTimeoutMs = 250;

/**
 * A connection to SQLite whose database lives in a child process. A call that exceeds its limit is ended by
 * killing the process; the connection is not usable afterwards.
 *
 * The write turn is held on this side, so that connections of this program queue in order.
 */
export class IsolatedConnection implements DriverConnection {
  readonly #child: ChildProcess;
  readonly #claim: WriteClaim;
  readonly #pauses: Pauses;
  readonly #readOnly: boolean;
  #reading = false;
  #closed = false;

  constructor(child: ChildProcess, claim: WriteClaim, pauses: Pauses, readOnly: boolean) {
    this.#child = child;
    this.#claim = claim;
    this.#pauses = pauses;
    this.#readOnly = readOnly;
    // The file's lock is free only when the process is gone, and the turn not sooner.
    void child.exited.then(() => {
      claim.interrupt(child.gone());
      claim.leave();
    });
  }

  /** The child process, of `node:child_process`. */
  get raw(): unknown {
    return this.#child.node;
  }

  get inTransaction(): boolean {
    return this.#child.inTransaction;
  }

  get usable(): boolean {
    return !this.#closed && this.#child.running;
  }

  execute(statement: NativeStatement, values: readonly unknown[], limits: CallLimits): Promise<DriverResult> {
    return this.#run(statement, limits, (left) => {
      const outcomeIfLost = this.#outcomeIfLost(statement);
      return this.#child.ask("execute", { statement, values, limits: left }, { ...left, outcomeIfLost });
    });
  }

  executeMany(
    statement: NativeStatement,
    sets: Iterable<readonly unknown[]>,
    limits: CallLimits,
  ): Promise<number> {
    return this.#run(statement, limits, async (left) => {
      const outcomeIfLost = this.#outcomeIfLost(statement);
      const endsAtMs = this.#pauses.clock.now() + left.timeoutMs;
      let count = 0;
      for (const part of inParts(sets, setsPerMessage)) {
        const limit = { timeoutMs: Math.max(0, endsAtMs - this.#pauses.clock.now()) };
        const send = { statement, sets: part, limits: limit };
        count += await this.#child.ask("executeMany", send, { ...limit, outcomeIfLost });
      }
      return count;
    });
  }

  stream(statement: NativeStatement, values: readonly unknown[], limits: CallLimits): Promise<DriverCursor> {
    return this.#run(statement, limits, async (left) => {
      const outcomeIfLost = this.#outcomeIfLost(statement);
      const send = { statement, values, limits: left };
      const { cursor, columns } = await this.#child.ask("stream", send, { ...left, outcomeIfLost });
      return new IsolatedCursor(this.#child, cursor, columns);
    });
  }

  async begin(options: BeginOptions, limits: CallLimits): Promise<void> {
    const reading = options.readOnly === true || this.#readOnly;
    await this.#run({ readOnly: reading }, limits, (left) =>
      this.#child.ask("begin", { options, limits: left }, { ...left, outcomeIfLost: "rejected" }),
    );
    this.#reading = reading;
  }

  commit(limits: CallLimits): Promise<void> {
    return this.#run({ readOnly: true }, limits, (left) =>
      this.#child.ask("commit", left, {
        ...left,
        outcomeIfLost: this.#reading ? "rolled_back" : "unknown",
      }),
    );
  }

  async rollback(limits: CallLimits): Promise<void> {
    // A process that was killed took its transaction with it.
    if (!this.#child.running) return;
    // Usually sent when the time is up. It takes no time, and spares the process.
    const enough = { timeoutMs: Math.max(limits.timeoutMs, rollbackTimeoutMs) };
    await this.#run({ readOnly: true }, enough, (left) =>
      this.#child.ask("rollback", left, { ...left, outcomeIfLost: "rolled_back" }),
    );
  }

  ping(limits: CallLimits): Promise<void> {
    return this.#run({ readOnly: true }, limits, (left) =>
      this.#child.ask("ping", left, { ...left, outcomeIfLost: "rejected" }),
    );
  }

  reset(): Promise<void> {
    return this.#run({ readOnly: true }, { timeoutMs: Infinity }, (left) =>
      this.#child.ask("reset", undefined, { ...left, outcomeIfLost: "rejected" }),
    );
  }

  version(): Promise<VersionDetails> {
    return this.#child.ask("version", undefined, { timeoutMs: Infinity, outcomeIfLost: "rejected" });
  }

  async cancel(): Promise<void> {
    if (this.#claim.waiting) {
      return this.#claim.interrupt(
        new AbortedError("the call was stopped while it waited for its turn to write", {
          backend: "sqlite",
          outcome: "not_sent",
        }),
      );
    }
    this.#child.kill("cancel");
    await this.#child.exited;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#child.close(closeTimeoutMs);
  }

  destroy(): void {
    this.#closed = true;
    this.#claim.interrupt(
      new ClosedError("the connection was destroyed while the call waited", { backend: "sqlite" }),
    );
    this.#child.kill("destroyed");
  }

  /** Calls the child with the time that is left when it is this connection's turn. */
  async #run<T>(
    { readOnly }: Pick<NativeStatement, "readOnly">,
    limits: CallLimits,
    work: (left: CallLimits) => Promise<T>,
  ): Promise<T> {
    const { clock } = this.#pauses;
    const endsAtMs = clock.now() + limits.timeoutMs;
    try {
      // In a transaction that reads, the child refuses a write by itself.
      if (!readOnly && !this.#claim.held && !this.#reading && !this.#readOnly) {
        await this.#claim.take(lockWaitEndsAt(limits, clock));
      }
      return await work({ timeoutMs: Math.max(0, endsAtMs - clock.now()) });
    } finally {
      if (!this.#child.inTransaction) {
        this.#reading = false;
        this.#claim.release();
      }
    }
  }

  #outcomeIfLost(statement: NativeStatement): Outcome {
    if (this.#child.inTransaction) return "rolled_back";
    return statement.readOnly ? "rejected" : "unknown";
  }
}

/** A cursor that is read from the child piece by piece. `cancel` of its connection stops a read. */
class IsolatedCursor implements DriverCursor {
  readonly columns: readonly string[];
  readonly #child: ChildProcess;
  readonly #cursor: number;

  constructor(child: ChildProcess, cursor: number, columns: readonly string[]) {
    this.#child = child;
    this.#cursor = cursor;
    this.columns = columns;
  }

  read(count: number): Promise<unknown[][]> {
    return this.#child.ask("read", { cursor: this.#cursor, count }, untilCancelled);
  }

  async close(): Promise<void> {
    if (this.#child.running) await this.#child.ask("closeCursor", { cursor: this.#cursor }, untilCancelled);
  }
}

const untilCancelled = { timeoutMs: Infinity, outcomeIfLost: "rejected" } as const;

function* inParts<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let part: T[] = [];
  for (const item of items) {
    part.push(item);
    if (part.length < size) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
