import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type PoolOptions, parsePoolOptions } from "./options.ts";
import { PoolState } from "./pool-state.ts";
import type { Ticket } from "./queue.ts";
import type { Action, Attempt, Slot } from "./slot.ts";

interface Thing {
  usable: boolean;
}

type Work = Extract<Action<Thing, number>, { kind: "prepare" }>;

/** Plays the part of the pool: does what the state decides, in whatever order the numbers say. */
class Player {
  nowMs = 0;
  readonly state: PoolState<Thing, number>;
  readonly #tickets = new Map<number, Ticket<number>>();
  readonly #work: Work[] = [];
  /** When the time of each waiter is over. */
  readonly #endsAtMs = new Map<number, number>();
  #waiters = 0;
  /** Highest number that was served: none may be served after a higher one. */
  #lastServed = 0;

  constructor(options: PoolOptions, preparesCheckout: boolean) {
    const facts = { preparesCheckout, isUsable: (thing: Thing) => thing.usable, isLate: this.#isLate };
    this.state = new PoolState(parsePoolOptions(options), facts, () => 0.5);
    this.state.open();
    this.act(this.state.pump(0));
  }

  act(actions: readonly Action<Thing, number>[]): void {
    for (const action of actions) {
      if (action.kind === "prepare") {
        expect(action.validate || action.checkout).toBe(true);
        this.#work.push(action);
      }
      if (action.kind === "expire") {
        expect(this.#isLate(action.waiter, this.nowMs)).toBe(true);
        expect(this.#tickets.delete(action.waiter)).toBe(true);
      }
      if (action.kind !== "grant") continue;
      expect(this.#isLate(action.waiter, this.nowMs)).toBe(false);
      expect(action.waiter).toBeGreaterThan(this.#lastServed);
      expect(this.#tickets.delete(action.waiter)).toBe(true);
      this.#lastServed = action.waiter;
    }
  }

  readonly #isLate = (waiter: number, nowMs: number): boolean =>
    nowMs > (this.#endsAtMs.get(waiter) ?? Number.POSITIVE_INFINITY);

  acquire(pick: number): void {
    const slot = this.state.takeIdle(this.nowMs);
    if (slot !== undefined) {
      expect(this.#tickets.size).toBe(0);
      return;
    }
    this.#waiters += 1;
    const timeoutMs = pick % 4 === 0 ? 100 : 10_000;
    this.#endsAtMs.set(this.#waiters, this.nowMs + timeoutMs);
    this.#tickets.set(this.#waiters, this.state.enqueue(this.#waiters, this.nowMs, timeoutMs));
    this.act(this.state.pump(this.nowMs));
  }

  giveUp(pick: number): void {
    const [waiter, ticket] = at([...this.#tickets], pick) ?? [];
    if (waiter === undefined || ticket === undefined) return;
    expect(this.state.giveUp(ticket, this.nowMs)).toBe(true);
    expect(this.state.giveUp(ticket, this.nowMs)).toBe(false);
    this.#tickets.delete(waiter);
    this.act(this.state.pump(this.nowMs));
  }

  connected(pick: number): void {
    const attempt = this.#attempt(pick);
    if (attempt === undefined) return;
    this.act(this.state.connected(attempt, { usable: true }, this.nowMs) ?? []);
    expect(this.state.connected(attempt, { usable: true }, this.nowMs)).toBeUndefined();
  }

  connectFailed(pick: number): void {
    const attempt = this.#attempt(pick);
    if (attempt !== undefined) this.act(this.state.connectFailed(attempt, this.nowMs, false));
  }

  release(pick: number): void {
    const slot = this.#in("leased", pick);
    if (slot !== undefined) this.act(this.state.release(slot, this.nowMs));
  }

  discard(pick: number): void {
    const slot = this.#in("leased", pick);
    if (slot !== undefined) this.act(this.state.discard(slot, "discarded", this.nowMs));
  }

  cleaned(pick: number): void {
    const slot = this.#in("cleaning", pick);
    if (slot !== undefined) this.act(this.state.cleaned(slot, this.nowMs));
  }

  prepared(pick: number, works: boolean): void {
    const work = this.#work.splice(this.#work.length === 0 ? 0 : pick % this.#work.length, 1)[0];
    if (work === undefined) return;
    if (works) this.act(this.state.prepared(work.slot, work, this.nowMs));
    else this.act(this.state.discard(work.slot, work.validate ? "invalid" : "hook failed", this.nowMs));
  }

  destroyed(pick: number): void {
    const slot = this.#in("closing", pick);
    if (slot !== undefined) this.act(this.state.destroyed(slot, this.nowMs));
  }

  lose(pick: number): void {
    const slot = at([...this.state.inventory.slots], pick);
    if (slot !== undefined) slot.resource.usable = false;
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.act(this.state.tick(this.nowMs));
    expect(this.state.nextTickMs(this.nowMs)).toBeGreaterThan(this.nowMs);
  }

  /** Lets everything succeed until nobody waits. */
  settle(minSize: number): void {
    for (let round = 0; round < 500 && !this.#quiet(minSize); round += 1) {
      this.advance(Math.max(1, this.state.backoff.notBeforeMs - this.nowMs));
      this.destroyed(0);
      this.connected(0);
      this.prepared(0, true);
      this.cleaned(0);
      this.release(0);
      this.check();
    }
    expect(this.#quiet(minSize)).toBe(true);
  }

  check(): void {
    const { state } = this;
    expect(state.inventory.slots.size + state.attempts.size).toBeLessThanOrEqual(state.hardLimit);
    const inPhase = (phase: string) =>
      [...state.inventory.slots].filter((slot) => slot.phase === phase).length;
    for (const [phase, count] of Object.entries(state.inventory.counts)) expect(count).toBe(inPhase(phase));
    expect(state.inventory.idle.length).toBe(state.inventory.counts.idle);
    const lastUsed = state.inventory.idle.map((slot) => slot.idleSinceMs);
    expect(lastUsed).toEqual(lastUsed.toSorted((a, b) => a - b));
    expect(state.waiters.size).toBe(this.#tickets.size);
    if (state.waiters.size > 0) expect(state.takeIdle(this.nowMs)).toBeUndefined();
    // Someone waits for nothing only where a limit forbids to do anything for them.
    if (state.unmet(this.nowMs) === 0) return;
    expect(state.inventory.idle.length).toBe(0);
    const paused = this.nowMs < state.backoff.notBeforeMs && state.nextTickMs(this.nowMs) < Infinity;
    const stuck = [...state.attempts].filter(({ stuckAtMs }) => this.nowMs >= stuckAtMs).length;
    const atLimit = state.inventory.slots.size + state.attempts.size - stuck === state.hardLimit;
    const busy = state.attempts.size - stuck === 2;
    const careful = state.backoff.failures > 0 || stuck > 0;
    const probing = careful && [...state.attempts].some((one) => this.nowMs < one.expectedUntilMs);
    expect(atLimit || paused || busy || probing).toBe(true);
  }

  /** Nothing is under way, and nothing is wanted. */
  #quiet(minSize: number): boolean {
    const { attempts, waiters } = this.state;
    const { slots, idle } = this.state.inventory;
    if (idle.length < minSize || slots.size > idle.length) return false;
    return attempts.size === 0 && waiters.size === 0;
  }

  #attempt(pick: number): Attempt | undefined {
    return at([...this.state.attempts], pick);
  }

  #in(phase: string, pick: number): Slot<Thing> | undefined {
    return at(
      [...this.state.inventory.slots].filter((slot) => slot.phase === phase),
      pick,
    );
  }
}

function at<T>(values: readonly T[], pick: number): T | undefined {
  return values[pick % Math.max(1, values.length)];
}

const steps: readonly ((player: Player, pick: number) => void)[] = [
  (player, pick) => player.acquire(pick),
  (player, pick) => player.acquire(pick),
  (player, pick) => player.connected(pick),
  (player, pick) => player.connected(pick),
  (player, pick) => player.release(pick),
  (player, pick) => player.release(pick),
  (player, pick) => player.cleaned(pick),
  (player, pick) => player.cleaned(pick),
  (player, pick) => player.prepared(pick, true),
  (player, pick) => player.destroyed(pick),
  (player, pick) => player.advance(pick * 10),
  (player, pick) => player.advance(pick * 50),
  (player, pick) => player.connectFailed(pick),
  (player, pick) => player.giveUp(pick),
  (player, pick) => player.discard(pick),
  (player, pick) => player.prepared(pick, false),
  (player, pick) => player.lose(pick),
  (player) => player.state.suspectAll(),
  (player) => player.act(player.state.clearIdle(player.nowMs)),
  (player) => player.act(player.state.evict(player.nowMs)),
];

const options = fc.record({
  minSize: fc.nat(2),
  maxSize: fc.integer({ min: 2, max: 4 }),
  maxOverflow: fc.nat(2),
  maxConnecting: fc.constant(2),
  validateAfterIdleMs: fc.constantFrom(0, 50, 500),
  idleTimeoutMs: fc.constantFrom(0, 200),
  keepaliveMs: fc.constantFrom(0, 100),
  recycleMs: fc.constantFrom(0, 1_000),
});
const script = fc.array(fc.tuple(fc.nat(steps.length - 1), fc.nat(30)), { maxLength: 120, size: "max" });

describe("PoolState, in any order of events", () => {
  it("keeps its limits, serves in turn, leaves nobody waiting beside an idle connection, and recovers", () => {
    const property = fc.property(options, fc.boolean(), script, (chosen, hook, picks) => {
      const player = new Player(chosen, hook);
      for (const [step, pick] of picks) {
        steps[step]?.(player, pick);
        player.check();
      }
      player.settle(chosen.minSize);
      expect(player.state.inventory.openCount).toBeLessThanOrEqual(chosen.maxSize);
    });
    fc.assert(property, { numRuns: 400 });
  });

  it("ends empty after drain and force, whatever was under way", () => {
    const property = fc.property(options, fc.boolean(), script, (chosen, hook, picks) => {
      const player = new Player(chosen, hook);
      for (const [step, pick] of picks) steps[step]?.(player, pick);
      const { state } = player;
      state.drain();
      expect(state.attempts.size).toBe(0);
      expect(state.inventory.counts).toMatchObject({ idle: 0, preparing: 0 });
      state.waiters.takeAll();
      player.release(0);
      state.force();
      for (const slot of [...state.inventory.slots]) {
        // What was under way reports late, and must change nothing.
        expect(state.cleaned(slot, player.nowMs)).toEqual([]);
        expect(state.prepared(slot, { validate: true, checkout: true }, player.nowMs)).toEqual([]);
        expect(state.destroyed(slot, player.nowMs)).toEqual([]);
      }
      expect(state.inventory.slots.size).toBe(0);
      expect(state.lifecycle).toBe("closed");
      expect(state.nextTickMs(player.nowMs)).toBe(Number.POSITIVE_INFINITY);
    });
    fc.assert(property, { numRuns: 200 });
  });
});
