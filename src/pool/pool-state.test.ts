import { describe, expect, it } from "vitest";
import { type PoolOptions, parsePoolOptions } from "./options.ts";
import { PoolState } from "./pool-state.ts";
import type { Action, Slot } from "./slot.ts";

interface Thing {
  usable: boolean;
}

function stateOf(options: PoolOptions = {}, preparesCheckout = false): PoolState<Thing, string> {
  const isLate = (waiter: string, nowMs: number) => nowMs > Number(waiter.split("@")[1] ?? Infinity);
  const facts = { preparesCheckout, isUsable: (thing: Thing) => thing.usable, isLate };
  const state = new PoolState<Thing, string>(parsePoolOptions(options), facts, () => 0);
  state.open();
  return state;
}

/** Opens `count` connections that are idle from `nowMs` on. */
function withIdle(count: number, options: PoolOptions = {}, nowMs = 0): PoolState<Thing, string> {
  const state = stateOf({ maxConnecting: 100, ...options });
  state.warmTarget = count;
  state.pump(nowMs);
  for (const attempt of [...state.attempts]) state.connected(attempt, { usable: true }, nowMs);
  state.warmTarget = 0;
  return state;
}

function kinds(actions: readonly Action<Thing, string>[]): string[] {
  return actions.map((action) => (action.kind === "destroy" ? `destroy ${action.reason}` : action.kind));
}

function take(state: PoolState<Thing, string>, nowMs: number): Slot<Thing> {
  const slot = state.takeIdle(nowMs);
  if (slot === undefined) throw new Error("expected an idle connection");
  return slot;
}

