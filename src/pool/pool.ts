import type { ErrorFacts } from "../errors/index.ts";
import { Emitter } from "../observe/emitter.ts";
import type { Awaitable } from "../operation/index.ts";
import { type Clock, systemClock } from "../resilience/clock.ts";
import { PoolActor } from "./actor.ts";
import { Closing } from "./closing.ts";
import type { CloseReport, Leak, PoolEvents } from "./events.ts";
import { Expiries } from "./expiries.ts";
import type { PoolView } from "./explain.ts";
import { FigureRecorder } from "./figures.ts";
import { type Place, recordNoPlaces, recordPlaces } from "./holder.ts";
import { heldLeases } from "./leaks.ts";
import { type Lease, type Lender, PoolLease } from "./lease.ts";
import { type PoolOptions, type PoolSettings, parsePoolOptions } from "./options.ts";
import { Refusals } from "./refusals.ts";
import type { PoolResource } from "./resource.ts";
import type { Slot } from "./slot.ts";
import type { PoolStats } from "./stats.ts";
import { setPatientTimer } from "./timing.ts";
import { type AcquireOptions, Waiter } from "./waiter.ts";
import { WarmUps } from "./warmups.ts";

/** What a pool takes from around it. */
export interface PoolEnvironment {
  /** Default: the system's monotonic clock. */
  readonly clock?: Clock | undefined;
  /** The wall clock in milliseconds, compared with the other to notice suspensions. Default `Date.now`. */
  readonly wallNow?: (() => number) | undefined;
  /** From 0 to 1, for jitter. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  /** Where events go. Default: an emitter of its own. */
  readonly events?: Emitter<PoolEvents> | undefined;
  /** Facts that every error of the pool carries, such as the backend's name. */
  readonly facts?: ErrorFacts | undefined;
}

const noOptions: AcquireOptions = {};

/**
 * Lends connections, or whatever else a `PoolResource` makes. `PoolState` decides, `PoolActor` acts; here is what
 * callers see of it.
 */
