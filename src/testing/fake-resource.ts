import { type Awaitable, isPromiseLike } from "../operation/index.ts";
import {
  ConnectionPool,
  type DestroyReason,
  type PoolHooks,
  type PoolOptions,
  type PoolResource,
  type ResourceLimits,
} from "../pool/index.ts";
import type { Clock } from "../resilience/clock.ts";
import { FakeClock } from "./fake-clock.ts";

/** A connection to nothing. */
export interface FakeConnection {
  readonly id: number;
  /** Set it to false to lose the connection. */
  alive: boolean;
  /** Why it was ended; undefined while it is open. */
  ended: DestroyReason | undefined;
}

/**
 * What a pool lends in tests: it keeps count, and fails or waits as it is told to. Replace a function to change
 * what happens; by default everything succeeds at once.
 */
export class FakeResource implements PoolResource<FakeConnection> {
  readonly made: FakeConnection[] = [];
  /** Most connections that were open or being made at one time. */
  peak = 0;
  creates = 0;
  validations = 0;
  resets = 0;
  #creating = 0;

  /** Called at each `create`; what it throws is the failure, what it answers is waited for. */
  onCreate: (limits: ResourceLimits) => Awaitable<unknown> = () => undefined;
  onValidate: (connection: FakeConnection, limits: ResourceLimits) => Awaitable<unknown> = () => undefined;
  onReset: (connection: FakeConnection) => Awaitable<unknown> = () => undefined;
  onDestroy: (connection: FakeConnection) => Awaitable<unknown> = () => undefined;
  isPermanent: (error: unknown) => boolean = () => false;

  /** Connections that are open. */
  get open(): FakeConnection[] {
    return this.made.filter((connection) => connection.ended === undefined);
  }

  create(limits: ResourceLimits): Awaitable<FakeConnection> {
    this.creates += 1;
    const answer = this.onCreate(limits);
    if (!isPromiseLike(answer)) return this.#make();
    this.#creating += 1;
    this.#count();
    const end = () => {
      this.#creating -= 1;
    };
    answer.then(end, end);
    return answer.then(() => this.#make());
  }

  destroy(connection: FakeConnection, reason: DestroyReason): Awaitable<void> {
    if (connection.ended !== undefined) throw new Error(`connection ${connection.id} was ended twice`);
    connection.ended = reason;
    return nothing(this.onDestroy(connection));
  }

  validate(connection: FakeConnection, limits: ResourceLimits): Awaitable<void> {
    this.validations += 1;
    return nothing(this.onValidate(connection, limits));
  }

  reset(connection: FakeConnection): Awaitable<void> {
    this.resets += 1;
    return nothing(this.onReset(connection));
  }

  isUsable(connection: FakeConnection): boolean {
    return connection.alive;
  }

  #make(): FakeConnection {
    const connection: FakeConnection = { id: this.made.length + 1, alive: true, ended: undefined };
    this.made.push(connection);
    this.#count();
    return connection;
  }

  #count(): void {
    this.peak = Math.max(this.peak, this.open.length + this.#creating);
  }
}

/** A pool of such connections on a clock of its own, without jitter. Move `wall.offsetMs` to suspend the process. */
export function fakePool(options: PoolOptions = {}, hooks: PoolHooks<FakeConnection> = {}) {
  const clock = new FakeClock();
  const wall = { offsetMs: 0 };
  const resource = Object.assign(new FakeResource(), hooks);
  const wallNow = () => clock.now() + wall.offsetMs;
  const pool = new ConnectionPool<FakeConnection>(resource, options, { clock, wallNow, random: () => 0 });
  return { clock, wall, resource, pool };
}

/** Answers after `delayMs`, or fails then when an error is given. */
export function later(clock: Clock, delayMs: number, error?: Error): Promise<void> {
  return new Promise((resolve, reject) => {
    clock.setTimer(() => (error === undefined ? resolve() : reject(error)), delayMs);
  });
}

/** Never answers, as a server behind a black hole. */
export function never(): Promise<void> {
  return new Promise(() => {});
}

function nothing(answer: Awaitable<unknown>): Awaitable<void> {
  if (isPromiseLike(answer)) return answer.then(() => {});
}