describe("PoolState", () => {
  it("lends the most recently used connection first", () => {
    const state = withIdle(2);
    const first = take(state, 0);
    const second = take(state, 0);
    for (const [slot, nowMs] of [
      [second, 10],
      [first, 20],
    ] as const) {
      state.release(slot, nowMs);
      state.cleaned(slot, nowMs);
    }
    expect(take(state, 30)).toBe(first);
  });

  it("starts one connect for each waiter, up to the hard limit", () => {
    const state = stateOf({ maxSize: 1, maxOverflow: 1 });
    state.enqueue("a", 0, 10_000);
    expect(kinds(state.pump(0))).toEqual(["connect"]);
    expect(kinds(state.pump(0))).toEqual([]);
    state.enqueue("b", 0, 10_000);
    state.enqueue("c", 0, 10_000);
    expect(kinds(state.pump(0))).toEqual(["connect"]);
    expect(state.unmet(0)).toBe(1);
  });

  it("gives a returned connection to a waiter rather than wait for the connect that it started", () => {
    const state = withIdle(1);
    const slot = take(state, 0);
    state.enqueue("a", 0, 10_000);
    expect(kinds(state.pump(0))).toEqual(["connect"]);
    state.release(slot, 5);
    expect(state.cleaned(slot, 5)).toMatchObject([{ kind: "grant", waiter: "a" }]);
  });

  it("does not let a caller wait behind a connect that an earlier one gave up on", () => {
    const state = stateOf();
    const ticket = state.enqueue("a", 0, 10_000);
    state.pump(0);
    state.giveUp(ticket, 0);
    expect(kinds(state.pump(500))).toEqual([]);
    state.enqueue("b", 0, 10_000);
    expect(kinds(state.pump(500))).toEqual(["connect"]);
  });

  it("tries another connect beside one that hangs, one at a time, and each with twice the patience", () => {
    const state = stateOf();
    state.enqueue("a", 0, 60_000);
    state.enqueue("b", 0, 60_000);
    expect(kinds(state.pump(0))).toEqual(["connect", "connect"]);
    const startedAtMs: number[] = [];
    let nowMs = 0;
    for (let round = 0; round < 4; round += 1) {
      nowMs = state.nextTickMs(nowMs);
      startedAtMs.push(nowMs);
      expect(kinds(state.tick(nowMs))).toEqual(["connect"]);
      expect(kinds(state.pump(nowMs + 1))).toEqual([]);
    }
    expect(startedAtMs).toEqual([2_000, 6_000, 14_000, 30_000]);
    const [first] = state.attempts;
    if (first === undefined) throw new Error("expected a connect");
    // Its time is over. That is an answer, and the next is watched as closely as at first.
    nowMs = state.nextTickMs(30_001);
    state.connectFailed(first, nowMs, false);
    nowMs = state.nextTickMs(nowMs);
    expect(kinds(state.tick(nowMs))).toEqual(["connect"]);
    expect(state.nextTickMs(nowMs) - nowMs).toBe(4_000);
  });

  it("puts another in the place of a connect that hangs where the hard limit leaves no room", () => {
    const state = stateOf({ maxSize: 2 });
    for (const waiter of ["a", "b", "c"]) state.enqueue(waiter, 0, 60_000);
    state.pump(0);
    const [elder] = state.attempts;
    let nowMs = 0;
    const startedAtMs: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      nowMs = state.nextTickMs(nowMs);
      startedAtMs.push(nowMs);
      expect(kinds(state.tick(nowMs))).toEqual(["abandon", "connect"]);
      expect(state.attempts.size).toBe(2);
    }
    expect(startedAtMs).toEqual([2_000, 6_000, 14_000]);
    expect([...state.attempts][0]).toBe(elder);
  });

  it("is as patient as at first after an eviction, which gives up what hung", () => {
    const state = stateOf();
    state.enqueue("a", 0, 60_000);
    state.pump(0);
    state.tick(2_000);
    state.tick(6_000);
    expect(kinds(state.evict(7_000))).toEqual(["abandon", "abandon", "abandon", "connect"]);
    expect(state.nextTickMs(7_000)).toBe(9_000);
  });

  it("takes a connect that hangs for none of those that may be under way at once", () => {
    const state = stateOf({ maxConnecting: 1 });
    for (const waiter of ["a", "b"]) state.enqueue(waiter, 0, 60_000);
    expect(kinds(state.pump(0))).toEqual(["connect"]);
    expect(kinds(state.tick(1_999))).toEqual([]);
    expect(kinds(state.tick(2_000))).toEqual(["connect"]);
    expect(kinds(state.tick(5_999))).toEqual([]);
  });

  it("gives up the connects that hung when a later one is made, and makes what is still wanted at once", () => {
    const state = stateOf({ maxSize: 3 });
    state.enqueue("a", 0, 60_000);
    state.enqueue("b", 0, 60_000);
    state.pump(0);
    const stuck = [...state.attempts];
    state.tick(2_000);
    const later = [...state.attempts].find((attempt) => !stuck.includes(attempt));
    if (later === undefined) throw new Error("expected another connect");
    const actions = state.connected(later, { usable: true }, 2_200) ?? [];
    expect(kinds(actions)).toEqual(["abandon", "abandon", "grant", "connect"]);
    expect(state.attempts.size).toBe(1);
  });

  it("keeps connects that are only as slow as the one that was made, and has more patience with the next", () => {
    const state = stateOf({ maxSize: 3 });
    for (const waiter of ["a", "b"]) state.enqueue(waiter, 0, 60_000);
    state.pump(0);
    const [first, second] = state.attempts;
    if (first === undefined || second === undefined) throw new Error("expected two connects");
    state.tick(2_000);
    expect(kinds(state.connected(second, { usable: true }, 2_200) ?? [])).toEqual(["grant"]);
    expect(kinds(state.connected(first, { usable: true }, 2_300) ?? [])).toEqual(["grant"]);
    for (const attempt of state.attempts) state.connectFailed(attempt, 2_300, false);
    state.enqueue("c", 3_000, 60_000);
    expect(kinds(state.pump(3_000))).toEqual(["connect"]);
    expect(state.nextTickMs(3_000)).toBe(3_000 + 3 * 2_300);
  });

  it("keeps a connect that is slow and answers in the end", () => {
    const state = stateOf();
    state.enqueue("a", 0, 60_000);
    state.pump(0);
    const [slow] = state.attempts;
    state.tick(2_000);
    if (slow === undefined) throw new Error("expected a connect");
    expect(kinds(state.connected(slow, { usable: true }, 2_500) ?? [])).toEqual(["grant"]);
    expect(state.attempts.size).toBe(1);
  });

  it("does not let a caller count on a reset or a validation that hangs while another connection can be made", () => {
    const state = withIdle(1, { validateAfterIdleMs: 0 });
    state.enqueue("a", 1, 10_000);
    expect(kinds(state.pump(1))).toEqual(["prepare"]);
    expect(state.countsOnOthers).toBe(true);
    expect(state.nextTickMs(1)).toBe(101);
    expect(kinds(state.tick(100))).toEqual([]);
    expect(kinds(state.tick(101))).toEqual(["connect"]);

    const busy = withIdle(1);
    const slot = take(busy, 0);
    expect(kinds(busy.release(slot, 0))).toEqual(["clean"]);
    expect(busy.nextTickMs(0)).toBeGreaterThan(1_000);
    busy.enqueue("late", 150, 10_000);
    expect(kinds(busy.pump(150))).toEqual(["connect"]);
  });

  it("passes over waiters whose time is over, and lends to the next", () => {
    const state = withIdle(1, { maxSize: 1 });
    const slot = take(state, 0);
    for (const waiter of ["a@50", "b@50", "c@51", "d@99"]) state.enqueue(waiter, 0, 50);
    state.release(slot, 51);
    const actions = state.cleaned(slot, 51);
    expect(actions.map((action) => "waiter" in action && `${action.kind} ${action.waiter}`)).toEqual([
      "expire a@50",
      "expire b@50",
      "grant c@51",
    ]);
    state.release(slot, 200);
    expect(kinds(state.cleaned(slot, 200))).toEqual(["expire"]);
    expect(state.inventory.counts.idle).toBe(1);
  });

  it("tries to connect within the time of each caller, however long the pause between connects", () => {
    const state = stateOf({ maxConnectBackoffMs: 60_000, connectBackoffMs: 60_000 });
    state.enqueue("a", 0, 10_000);
    state.pump(0);
    for (const attempt of [...state.attempts]) state.connectFailed(attempt, 0, false);
    expect(state.nextTickMs(0)).toBe(30_000);
    state.enqueue("b", 1_000, 2_000);
    expect(kinds(state.pump(1_000))).toEqual([]);
    expect(state.nextTickMs(1_000)).toBe(2_000);
    expect(kinds(state.tick(2_000))).toEqual(["connect"]);
  });

  it("closes a connection above maxSize when nobody waits for it", () => {
    const state = stateOf({ maxSize: 1, maxOverflow: 1 });
    state.enqueue("a", 0, 10_000);
    state.enqueue("b", 0, 10_000);
    state.pump(0);
    const slots = [...state.attempts].map((attempt) => {
      state.connected(attempt, { usable: true }, 1);
      return attempt.id;
    });
    expect(slots).toHaveLength(2);
    const [one, two] = [...state.inventory.slots];
    if (one === undefined || two === undefined) throw new Error("expected two connections");
    state.release(one, 2);
    expect(kinds(state.cleaned(one, 2))).toEqual(["destroy overflow"]);
    state.destroyed(one, 2);
    state.release(two, 3);
    expect(kinds(state.cleaned(two, 3))).toEqual([]);
    expect(state.inventory.counts.idle).toBe(1);
  });

  it("validates only after an idle while, and takes what is fresh first", () => {
    const state = withIdle(1, { validateAfterIdleMs: 500 });
    expect(state.takeIdle(500)).toBeUndefined();
    state.enqueue("a", 0, 10_000);
    expect(state.pump(500)).toMatchObject([{ kind: "prepare", validate: true, checkout: false }]);
  });

  it("evicts the whole generation when a connection does not pass validation, once", () => {
    const state = withIdle(3);
    state.enqueue("a", 0, 10_000);
    state.enqueue("b", 0, 10_000);
    const [first, second] = state.pump(1_000);
    if (first?.kind !== "prepare" || second?.kind !== "prepare") throw new Error("expected validations");
    expect(kinds(state.discard(first.slot, "invalid", 1_001))).toEqual([
      "destroy invalid",
      "destroy evicted",
      "connect",
    ]);
    const attempt = [...state.attempts][0];
    if (attempt === undefined) throw new Error("expected a connect");
    expect(state.connected(attempt, { usable: true }, 1_002)).toMatchObject([{ kind: "grant", waiter: "a" }]);
    state.discard(second.slot, "invalid", 1_003);
    const fresh = [...state.inventory.slots].find((slot) => slot.phase === "leased");
    if (fresh === undefined) throw new Error("expected a lease");
    expect(kinds(state.release(fresh, 1_004))).toEqual(["clean"]);
  });

  it("asks the others first when one is found lost", () => {
    const state = withIdle(2);
    const lost = take(state, 0);
    lost.resource.usable = false;
    expect(kinds(state.release(lost, 1))).toEqual(["destroy lost"]);
    state.enqueue("a", 0, 10_000);
    expect(state.pump(2)).toMatchObject([{ kind: "prepare", validate: true }]);
  });

  it("shrinks to minSize, the longest unused first, and replaces what is too old", () => {
    const state = withIdle(3, { minSize: 1, idleTimeoutMs: 100, recycleMs: 1_000 });
    expect(state.nextTickMs(0)).toBe(100);
    expect(kinds(state.tick(100))).toEqual(["destroy idle", "destroy idle"]);
    for (const slot of [...state.inventory.slots]) if (slot.phase === "closing") state.destroyed(slot, 100);
    expect(state.nextTickMs(100)).toBe(975);
    expect(kinds(state.tick(975))).toEqual(["destroy expired", "connect"]);
  });

  it("keeps connections alive without taking that for use", () => {
    const state = withIdle(1, { keepaliveMs: 100, idleTimeoutMs: 250 });
    const [action] = state.tick(100);
    if (action?.kind !== "prepare") throw new Error("expected a keepalive");
    expect(state.prepared(action.slot, action, 101)).toEqual([]);
    expect(state.nextTickMs(101)).toBe(201);
    expect(kinds(state.tick(250))).toEqual(["destroy idle"]);
  });

  it("puts a connection back in its place among the idle ones after a keepalive", () => {
    const state = withIdle(2, { keepaliveMs: 100 });
    const used = take(state, 50);
    state.release(used, 60);
    state.cleaned(used, 60);
    const [action] = state.tick(120);
    if (action?.kind !== "prepare") throw new Error("expected a keepalive");
    state.prepared(action.slot, action, 130);
    expect(state.inventory.idle).toEqual([action.slot, used]);
    expect(take(state, 130)).toBe(used);
  });

  it("lends what was proven alive by a keepalive before it validates another", () => {
    const state = withIdle(2, { keepaliveMs: 400, validateAfterIdleMs: 200 });
    const used = take(state, 50);
    state.release(used, 60);
    state.cleaned(used, 60);
    const [action] = state.tick(400);
    if (action?.kind !== "prepare") throw new Error("expected a keepalive");
    state.prepared(action.slot, action, 410);
    state.enqueue("a", 0, 10_000);
    expect(state.pump(420)).toEqual([{ kind: "grant", slot: action.slot, waiter: "a" }]);
  });

  it("connects once at a time after a failure, and not before the pause is over", () => {
    const state = stateOf({ maxConnecting: 5 });
    for (const waiter of ["a", "b", "c"]) state.enqueue(waiter, 0, 10_000);
    state.pump(0);
    for (const attempt of [...state.attempts]) expect(state.connectFailed(attempt, 0, false)).toEqual([]);
    expect(state.nextTickMs(0)).toBe(5);
    expect(kinds(state.tick(4))).toEqual([]);
    expect(kinds(state.tick(5))).toEqual(["connect"]);
    const attempt = [...state.attempts][0];
    if (attempt === undefined) throw new Error("expected a connect");
    expect(kinds(state.connected(attempt, { usable: true }, 6) ?? [])).toEqual([
      "grant",
      "connect",
      "connect",
    ]);
  });

  it("does not repeat a login that was refused for the sake of minSize", () => {
    const state = stateOf({ minSize: 2 });
    state.pump(0);
    for (const attempt of [...state.attempts]) state.connectFailed(attempt, 0, true);
    expect(state.hopeless(1)).toBe(true);
    expect(state.nextTickMs(1)).toBe(Number.POSITIVE_INFINITY);
    expect(state.tick(60_000)).toEqual([]);
    state.enqueue("a", 0, 10_000);
    expect(kinds(state.pump(60_000))).toEqual(["connect"]);
  });

  it("counts a connection against the hard limit until it has ended", () => {
    const state = withIdle(1, { maxSize: 1 });
    const slot = take(state, 0);
    state.enqueue("a", 0, 10_000);
    expect(kinds(state.discard(slot, "discarded", 1))).toEqual(["destroy discarded"]);
    expect(kinds(state.destroyed(slot, 2))).toEqual(["connect"]);
  });

  it("cleans a connection that was prepared for someone who has left", () => {
    const state = stateOf({}, true);
    const ticket = state.enqueue("a", 0, 10_000);
    state.pump(0);
    const attempt = [...state.attempts][0];
    if (attempt === undefined) throw new Error("expected a connect");
    const [action] = state.connected(attempt, { usable: true }, 1) ?? [];
    if (action?.kind !== "prepare") throw new Error("expected the checkout hook");
    expect(action).toMatchObject({ validate: false, checkout: true });
    state.giveUp(ticket, 0);
    expect(kinds(state.prepared(action.slot, action, 2))).toEqual(["clean"]);
  });

  it("evicts idle connections and connects at once, leased ones when they return", () => {
    const state = withIdle(2);
    const leased = take(state, 0);
    state.warmTarget = 3;
    state.pump(0);
    expect(kinds(state.evict(1))).toEqual(["destroy evicted", "abandon", "connect", "connect"]);
    expect(kinds(state.release(leased, 2))).toEqual(["destroy evicted", "connect"]);
  });

  it("ignores what is reported late of a connection that is being closed", () => {
    const state = withIdle(1);
    const slot = take(state, 0);
    state.discard(slot, "discarded", 1);
    const counts = { ...state.inventory.counts };
    expect(state.cleaned(slot, 2)).toEqual([]);
    expect(state.prepared(slot, { validate: true, checkout: true }, 2)).toEqual([]);
    expect(state.release(slot, 2)).toEqual([]);
    expect(state.discard(slot, "invalid", 2)).toEqual([]);
    expect(state.inventory.counts).toEqual(counts);
    expect(state.destroyed(slot, 3)).toEqual([]);
    expect(state.destroyed(slot, 3)).toEqual([]);
    expect(state.inventory.counts.closing).toBe(0);
  });
});
