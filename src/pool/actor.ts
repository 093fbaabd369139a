import { ClosedError, DatabaseError } from "../errors/index.ts";
import type { Emitter } from "../observe/emitter.ts";
import type { Clock } from "../resilience/clock.ts";
import type { PoolEvents } from "./events.ts";
import { describeHolder } from "./holder.ts";
import { nextOverdueMs, overdueSlots } from "./leaks.ts";
import { Maintenance } from "./maintenance.ts";
import type { PoolSettings } from "./options.ts";
import { PoolState } from "./pool-state.ts";
import type { PoolResource } from "./resource.ts";
import type { Action, Attempt, DestroyReason, Slot } from "./slot.ts";
import { follow, ResourceWorker, StepFailure } from "./worker.ts";

export interface ActorEnvironment {
  readonly settings: PoolSettings;
  readonly clock: Clock;
  readonly wallNow: () => number;
  readonly random: () => number;
  readonly events: Emitter<PoolEvents>;
}

/** What the actor cannot do itself. */
export interface ActorCalls<R, W> {
  grant(slot: Slot<R>, waiter: W, nowMs: number): void;
  /** The waiter's turn has come too late. */
  expire(waiter: W): void;
  /** Whether a waiter's time is over. */
  isLate(waiter: W, nowMs: number): boolean;
  /** Connecting will fail until someone changes something; nobody needs to wait for it. */
  refuse(waiters: readonly W[], error: unknown): void;
  /** Something may have come or gone. */
  changed(): void;
}

/**
 * Does what `PoolState` decides, and reports to it. Every action may succeed or fail at once, so an `act` may
 * run inside another; that is safe, because a state is complete before its actions are answered.
 */
export class PoolActor<R, W> {
  readonly state: PoolState<R, W>;
  readonly totals = { created: 0, destroyed: 0, connectFailures: 0 };
  readonly #settings: PoolSettings;
  readonly #clock: Clock;
  readonly #events: Emitter<PoolEvents>;
  readonly #resource: PoolResource<R>;
  readonly #worker: ResourceWorker<R>;
  readonly #calls: ActorCalls<R, W>;
  readonly #maintenance: Maintenance;
  /** Connects that have not settled, those that nobody wants any more included. */
  readonly #connects = new Map<Attempt, AbortController>();
  /** Resources that came too late and are being ended. */
  #ending = 0;
  #connectError: unknown;

