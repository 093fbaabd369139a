import type { PoolSettings } from "./options.ts";
import type { Attempt, DestroyReason, Phase, Slot } from "./slot.ts";

/**
 * A reset or a validation is a round trip or a hook. One that takes longer than this may hang, and then a waiter must
 * not go on counting on it while another connection could be made.
 */
const patienceMs = 100;

/**
 * The connections of a pool and what is known of them. `PoolState` decides with it what becomes of them.
 *
 * Knowledge grows old in two ways, each with a counter that only goes up. A new generation: those of earlier ones
 * must not be used again. A new epoch: those last heard of in earlier ones must be asked before they are used.
 * Counters, not times, so that two events of the same moment cannot be confused.
 */
export class Inventory<R> {
  /** All connections, those being closed included. */
  readonly slots = new Set<Slot<R>>();
  /** The idle ones, the most recently used last. */
  readonly idle: Slot<R>[] = [];
  /** How many there are of each phase. */
  readonly counts: Record<Phase, number> = { idle: 0, preparing: 0, leased: 0, cleaning: 0, closing: 0 };
  readonly #settings: PoolSettings;
  readonly #isUsable: (resource: R) => boolean;
  readonly #random: () => number;
  #generation = 0;
  #epoch = 0;

  constructor(settings: PoolSettings, isUsable: (resource: R) => boolean, random: () => number) {
    this.#settings = settings;
    this.#isUsable = isUsable;
    this.#random = random;
  }

  /** Connections that are not being closed. */
  get openCount(): number {
    return this.slots.size - this.counts.closing;
  }

  /** Connections that a waiter may soon have. */
  expectedCount(nowMs: number): number {
    if (!this.#someOnTheirWay) return 0;
    let count = 0;
    for (const slot of this.slots) if (isExpected(slot, nowMs)) count += 1;
    return count;
  }

  firstExpected(nowMs: number): Slot<R> | undefined {
    if (!this.#someOnTheirWay) return undefined;
    for (const slot of this.slots) if (isExpected(slot, nowMs)) return slot;
    return undefined;
  }

  /** Whether a validation or a checkout hook takes so long that no waiter counts on it any more. */
  someHang(nowMs: number): boolean {
    if (this.counts.preparing === 0) return false;
    for (const slot of this.slots) {
      if (slot.phase === "preparing" && nowMs >= slot.expectedUntilMs) return true;
    }
    return false;
  }

  /** When the next of those that a waiter counts on is taken for stuck; infinite when there is none. */
  nextStuckMs(nowMs: number): number {
    let dueMs = Number.POSITIVE_INFINITY;
    if (!this.#someOnTheirWay) return dueMs;
    for (const slot of this.slots) {
      if (isExpected(slot, nowMs)) dueMs = Math.min(dueMs, slot.expectedUntilMs);
    }
    return dueMs;
  }

  /** Its validation or reset begins, and a waiter may count on it for a while. */
  asked(slot: Slot<R>, nowMs: number): void {
    slot.askedAtMs = nowMs;
    slot.expectedUntilMs = nowMs + patienceMs;
  }

  get #someOnTheirWay(): boolean {
    return this.counts.preparing + this.counts.cleaning > 0;
  }

  /** Takes in a new connection. It stands where one stands that was just cleaned. */
  add(attempt: Attempt, resource: R, nowMs: number): Slot<R> {
    const { recycleMs, keepaliveMs } = this.#settings;
    const slot: Slot<R> = {
      id: attempt.id,
      resource,
      createdAtMs: nowMs,
      expiresAtMs: recycleMs === 0 ? Infinity : nowMs + recycleMs * (0.975 - 0.075 * this.#random()),
      keepaliveMs: keepaliveMs === 0 ? Infinity : keepaliveMs * (1 - 0.1 * this.#random()),
      generation: this.#generation,
      phase: "cleaning",
      idleSinceMs: nowMs,
      provenAtMs: nowMs,
      provenEpoch: this.#epoch,
      askedAtMs: nowMs,
      expectedUntilMs: nowMs,
      holder: undefined,
    };
    this.slots.add(slot);
    this.counts.cleaning += 1;
    return slot;
  }

  /** Forgets a connection that has ended. Answers false if it was forgotten before. */
  remove(slot: Slot<R>): boolean {
    if (slot.phase !== "closing" || !this.slots.delete(slot)) return false;
    this.counts.closing -= 1;
    return true;
  }

  /** Changes the phase. Idle connections are kept in the order of their last use. */
  move(slot: Slot<R>, phase: Phase): void {
    if (slot.phase === "idle") {
      if (this.idle.at(-1) === slot) this.idle.pop();
      else this.idle.splice(this.idle.indexOf(slot), 1);
    }
    this.counts[slot.phase] -= 1;
    this.counts[phase] += 1;
    slot.phase = phase;
    if (phase !== "idle") return;
    const after = this.idle.findLastIndex((other) => other.idleSinceMs <= slot.idleSinceMs);
    if (after === this.idle.length - 1) this.idle.push(slot);
    else this.idle.splice(after + 1, 0, slot);
  }

  /** A connection has just been heard of. */
  prove(slot: Slot<R>, nowMs: number): void {
    slot.provenAtMs = nowMs;
    slot.provenEpoch = this.#epoch;
  }

  /** Whether it was heard of so lately that it may be lent unasked. */
  isProven(slot: Slot<R>, nowMs: number): boolean {
    return slot.provenEpoch === this.#epoch && nowMs - slot.provenAtMs < this.#settings.validateAfterIdleMs;
  }

  /** Why it must not be used any more; undefined when it may. */
  unfit(slot: Slot<R>, nowMs: number): DestroyReason | undefined {
    if (slot.generation !== this.#generation) return "evicted";
    if (nowMs >= slot.expiresAtMs) return "expired";
    return this.#isUsable(slot.resource) ? undefined : "lost";
  }

  isOfThisGeneration(slot: Slot<R>): boolean {
    return slot.generation === this.#generation;
  }

  /**
   * Answers the idle connections of the old generation, which are to be closed. Those heard of after `provenSinceMs`
   * belong to the new one.
   */
  startGeneration(provenSinceMs: number): Slot<R>[] {
    const old = this.#generation;
    this.#generation += 1;
    for (const slot of this.slots) {
      if (slot.generation === old && slot.provenAtMs > provenSinceMs) slot.generation = this.#generation;
    }
    return this.idle.filter(({ generation }) => generation !== this.#generation);
  }

  /** Nothing is known for sure any more. */
  suspectAll(): void {
    this.#epoch += 1;
  }

  /**
   * A connection is lost, which casts doubt on those that were last heard of before. It alone may have been
   * ended, by an administrator or a cancel, so they are not closed but asked first. Of several that were lost
   * together, the first does it for all.
   */
  suspectOthers(slot: Slot<R>): void {
    if (slot.provenEpoch === this.#epoch) this.#epoch += 1;
  }
}

function isExpected<R>(slot: Slot<R>, nowMs: number): boolean {
  return (slot.phase === "preparing" || slot.phase === "cleaning") && nowMs < slot.expectedUntilMs;
}
