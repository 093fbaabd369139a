import { careFor, nextCareMs } from "./ageing.ts";
import type { ConnectBackoff } from "./backoff.ts";
import { Connects } from "./connects.ts";
import { Inventory } from "./inventory.ts";
import type { PoolSettings } from "./options.ts";
import { Queue, type Ticket } from "./queue.ts";
import type { Action, Attempt, DestroyReason, Slot } from "./slot.ts";

/** `new`: nothing was asked of the pool yet. `draining`: closing, leases may still be held. */
export type Lifecycle = "new" | "open" | "draining" | "closed";

/** What the state must know of the resources and the waiters. */
export interface PoolFacts<R, W> {
  /** Whether a connection must be prepared each time before it is lent, because there is a checkout hook. */
  readonly preparesCheckout: boolean;
  /** Whether a connection can still be used, as far as is known without asking the server. */
  readonly isUsable: (resource: R) => boolean;
  /** Whether a waiter's time is over, so that a connection would be of no use to it. */
  readonly isLate: (waiter: W, nowMs: number) => boolean;
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
  readonly waiters = new Queue<W>();
  /** Connections that a warm-up wants open, on top of `minSize`. */
  warmTarget = 0;
  #lifecycle: Lifecycle = "new";
  readonly #settings: PoolSettings;
  readonly #facts: PoolFacts<R, W>;
  readonly #connects: Connects;

  constructor(settings: PoolSettings, facts: PoolFacts<R, W>, random: () => number) {
    this.#settings = settings;
    this.#facts = facts;
    this.inventory = new Inventory(settings, facts.isUsable, random);
    this.#connects = new Connects(settings, random);
  }

  /** Connects under way that are still wanted. */
  get attempts(): ReadonlySet<Attempt> {
    return this.#connects.attempts;
  }

  get backoff(): ConnectBackoff {
    return this.#connects.backoff;
  }

  get lifecycle(): Lifecycle {
    return this.#lifecycle;
  }

  get hardLimit(): number {
    return this.#settings.maxSize + this.#settings.maxOverflow;
  }

  /** Waiters for whom no connection is on its way. */
  unmet(nowMs: number): number {
    if (this.waiters.size === 0) return 0;
    return Math.max(
      0,
      this.waiters.size - this.inventory.expectedCount(nowMs) - this.#connects.expectedCount(nowMs),
    );
  }

  /** Whether something is waited for that may turn out to be stuck, so that `nextTickMs` may have come closer. */
  get countsOnOthers(): boolean {
    const { preparing, cleaning } = this.inventory.counts;
    return this.attempts.size > 0 || (this.waiters.size > 0 && preparing + cleaning > 0);
  }

  /** Whether connecting is known to fail until someone changes something, and there is nothing else to wait for. */
  hopeless(nowMs: number): boolean {
    return this.backoff.permanent && nowMs < this.backoff.notBeforeMs && this.inventory.openCount === 0;
  }