  constructor(resource: PoolResource<R>, environment: ActorEnvironment, calls: ActorCalls<R, W>) {
    const { settings, clock, wallNow, random, events } = environment;
    this.#settings = settings;
    this.#clock = clock;
    this.#events = events;
    this.#resource = resource;
    this.#calls = calls;
    this.#worker = new ResourceWorker(resource, settings, clock);
    const preparesCheckout = resource.onCheckout !== undefined;
    const isUsable = (pooled: R) => resource.isUsable(pooled);
    const isLate = (waiter: W, nowMs: number) => calls.isLate(waiter, nowMs);
    this.state = new PoolState(settings, { preparesCheckout, isUsable, isLate }, random);
    const { leakThresholdMs, idleTimeoutMs, keepaliveMs } = settings;
    const intervals = [leakThresholdMs, idleTimeoutMs, keepaliveMs * 0.9].filter((ms) => ms > 0);
    this.#maintenance = new Maintenance(clock, wallNow, Math.min(...intervals), {
      dueMs: (nowMs) => Math.min(this.state.nextTickMs(nowMs), this.#nextLeakMs()),
      run: (nowMs) => this.#maintain(nowMs),
      suspect: () => this.state.suspectAll(),
    });
  }

  /** Why the last connect failed, if none has succeeded since. */
  get connectError(): unknown {
    return this.#connectError;
  }

  /** Connections and connects that have not ended. */
  get unfinished(): number {
    return this.state.inventory.slots.size + this.#connects.size + this.#ending;
  }

  /** Reads the clock, and notices when the process was suspended meanwhile. */
  now(): number {
    return this.#maintenance.now();
  }

  /** To be called when a connection was lent without any action. */
  lent(nowMs: number): void {
    this.#maintenance.armIfSooner(nowMs);
  }

  act(actions: readonly Action<R, W>[], nowMs: number): void {
    for (const action of actions) this.#perform(action, nowMs);
    const { backoff, countsOnOthers } = this.state;
    if (countsOnOthers || nowMs < backoff.notBeforeMs) this.#maintenance.arm(nowMs);
    else this.#maintenance.armIfSooner(nowMs);
    if (this.state.lifecycle === "closed") this.#maintenance.stop();
    this.#calls.changed();
  }

  #perform(action: Action<R, W>, nowMs: number): void {
    switch (action.kind) {
      case "grant":
        this.#calls.grant(action.slot, action.waiter, nowMs);
        break;
      case "expire":
        this.#calls.expire(action.waiter);
        break;
      case "clean":
        this.#clean(action.slot);
        break;
      case "connect":
        this.#connect(action.attempt);
        break;
      case "abandon":
        this.#connects.get(action.attempt)?.abort(new ClosedError("the connection is no longer wanted"));
        break;
      case "prepare":
        this.#prepare(action.slot, action);
        break;
      case "destroy":
        this.#destroy(action.slot, action.reason, nowMs);
        break;
    }
  }

  #connect(attempt: Attempt): void {
    const controller = new AbortController();
    this.#connects.set(attempt, controller);
    follow(
      this.#worker.connect(controller),
      (resource) => this.#connected(attempt, resource),
      (error) => this.#connectFailed(attempt, error),
    );
  }

  #connected(attempt: Attempt, resource: R): void {
    this.#connects.delete(attempt);
    const nowMs = this.#clock.now();
    const actions = this.state.connected(attempt, resource, nowMs);
    if (actions === undefined) {
      this.#endLate(resource);
      return;
    }
    this.#connectError = undefined;
    this.totals.created += 1;
    if (this.#events.has("created")) {
      const durationMs = nowMs - attempt.startedAtMs;
      this.#events.emit("created", { connectionId: attempt.id, durationMs });
    }
    this.act(actions, nowMs);
    // It has brought an age limit of its own.
    this.#maintenance.arm(nowMs);
  }

  #connectFailed(attempt: Attempt, error: unknown): void {
    this.#connects.delete(attempt);
    const nowMs = this.#clock.now();
    if (!this.state.attempts.has(attempt)) {
      this.#calls.changed();
      return;
    }
    this.#connectError = error;
    this.totals.connectFailures += 1;
    const permanent = this.#resource.isPermanent?.(error) ?? false;
    const waiters = permanent ? this.state.waiters.takeAll() : [];
    const actions = this.state.connectFailed(attempt, nowMs, permanent);
    if (this.#events.has("connectError")) {
      const { failures, notBeforeMs } = this.state.backoff;
      const retryInMs = Math.max(0, notBeforeMs - nowMs);
      this.#events.emit("connectError", { error, failures, retryInMs, permanent });
    }
    if (permanent) this.#calls.refuse(waiters, error);
    this.act(actions, nowMs);
  }

  #endLate(resource: R): void {
    this.#ending += 1;
    const ended = () => {
      this.#ending -= 1;
      this.#calls.changed();
    };
    follow(this.#worker.destroy(resource, "discarded"), ended, ended);
  }

  #prepare(slot: Slot<R>, work: { readonly validate: boolean; readonly checkout: boolean }): void {
    const done = () => {
      const nowMs = this.#clock.now();
      this.act(this.state.prepared(slot, work, nowMs), nowMs);
    };
    follow(this.#worker.prepare(slot.resource, work), done, (error) => this.#stepFailed(slot, error));
  }

  #clean(slot: Slot<R>): void {
    const done = () => {
      const nowMs = this.#clock.now();
      this.act(this.state.cleaned(slot, nowMs), nowMs);
    };
    follow(this.#worker.clean(slot.resource), done, (error) => this.#stepFailed(slot, error));
  }

  #stepFailed(slot: Slot<R>, error: unknown): void {
    // Closed in the meantime: that it failed is then no news.
    if (slot.phase === "closing") return;
    this.#reportFailure(slot, error);
    if (error instanceof StepFailure && error.step === "onCheckout") this.#connectError = unlent(error);
    const nowMs = this.#clock.now();
    this.act(this.state.discard(slot, reasonOf(error), nowMs), nowMs);
  }

  #destroy(slot: Slot<R>, reason: DestroyReason, nowMs: number): void {
    if (this.#events.has("destroyed")) {
      this.#events.emit("destroyed", { connectionId: slot.id, reason, ageMs: nowMs - slot.createdAtMs });
    }
    const ended = () => {
      this.totals.destroyed += 1;
      const endedMs = this.#clock.now();
      this.act(this.state.destroyed(slot, endedMs), endedMs);
    };
    follow(this.#worker.destroy(slot.resource, reason), ended, (error) => {
      this.#reportFailure(slot, error);
      ended();
    });
  }

  #reportFailure(slot: Slot<R>, error: unknown): void {
    if (!(error instanceof StepFailure) || !this.#events.has("failed")) return;
    this.#events.emit("failed", { connectionId: slot.id, step: error.step, error: error.error });
  }

  #maintain(nowMs: number): void {
    this.act(this.state.tick(nowMs), nowMs);
    const { leakThresholdMs, reclaimLeaks } = this.#settings;
    if (leakThresholdMs === 0) return;
    for (const slot of overdueSlots(this.state.inventory.slots, leakThresholdMs, nowMs)) {
      const holder = slot.holder;
      if (holder === undefined) continue;
      holder.reported = true;
      const leak = { ...describeHolder(slot.id, holder, nowMs), reclaimed: reclaimLeaks };
      if (reclaimLeaks) {
        this.reclaim(slot);
        this.act(this.state.discard(slot, "reclaimed", nowMs), nowMs);
      }
      this.#events.emit("leak", leak);
    }
  }

  /** Ends a lease under its holder. The connection must be destroyed next. */
  reclaim(slot: Slot<R>): void {
    if (slot.holder !== undefined) slot.holder.ended = "reclaimed";
    slot.holder = undefined;
  }

  #nextLeakMs(): number {
    const { leakThresholdMs } = this.#settings;
    return leakThresholdMs === 0 ? Infinity : nextOverdueMs(this.state.inventory.slots, leakThresholdMs);
  }
}

function unlent({ error }: StepFailure): DatabaseError {
  const message = "the hook onCheckout threw or did not answer; see the event failed";
  return new DatabaseError(message, { outcome: "not_sent", cause: error });
}

function reasonOf(error: unknown): DestroyReason {
  const step = error instanceof StepFailure ? error.step : "reset";
  if (step === "validate") return "invalid";
  return step === "reset" ? "reset failed" : "hook failed";
}
