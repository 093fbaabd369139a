import { ConnectBackoff } from "./backoff.ts";
import { Inventory } from "./inventory.ts";
import type { PoolSettings } from "./options.ts";
import { Queue, type Ticket } from "./queue.ts";
import type { Action, Attempt, DestroyReason, Slot } from "./slot.ts";

/** `new`: nothing was asked of the pool yet. `draining`: closing, leases may still be held. */
export type Lifecycle = "new" | "open" | "draining" | "closed";

/** What the state must know of the resources. */
export interface PoolFacts<R> {
  /** Whether a connection must be prepared each time before it is lent, because there is a checkout hook. */
  readonly preparesCheckout: boolean;
  /** Whether a connection can still be used, as far as is known without asking the server. */
  readonly isUsable: (resource: R) => boolean;
}

type Actions<R, W> = readonly Action<R, W>[];

/** Answered where nothing is to be done, so that the common case allocates nothing. */
const nothing: readonly never[] = [];

/**
 * Decides what a pool does; does no I/O, reads no clock, starts no timer. Each method changes the state and
 * answers what the caller must do, in order, and report back. A report about something that was since decided
 * otherwise is ignored, so late answers need no care.
 *
 * Invariants, after every method:
 * - connections of every phase and connects under way are `maxSize + maxOverflow` at most;
 * - nobody waits while a connection that could be lent at once is idle;
 * - waiters are served in the order in which they came.
 *
 * `R` is the resource; `W` stands for a waiter, of which nothing is known here.
 */
export class PoolState<R, W> {
  readonly inventory: Inventory<R>;
  /** Connects under way that are still wanted. */
  readonly attempts = new Set<Attempt>();
  readonly waiters = new Queue<W>();
  readonly backoff: ConnectBackoff;
  /** Connections that a warm-up wants open, on top of `minSize`. */
  warmTarget = 0;
  #lifecycle: Lifecycle = "new";
  #lastId = 0;
  readonly #settings: PoolSettings;
  readonly #preparesCheckout: boolean;

  constructor(settings: PoolSettings, facts: PoolFacts<R>, random: () => number) {
    this.#settings = settings;
    this.#preparesCheckout = facts.preparesCheckout;
    this.inventory = new Inventory(settings, facts.isUsable, random);
    this.backoff = new ConnectBackoff(settings, random);
  }

  get lifecycle(): Lifecycle {
    return this.#lifecycle;
  }

  get hardLimit(): number {
    return this.#settings.maxSize + this.#settings.maxOverflow;
  }