export class ConnectionPool<R> {
  readonly settings: PoolSettings;
  readonly events: Emitter<PoolEvents>;
  readonly #clock: Clock;
  readonly #actor: PoolActor<R, Waiter<R>>;
  readonly #lender: Lender<R>;
  readonly #refusals: Refusals;
  readonly #warmUps = new WarmUps();
  readonly #waits = new FigureRecorder();
  readonly #uses = new FigureRecorder();
  readonly #expiries = new Expiries<Waiter<R>>((waiter, isOneOfMany) =>
    this.#refuseLate(waiter, isOneOfMany),
  );
  /** What all see who are refused in one turn of the event loop. */
  #sharedView: PoolView | undefined;
  #timeouts = 0;
  #refused = 0;
  #closing: Closing | undefined;

  /** Does no I/O. Wrong options are a `ConfigurationError`. */
  constructor(resource: PoolResource<R>, options: PoolOptions = {}, environment: PoolEnvironment = {}) {
    const settings = parsePoolOptions(options);
    const { clock = systemClock, wallNow = Date.now, random = Math.random, facts = {} } = environment;
    const events = environment.events ?? new Emitter<PoolEvents>();
    this.settings = settings;
    this.events = events;
    this.#clock = clock;
    this.#refusals = new Refusals(settings, facts);
    this.#lender = {
      takeBack: (lease, discard) => this.#takeBack(lease, discard),
      recordPlace: settings.leakThresholdMs > 0 ? recordPlaces : recordNoPlaces,
    };
    const calls = {
      grant: (slot: Slot<R>, waiter: Waiter<R>, nowMs: number) =>
        waiter.grant(this.#lend(slot, waiter.options, waiter.where, waiter.sinceMs, nowMs)),
      expire: (waiter: Waiter<R>) => this.#expiries.add(waiter),
      isLate: (waiter: Waiter<R>, nowMs: number) => waiter.isLate(nowMs),
      refuse: (waiters: readonly Waiter<R>[], error: unknown) => this.#refuseAll(waiters, error),
      changed: () => this.#changed(),
    };
    this.#actor = new PoolActor(resource, { settings, clock, wallNow, random, events }, calls);
  }

  /**
   * Takes a connection. Answers the lease itself when one is idle and needs no validation; else a promise of it,
   * and those who wait are served in turn.
   *
   * Throws, or rejects with: `PoolTimeoutError` when none came in time, or when more than `maxWaiting` wait;
   * `AbortedError` when the signal aborts; `ClosedError` when the pool is closed; what `create` threw when that
   * is permanent.
   */
  acquire(options: AcquireOptions = noOptions): Awaitable<Lease<R>> {
    const nowMs = this.#actor.now();
    const timeoutMs = options.timeoutMs ?? this.settings.acquireTimeoutMs;
    if (!isTimeout(timeoutMs)) throw this.#refusals.badTimeout("acquire", timeoutMs);
    if (options.signal?.aborted) throw this.#refusals.aborted(options.signal);
    const where = options.where ?? this.#lender.recordPlace(this.acquire);
    const slot = this.#actor.state.takeIdle(nowMs);
    if (slot === undefined) return this.#queue(new Waiter(nowMs, timeoutMs, options, where));
    const lease = this.#lend(slot, options, where, nowMs, nowMs);
    this.#actor.lent(nowMs);
    return lease;
  }

  /** Makes the first connections, `minSize` of them and one at least. See `warmup`. */
  start(): Promise<void> {
    return this.warmup(Math.max(1, this.settings.minSize));
  }

  /**
   * Opens connections until there are `connections`, `maxSize` at most. They are closed again as any that are
   * idle for too long. Rejects with a `PoolTimeoutError` (`STRATA_POOL_CREATION_TIMEOUT`) after
   * `poolCreationTimeoutMs`, and at once with a permanent error of `create`.
   */
  async warmup(connections: number): Promise<void> {
    const { maxSize, poolCreationTimeoutMs } = this.settings;
    if (!(Number.isInteger(connections) && connections >= 0 && connections <= maxSize)) {
      throw this.#refusals.badCount(connections);
    }
    this.#refuseWhenClosed();
    const { state } = this.#actor;
    const warm = this.#warmUps.add(connections, (fail) => {
      const expire = () => {
        fail(this.#refusals.notCreated(connections, this.#view()));
        this.#changed();
      };
      return setPatientTimer(this.#clock, expire, poolCreationTimeoutMs, { keepAlive: true });
    });
    const nowMs = this.#actor.now();
    state.open();
    state.warmTarget = this.#warmUps.target;
    this.#actor.act(state.pump(nowMs), nowMs);
    await warm;
  }

  /** Closes every idle connection, and answers how many there were. `minSize` is made anew. */
  clearIdle(): number {
    const nowMs = this.#actor.now();
    const count = this.#actor.state.inventory.idle.length;
    this.#actor.act(this.#actor.state.clearIdle(nowMs), nowMs);
    return count;
  }

  /** Closes all that was made before now, as after a failover: idle ones at once, leased ones when they return. */
  evict(): void {
    const nowMs = this.#actor.now();
    this.#actor.act(this.#actor.state.evict(nowMs), nowMs);
  }

  /** The leases held for `thresholdMs` or longer (default `leakThresholdMs`, else 300 000), the oldest first. */
  checkLeaks(thresholdMs: number = this.settings.leakThresholdMs || 300_000): Leak[] {
    return heldLeases(this.#actor.state.inventory.slots, this.#clock.now())
      .filter((lease) => lease.heldMs >= thresholdMs)
      .map((lease) => ({ ...lease, reclaimed: false }));
  }

  stats(): PoolStats {
    const { inventory, attempts, waiters, hardLimit, lifecycle } = this.#actor.state;
    const { counts, openCount } = inventory;
    const waits = this.#waits.snapshot();
    return {
      lifecycle,
      size: openCount,
      inUse: counts.leased,
      idle: counts.idle,
      validating: counts.preparing,
      resetting: counts.cleaning,
      connecting: attempts.size,
      closing: counts.closing,
      waiting: waiters.size,
      softLimit: this.settings.maxSize,
      hardLimit,
      utilization: counts.leased / hardLimit,
      acquired: waits.count,
      timeouts: this.#timeouts,
      refused: this.#refused,
      ...this.#actor.totals,
      waits,
      uses: this.#uses.snapshot(),
    };
  }

  /**
   * Refuses new callers and those who wait, closes what is idle, and waits for the leases. After `timeoutMs`
   * (default 30 000) it ends the rest by force. Always settles, within `timeoutMs` and 0.1 s, and never rejects.
   * A second call answers the same promise, and may bring the force forward.
   */
  close(options: { readonly timeoutMs?: number | undefined } = {}): Promise<CloseReport> {
    const timeoutMs = options.timeoutMs ?? 30_000;
    if (!isTimeout(timeoutMs)) throw this.#refusals.badTimeout("close", timeoutMs);
    const closing = this.#closing ?? this.#startClosing();
    closing.limit(timeoutMs);
    closing.check();
    return closing.report;
  }

  #queue(waiter: Waiter<R>): Awaitable<Lease<R>> {
    this.#refuseWhenClosed();
    const { state } = this.#actor;
    if (state.hopeless(waiter.sinceMs)) throw this.#refusals.connectFailed(this.#actor.connectError);
    state.open();
    const ticket = state.enqueue(waiter, waiter.sinceMs, waiter.timeoutMs);
    this.#actor.act(state.pump(waiter.sinceMs), waiter.sinceMs);
    // Only one who still waits can give up: a connection that was granted at the same moment is not lost.
    const giveUp = (refuse: () => void) => {
      const nowMs = this.#clock.now();
      if (!state.giveUp(ticket, nowMs)) return;
      refuse();
      this.#actor.act(state.pump(nowMs), nowMs);
    };
    if (waiter.timeoutMs === 0) giveUp(() => this.#refuseLate(waiter, false));
    const lease = waiter.take();
    if (lease !== undefined) return lease;
    const { maxWaiting } = this.settings;
    const isFull = state.waiters.size > maxWaiting && state.unmet(waiter.sinceMs) > maxWaiting;
    if (isFull && state.waiters.remove(ticket)) {
      this.#refused += 1;
      throw this.#refusals.full(this.#view());
    }
    const { signal, label } = waiter.options;
    if (this.events.has("waiting")) this.events.emit("waiting", { waiting: state.waiters.size, label });
    const expire = () => giveUp(() => this.#expiries.add(waiter));
    const timer = setPatientTimer(this.#clock, expire, waiter.timeoutMs, { keepAlive: true });
    return waiter.wait(timer, () => giveUp(() => waiter.refuse(this.#refusals.aborted(signal))));
  }

  #lend(
    slot: Slot<R>,
    options: AcquireOptions,
    where: Place | undefined,
    sinceMs: number,
    nowMs: number,
  ): PoolLease<R> {
    const lease = new PoolLease(this.#lender, slot, nowMs, options, where);
    slot.holder = lease;
    this.#waits.record(nowMs - sinceMs);
    if (this.events.has("acquired")) {
      const { label } = options;
      this.events.emit("acquired", { connectionId: slot.id, waitedMs: nowMs - sinceMs, label });
    }
    return lease;
  }

  #takeBack(lease: PoolLease<R>, discard: boolean): void {
    const { slot, label } = lease;
    const nowMs = this.#clock.now();
    const heldMs = nowMs - lease.acquiredAtMs;
    slot.holder = undefined;
    this.#uses.record(heldMs);
    if (this.events.has("released")) this.events.emit("released", { connectionId: slot.id, heldMs, label });
    const { state } = this.#actor;
    const actions = discard ? state.discard(slot, "discarded", nowMs) : state.release(slot, nowMs);
    this.#actor.act(actions, nowMs);
  }

  #refuseLate(waiter: Waiter<R>, isOneOfMany: boolean): void {
    this.#timeouts += 1;
    const { label } = waiter.options;
    if (this.events.has("timeout")) {
      const waitedMs = this.#clock.now() - waiter.sinceMs;
      this.events.emit("timeout", { waitedMs, label, stats: this.stats() });
    }
    waiter.refuse(this.#refusals.timedOut(waiter.timeoutMs, isOneOfMany ? this.#viewOfTurn() : this.#view()));
  }

  #viewOfTurn(): PoolView {
    if (this.#sharedView === undefined) {
      this.#sharedView = this.#view();
      queueMicrotask(() => {
        this.#sharedView = undefined;
      });
    }
    return this.#sharedView;
  }

  #refuseAll(waiters: readonly Waiter<R>[], error: unknown): void {
    const refusal = this.#refusals.connectFailed(error);
    for (const waiter of waiters) waiter.refuse(refusal);
    this.#warmUps.failAll(refusal);
  }

  #refuseWhenClosed(): void {
    const { lifecycle } = this.#actor.state;
    if (lifecycle === "draining" || lifecycle === "closed") throw this.#refusals.closed();
  }

  #changed(): void {
    const { state } = this.#actor;
    this.#warmUps.check(state.inventory.openCount);
    state.warmTarget = this.#warmUps.target;
    this.#closing?.check();
  }

  #view(): PoolView {
    const { inventory, attempts, waiters, hardLimit } = this.#actor.state;
    const { counts, openCount } = inventory;
    const stats = {
      size: openCount,
      inUse: counts.leased,
      idle: counts.idle,
      connecting: attempts.size,
      waiting: waiters.size,
      hardLimit,
      uses: this.#uses.sums,
    };
    const held = heldLeases(inventory.slots, this.#clock.now());
    return { stats, held, connectError: this.#actor.connectError };
  }

  #startClosing(): Closing {
    const { state } = this.#actor;
    const closing = new Closing(this.#clock, {
      held: () => heldLeases(state.inventory.slots, this.#clock.now()),
      force: () => {
        for (const slot of state.inventory.slots) this.#actor.reclaim(slot);
        this.#actor.act(state.force(), this.#clock.now());
      },
      unfinished: () => this.#actor.unfinished,
    });
    closing.report.then((report) => this.events.emit("closed", report));
    this.#closing = closing;
    const refusal = this.#refusals.closed();
    this.#actor.act(state.drain(), this.#clock.now());
    for (const waiter of state.waiters.takeAll()) waiter.refuse(refusal);
    this.#warmUps.failAll(refusal);
    return closing;
  }
}

function isTimeout(timeoutMs: number): boolean {
  return timeoutMs >= 0 && timeoutMs < 2 ** 31;
}