  /** Lends the most recently used idle connection, if that needs no preparation and nobody waits. */
  takeIdle(nowMs: number): Slot<R> | undefined {
    const slot = this.inventory.idle.at(-1);
    if (slot === undefined || this.#facts.preparesCheckout || this.waiters.size > 0) return undefined;
    if (this.#unfit(slot, nowMs) !== undefined || !this.inventory.isProven(slot, nowMs)) return undefined;
    this.inventory.move(slot, "leased");
    return slot;
  }

  /** From now on `minSize` is kept. Follow it with `pump`. */
  open(): void {
    if (this.#lifecycle === "new") this.#lifecycle = "open";
  }

  /** Puts a waiter, who will wait for `timeoutMs`, at the end of the queue. Follow it with `pump`. */
  enqueue(waiter: W, nowMs: number, timeoutMs: number): Ticket<W> {
    this.#connects.needed(nowMs, timeoutMs);
    return this.waiters.push(waiter);
  }

  /** A waiter no longer waits. Answers false when it was served before. */
  giveUp(ticket: Ticket<W>, nowMs: number): boolean {
    if (!this.waiters.remove(ticket)) return false;
    // What it waited for was too slow. The next caller must get an attempt of its own instead of waiting behind it.
    // Connects come first: they are what takes long, and the first of them has taken longest.
    const attempt = this.#connects.firstExpected(nowMs);
    const slot = attempt === undefined ? this.inventory.firstExpected(nowMs) : undefined;
    if (attempt !== undefined) attempt.expectedUntilMs = nowMs;
    else if (slot !== undefined) slot.expectedUntilMs = nowMs;
    return true;
  }

  pump(nowMs: number): Actions<R, W> {
    return this.#pumped(nowMs, []);
  }

  /** A connect succeeded. Answers undefined when its result is no longer wanted, and must be destroyed. */
  connected(attempt: Attempt, resource: R, nowMs: number): Actions<R, W> | undefined {
    if (!this.#connects.made(attempt, nowMs)) return undefined;
    if (!this.#facts.preparesCheckout) this.#connects.lendable();
    const actions: Action<R, W>[] = [];
    this.#abandon(this.#connects.abandonOvertaken(attempt, nowMs), actions);
    actions.push(...this.cleaned(this.inventory.add(attempt, resource, nowMs), nowMs));
    // One more connect may start now, for `minSize` too, where nobody waits.
    return this.#pumped(nowMs, actions);
  }

  connectFailed(attempt: Attempt, nowMs: number, permanent: boolean): Actions<R, W> {
    return this.#connects.failed(attempt, nowMs, permanent) ? this.pump(nowMs) : nothing;
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
    this.#connects.lendable();
    const actions: Action<R, W>[] = [];
    // If whoever it was prepared for has left, it goes the way of a connection that is given back.
    if (!this.#grant(slot, nowMs, actions)) actions.push(this.#clean(slot, nowMs));
    return this.#pumped(nowMs, actions);
  }

  /** A lease has ended. Its connection is reset first, unless it is not to be used again anyway. */
  release(slot: Slot<R>, nowMs: number): Actions<R, W> {
    if (slot.phase !== "leased") return nothing;
    const reason = this.#unfit(slot, nowMs);
    return reason === undefined ? [this.#clean(slot, nowMs)] : this.discard(slot, reason, nowMs);
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
    if (reason === "hook failed" && slot.phase === "preparing")
      this.#connects.unlendable(slot.createdAtMs, nowMs);
    this.#retire(slot, reason, actions);
    // One that did not answer says that the server or the network is gone for all of its age, but for those that were
    // heard of since it was asked.
    if (reason === "invalid" && this.inventory.isOfThisGeneration(slot))
      this.#nextGeneration(slot.askedAtMs, actions);
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
    this.#nextGeneration(Number.POSITIVE_INFINITY, actions);
    this.#abandon(this.#connects.abandonAll(), actions);
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
    for (const slot of [...this.inventory.idle]) {
      const care = careFor(slot, this.inventory, this.#settings, nowMs);
      if (care?.does === "retire") this.#retire(slot, care.reason, actions);
      else if (care !== undefined) {
        this.#prepare(slot, { validate: true, checkout: false }, nowMs, actions);
      }
    }
    return this.#pumped(nowMs, actions);
  }

  /** When `tick` has something to do; infinite when nothing changes with time. */
  nextTickMs(nowMs: number): number {
    if (this.#lifecycle !== "open") return Infinity;
    const { startAtMs } = this.#connects;
    const connectMs = nowMs < startAtMs && this.#wantedCount(nowMs) > 0 ? startAtMs : Infinity;
    const slotStuckMs = this.waiters.size > 0 ? this.inventory.nextStuckMs(nowMs) : Infinity;
    const stuckMs = Math.min(slotStuckMs, this.#connects.nextStuckMs(nowMs));
    return Math.min(connectMs, stuckMs, nextCareMs(this.inventory, this.#settings, nowMs));
  }

  /** Nothing new is lent. Idle connections end now, leased ones when they come back. The waiters are the caller's. */
  drain(): Actions<R, W> {
    if (this.#lifecycle === "closed" || this.#lifecycle === "draining") return nothing;
    const actions: Action<R, W>[] = [];
    this.#abandon(this.#connects.abandonAll(), actions);
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
      if (this.#facts.preparesCheckout) {
        this.#prepare(slot, { validate: false, checkout: true }, nowMs, actions);
        return this.#pumped(nowMs, actions);
      }
      if (this.#grant(slot, nowMs, actions)) return this.#pumped(nowMs, actions);
      return [...actions, ...this.#settle(slot, nowMs)];
    }
    if (this.inventory.openCount > this.#settings.maxSize) return this.discard(slot, "overflow", nowMs);
    this.inventory.move(slot, "idle");
    return nothing;
  }

  #pumped(nowMs: number, actions: Action<R, W>[]): Actions<R, W> {
    if (this.#lifecycle !== "open") return actions;
    const { idle } = this.inventory;
    if (this.waiters.size > 0 && idle.length > 0) this.#lendProven(nowMs, actions);
    // A validation that hangs casts doubt on the others of its age: a new connection is the better prospect.
    if (this.waiters.size > 0 && this.inventory.someHang(nowMs)) this.#connectAll(nowMs, actions);
    while (idle.length > 0 && this.unmet(nowMs) > 0) {
      const slot = idle.at(-1);
      if (slot === undefined) break;
      const validate = !this.inventory.isProven(slot, nowMs);
      this.#prepare(slot, { validate, checkout: this.#facts.preparesCheckout }, nowMs, actions);
    }
    this.#connectAll(nowMs, actions);
    return actions;
  }

  #connectAll(nowMs: number, actions: Action<R, W>[]): void {
    for (;;) {
      const isFull = this.inventory.slots.size + this.attempts.size >= this.hardLimit;
      const stuck = isFull ? this.#connects.lastStuck(nowMs) : undefined;
      if (isFull && stuck === undefined) return;
      if (!this.#connects.mayStart(nowMs) || this.#wantedCount(nowMs) <= 0) return;
      if (stuck !== undefined) this.#abandon([stuck], actions);
      actions.push({ kind: "connect", attempt: this.#connects.start(nowMs, stuck) });
    }
  }

  #lendProven(nowMs: number, actions: Action<R, W>[]): void {
    for (const slot of [...this.inventory.idle]) {
      const reason = this.#unfit(slot, nowMs);
      if (reason !== undefined) this.#retire(slot, reason, actions);
    }
    for (const slot of this.inventory.idle.toReversed()) {
      if (this.#facts.preparesCheckout || !this.inventory.isProven(slot, nowMs)) continue;
      if (!this.#grant(slot, nowMs, actions)) return;
    }
  }

  /** Lends a connection to the first waiter who still has time. Answers false when there is none. */
  #grant(slot: Slot<R>, nowMs: number, actions: Action<R, W>[]): boolean {
    for (let waiter = this.waiters.shift(); waiter !== undefined; waiter = this.waiters.shift()) {
      if (this.#facts.isLate(waiter, nowMs)) {
        actions.push({ kind: "expire", waiter });
        continue;
      }
      this.inventory.move(slot, "leased");
      actions.push({ kind: "grant", slot, waiter });
      return true;
    }
    return false;
  }

  #clean(slot: Slot<R>, nowMs: number): Action<R, W> {
    this.inventory.asked(slot, nowMs);
    this.inventory.move(slot, "cleaning");
    return { kind: "clean", slot };
  }

  #prepare(
    slot: Slot<R>,
    work: { readonly validate: boolean; readonly checkout: boolean },
    nowMs: number,
    actions: Action<R, W>[],
  ): void {
    this.inventory.asked(slot, nowMs);
    this.inventory.move(slot, "preparing");
    actions.push({ kind: "prepare", slot, ...work });
  }

  #retire(slot: Slot<R>, reason: DestroyReason, actions: Action<R, W>[]): void {
    this.inventory.move(slot, "closing");
    if (reason === "lost") this.inventory.suspectOthers(slot);
    actions.push({ kind: "destroy", slot, reason });
  }

  #nextGeneration(provenSinceMs: number, actions: Action<R, W>[]): void {
    for (const slot of this.inventory.startGeneration(provenSinceMs)) this.#retire(slot, "evicted", actions);
  }

  #abandon(attempts: readonly Attempt[], actions: Action<R, W>[]): void {
    for (const attempt of attempts) actions.push({ kind: "abandon", attempt });
  }

  #unfit(slot: Slot<R>, nowMs: number): DestroyReason | undefined {
    if (this.#lifecycle === "draining" || this.#lifecycle === "closed") return "closed";
    return this.inventory.unfit(slot, nowMs);
  }

  /** Connects that should be started, were there no limits. */
  #wantedCount(nowMs: number): number {
    // After a permanent failure only callers are worth another try: a login that is repeated locks accounts.
    const floor = Math.max(this.backoff.permanent ? 0 : this.#settings.minSize, this.warmTarget);
    const hopeful = this.attempts.size - this.#connects.stuckCount(nowMs);
    return Math.max(this.unmet(nowMs), floor - this.inventory.openCount - hopeful);
  }
}