  /** Waiters for whom no connection is on its way. */
  get unmet(): number {
    return Math.max(0, this.waiters.size - this.#expectedCount());
  }

  /** Whether connecting is known to fail until someone changes something, and there is nothing else to wait for. */
  hopeless(nowMs: number): boolean {
    return this.backoff.permanent && nowMs < this.backoff.notBeforeMs && this.inventory.openCount === 0;
  }

  /** Lends the most recently used idle connection, if that needs no preparation and nobody waits. */
  takeIdle(nowMs: number): Slot<R> | undefined {
    const slot = this.inventory.idle.at(-1);
    if (slot === undefined || this.#preparesCheckout || this.waiters.size > 0) return undefined;
    if (this.#unfit(slot, nowMs) !== undefined || !this.inventory.isProven(slot, nowMs)) return undefined;
    this.inventory.move(slot, "leased");
    return slot;
  }

  /** From now on `minSize` is kept. Follow it with `pump`. */
  open(): void {
    if (this.#lifecycle === "new") this.#lifecycle = "open";
  }

  /** Puts a waiter at the end of the queue. Follow it with `pump`. */
  enqueue(waiter: W): Ticket<W> {
    return this.waiters.push(waiter);
  }

  /** A waiter no longer waits. Answers false when it was served before. */
  giveUp(ticket: Ticket<W>): boolean {
    if (!this.waiters.remove(ticket)) return false;
    // What it waited for was too slow. The next caller must get an attempt of its own instead of waiting behind it.
    const late = this.#slowest();
    if (late !== undefined) late.expected = false;
    return true;
  }

  pump(nowMs: number): Actions<R, W> {
    return this.#pumped(nowMs, []);
  }

  /** A connect succeeded. Answers undefined when its result is no longer wanted, and must be destroyed. */
  connected(attempt: Attempt, resource: R, nowMs: number): Actions<R, W> | undefined {
    if (!this.attempts.delete(attempt)) return undefined;
    this.backoff.succeeded();
    const slot = this.inventory.add(attempt, resource, nowMs);
    const actions = this.cleaned(slot, nowMs);
    // One more connect may start now, for `minSize` too, where nobody waits.
    return [...actions, ...this.pump(nowMs)];
  }

  connectFailed(attempt: Attempt, nowMs: number, permanent: boolean): Actions<R, W> {
    if (!this.attempts.delete(attempt)) return nothing;
    this.backoff.failed(attempt, nowMs, permanent);
    return this.pump(nowMs);
  }

  /** A connection was validated, or its checkout hook has run, or both. */
  prepared(
    slot: Slot<R>,
    done: { readonly validate: boolean; readonly checkout: boolean },
    nowMs: number,
  ): Actions<R, W> {
    if (slot.phase !== "preparing") return nothing;
    const reason = this.#unfit(slot, nowMs);
    if (reason !== undefined) return this.discard(slot, reason, nowMs);
    if (done.validate) this.inventory.prove(slot, nowMs);
    if (!done.checkout) return this.#settle(slot, nowMs);
    const actions: Action<R, W>[] = [];
    // If whoever it was prepared for has left, it goes the way of a connection that is given back.
    if (!this.#grant(slot, actions)) actions.push(this.#clean(slot));
    return actions;
  }

  /** A lease has ended. Its connection is reset first, unless it is not to be used again anyway. */
  release(slot: Slot<R>, nowMs: number): Actions<R, W> {
    if (slot.phase !== "leased") return nothing;
    const reason = this.#unfit(slot, nowMs);
    return reason === undefined ? [this.#clean(slot)] : this.discard(slot, reason, nowMs);
  }

  /** A connection that was reset may go to the next. */
  cleaned(slot: Slot<R>, nowMs: number): Actions<R, W> {
    if (slot.phase !== "cleaning") return nothing;
    const reason = this.#unfit(slot, nowMs);
    if (reason !== undefined) return this.discard(slot, reason, nowMs);
    slot.idleSinceMs = nowMs;
    this.inventory.prove(slot, nowMs);
    return this.#settle(slot, nowMs);
  }

  /** A connection is not to be used again. */
  discard(slot: Slot<R>, reason: DestroyReason, nowMs: number): Actions<R, W> {
    if (slot.phase === "closing") return nothing;
    const actions: Action<R, W>[] = [];
    this.#retire(slot, reason, actions);
    // One that did not answer says that the server or the network is gone for all of its age. Those made since
    // the first such finding are of a later generation, and stay.
    if (reason === "invalid" && this.inventory.isOfThisGeneration(slot)) this.#nextGeneration(actions);
    return this.#pumped(nowMs, actions);
  }

  /** A connection has been ended. */
  destroyed(slot: Slot<R>, nowMs: number): Actions<R, W> {
    if (!this.inventory.remove(slot)) return nothing;
    if (this.inventory.slots.size === 0 && this.#lifecycle === "draining") this.#lifecycle = "closed";
    return this.pump(nowMs);
  }

  /** Closes what was made before now: idle connections and connects under way at once, leased ones when they return. */
  evict(nowMs: number): Actions<R, W> {
    const actions: Action<R, W>[] = [];
    this.#nextGeneration(actions);
    this.#abandonAttempts(actions);
    return this.#pumped(nowMs, actions);
  }

  /** Nothing is known for sure any more: every idle connection is validated before it is lent. */
  suspectAll(): void {
    this.inventory.suspectAll();
  }

  clearIdle(nowMs: number): Actions<R, W> {
    const actions: Action<R, W>[] = [];
    for (const slot of [...this.inventory.idle]) this.#retire(slot, "cleared", actions);
    return this.#pumped(nowMs, actions);
  }

  /** Looks after what changes with time alone. Due at `nextTickMs`. */
  tick(nowMs: number): Actions<R, W> {
    const actions: Action<R, W>[] = [];
    const { idleTimeoutMs, minSize } = this.#settings;
    for (const slot of [...this.inventory.idle]) {
      const reason = this.#unfit(slot, nowMs);
      if (reason !== undefined) this.#retire(slot, reason, actions);
      else if (
        idleTimeoutMs > 0 &&
        nowMs >= slot.idleSinceMs + idleTimeoutMs &&
        this.inventory.openCount > minSize
      ) {
        this.#retire(slot, "idle", actions);
      } else if (nowMs >= slot.provenAtMs + slot.keepaliveMs) {
        this.#prepare(slot, { validate: true, checkout: false }, actions);
      }
    }
    return this.#pumped(nowMs, actions);
  }

  /** When `tick` has something to do; infinite when nothing changes with time. */
  nextTickMs(nowMs: number): number {
    if (this.#lifecycle !== "open") return Infinity;
    const { idleTimeoutMs, minSize } = this.#settings;
    const idleLimitMs = idleTimeoutMs > 0 && this.inventory.openCount > minSize ? idleTimeoutMs : Infinity;
    let dueMs =
      this.#wantedCount() > 0 && nowMs < this.backoff.notBeforeMs ? this.backoff.notBeforeMs : Infinity;
    for (const slot of this.inventory.idle) {
      dueMs = Math.min(dueMs, slot.idleSinceMs + idleLimitMs, slot.provenAtMs + slot.keepaliveMs);
    }
    // A leased one that has expired is closed when it comes back; until it has, it may come back before that.
    for (const slot of this.inventory.slots) {
      if (slot.phase === "closing") continue;
      if (slot.phase === "idle" || slot.expiresAtMs > nowMs) dueMs = Math.min(dueMs, slot.expiresAtMs);
    }
    return dueMs;
  }

  /** Nothing new is lent. Idle connections end now, leased ones when they come back. The waiters are the caller's. */
  drain(): Actions<R, W> {
    if (this.#lifecycle === "closed" || this.#lifecycle === "draining") return nothing;
    const actions: Action<R, W>[] = [];
    this.#abandonAttempts(actions);
    for (const slot of this.inventory.slots) {
      if (slot.phase === "idle" || slot.phase === "preparing") this.#retire(slot, "closed", actions);
    }
    this.#lifecycle = this.inventory.slots.size === 0 ? "closed" : "draining";
    return actions;
  }

  /** Ends every connection, whoever has it. */
  force(): Actions<R, W> {
    const actions: Action<R, W>[] = [];
    for (const slot of this.inventory.slots) {
      if (slot.phase !== "closing") this.#retire(slot, "forced", actions);
    }
    return actions;
  }

  /** Finds the place of a connection that is at rest: with a waiter, idle, or nowhere. */
  #settle(slot: Slot<R>, nowMs: number): Actions<R, W> {
    if (this.waiters.size > 0) {
      const actions: Action<R, W>[] = [];
      if (this.#preparesCheckout) this.#prepare(slot, { validate: false, checkout: true }, actions);
      else this.#grant(slot, actions);
      return this.#pumped(nowMs, actions);
    }
    if (this.inventory.openCount > this.#settings.maxSize) return this.discard(slot, "overflow", nowMs);
    this.inventory.move(slot, "idle");
    return nothing;
  }

  #pumped(nowMs: number, actions: Action<R, W>[]): Actions<R, W> {
    if (this.#lifecycle !== "open") return actions;
    if (this.waiters.size > 0 && this.inventory.idle.length > 0) this.#serve(nowMs, actions);
    while (this.#mayConnect(nowMs) && this.#wantedCount() > 0) {
      const attempt: Attempt = { id: ++this.#lastId, startedAtMs: nowMs, expected: true };
      this.attempts.add(attempt);
      actions.push({ kind: "connect", attempt });
    }
    return actions;
  }

  #serve(nowMs: number, actions: Action<R, W>[]): void {
    for (const slot of [...this.inventory.idle]) {
      const reason = this.#unfit(slot, nowMs);
      if (reason !== undefined) this.#retire(slot, reason, actions);
    }
    for (const slot of this.inventory.idle.toReversed()) {
      if (this.#preparesCheckout || !this.inventory.isProven(slot, nowMs)) continue;
      if (!this.#grant(slot, actions)) return;
    }
    while (this.inventory.idle.length > 0 && this.unmet > 0) {
      const slot = this.inventory.idle.at(-1);
      if (slot === undefined) return;
      const validate = !this.inventory.isProven(slot, nowMs);
      this.#prepare(slot, { validate, checkout: this.#preparesCheckout }, actions);
    }
  }

  #grant(slot: Slot<R>, actions: Action<R, W>[]): boolean {
    const waiter = this.waiters.shift();
    if (waiter === undefined) return false;
    this.inventory.move(slot, "leased");
    actions.push({ kind: "grant", slot, waiter });
    return true;
  }

  #clean(slot: Slot<R>): Action<R, W> {
    slot.expected = true;
    this.inventory.move(slot, "cleaning");
    return { kind: "clean", slot };
  }

  #prepare(
    slot: Slot<R>,
    work: { readonly validate: boolean; readonly checkout: boolean },
    actions: Action<R, W>[],
  ): void {
    slot.expected = true;
    this.inventory.move(slot, "preparing");
    actions.push({ kind: "prepare", slot, ...work });
  }

  #retire(slot: Slot<R>, reason: DestroyReason, actions: Action<R, W>[]): void {
    this.inventory.move(slot, "closing");
    if (reason === "lost") this.inventory.suspectOthers(slot);
    actions.push({ kind: "destroy", slot, reason });
  }

  #nextGeneration(actions: Action<R, W>[]): void {
    for (const slot of this.inventory.startGeneration()) this.#retire(slot, "evicted", actions);
  }

  #abandonAttempts(actions: Action<R, W>[]): void {
    for (const attempt of this.attempts) actions.push({ kind: "abandon", attempt });
    this.attempts.clear();
  }

  #unfit(slot: Slot<R>, nowMs: number): DestroyReason | undefined {
    if (this.#lifecycle === "draining" || this.#lifecycle === "closed") return "closed";
    return this.inventory.unfit(slot, nowMs);
  }

  #mayConnect(nowMs: number): boolean {
    if (nowMs < this.backoff.notBeforeMs) return false;
    if (this.inventory.slots.size + this.attempts.size >= this.hardLimit) return false;
    if (this.attempts.size >= this.#settings.maxConnecting) return false;
    return this.backoff.failures === 0 || ![...this.attempts].some((attempt) => attempt.expected);
  }

  /** Connects that should be started, were there no limits. */
  #wantedCount(): number {
    // After a permanent failure only callers are worth another try: a login that is repeated locks accounts.
    const floor = Math.max(this.backoff.permanent ? 0 : this.#settings.minSize, this.warmTarget);
    return Math.max(this.unmet, floor - this.inventory.openCount - this.attempts.size);
  }

  #expectedCount(): number {
    let count = this.inventory.expectedCount;
    for (const attempt of this.attempts) if (attempt.expected) count += 1;
    return count;
  }

  /** Connects before the rest: they are what takes long, and the first of them has taken longest. */
  #slowest(): Attempt | Slot<R> | undefined {
    for (const attempt of this.attempts) if (attempt.expected) return attempt;
    return this.inventory.firstExpected();
  }
}
