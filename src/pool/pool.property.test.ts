import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Awaitable } from "../operation/index.ts";
import { FakeClock, settled } from "../testing/fake-clock.ts";
import { FakeResource, later, never } from "../testing/fake-resource.ts";
import { ConnectionPool, type Lease, type PoolOptions } from "./index.ts";

type Drawn<Arbitrary> = Arbitrary extends fc.Arbitrary<infer Value> ? Value : never;

/** How the server takes one call. */
const manner = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: "at once" } as const) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("later" as const), ms: fc.nat(80) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fails" as const), ms: fc.nat(80) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "throws" } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: "hangs" } as const) },
);

const caller = fc.record({
  kind: fc.constant("call" as const),
  timeoutMs: fc.constantFrom(0, 20, 100, 1_000),
  abortAfterMs: fc.option(fc.nat(60)),
  holdMs: fc.nat(200),
  end: fc.constantFrom("release", "release", "release", "discard", "twice", "leak"),
});

const step = fc.oneof(
  { weight: 12, arbitrary: caller },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat(150) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("stall" as const), ms: fc.nat(3_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("lose" as const), pick: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.constantFrom({ kind: "evict" } as const, { kind: "clearIdle" } as const) },
);

const options = fc.record({
  minSize: fc.nat(2),
  maxSize: fc.integer({ min: 2, max: 4 }),
  maxOverflow: fc.nat(2),
  maxConnecting: fc.integer({ min: 1, max: 4 }),
  validateAfterIdleMs: fc.constantFrom(0, 50, 500),
  validateTimeoutMs: fc.constant(60),
  resetTimeoutMs: fc.constant(60),
  destroyTimeoutMs: fc.constant(60),
  hookTimeoutMs: fc.constant(60),
  createTimeoutMs: fc.constant(60),
  keepaliveMs: fc.constantFrom(0, 100),
  idleTimeoutMs: fc.constantFrom(0, 300),
  recycleMs: fc.constantFrom(0, 1_000),
  maxConnectBackoffMs: fc.constant(200),
});

interface Call {
  readonly settlements: string[];
}

/** A pool, its server and its callers, on a clock of their own. */
class World {
  readonly clock = new FakeClock();
  readonly resource = new FakeResource();
  readonly pool;
  readonly calls: Call[] = [];
  readonly leaked: Lease<unknown>[] = [];
  readonly #manners: fc.Stream<Drawn<typeof manner>>;
  readonly #served: number[] = [];
  #calm = false;

  constructor(chosen: PoolOptions, hook: boolean, manners: fc.Stream<Drawn<typeof manner>>) {
    this.#manners = manners;
    const answer = () => this.#answer();
    this.resource.onCreate = answer;
    this.resource.onValidate = answer;
    this.resource.onReset = answer;
    this.resource.onDestroy = answer;
    const resource = hook ? Object.assign(this.resource, { onCheckout: answer }) : this.resource;
    this.pool = new ConnectionPool(resource, chosen, {
      clock: this.clock,
      wallNow: () => this.clock.now(),
      random: () => 0.5,
    });
    this.pool.events.on("acquired", ({ label }) => this.#served.push(Number(label)));
  }

  call({ timeoutMs, abortAfterMs, holdMs, end }: Drawn<typeof caller>): void {
    const settlements: string[] = [];
    const label = String(this.calls.push({ settlements }));
    const controller = new AbortController();
    if (abortAfterMs !== null) this.clock.setTimer(() => controller.abort(), abortAfterMs);
    const got = (lease: Lease<unknown>) => {
      settlements.push("granted");
      if (end === "leak") this.leaked.push(lease);
      else this.clock.setTimer(() => finish(lease), holdMs);
    };
    const finish = (lease: Lease<unknown>) => {
      const held = lease.ended === undefined;
      lease.release({ discard: end === "discard" });
      if (held && end === "twice") expect(() => lease.release()).toThrow(/released twice/);
    };
    const refused = (error: unknown) => settlements.push(String(error));
    try {
      const answer = this.pool.acquire({ timeoutMs, signal: controller.signal, label });
      if ("then" in answer) answer.then(got, refused);
      else got(answer);
    } catch (error) {
      refused(error);
    }
  }

  /** From now on the server is well. */
  calm(): void {
    this.#calm = true;
  }

  check(): void {
    const { size, connecting, closing, hardLimit, idle, waiting, validating, resetting, inUse } =
      this.pool.stats();
    expect(size + connecting + closing).toBeLessThanOrEqual(hardLimit);
    expect(inUse).toBe(this.pool.checkLeaks(0).length);
    if (idle > 0) expect(waiting).toBeLessThanOrEqual(validating + resetting + connecting);
    expect(this.#served).toEqual(this.#served.toSorted((a, b) => a - b));
    for (const { settlements } of this.calls) expect(settlements.length).toBeLessThanOrEqual(1);
  }

  #answer(): Awaitable<unknown> {
    const next = this.#calm ? undefined : this.#manners.next().value;
    if (next === undefined || next.kind === "at once") return undefined;
    if (next.kind === "throws") throw new Error("the server throws");
    if (next.kind === "hangs") return never();
    return later(this.clock, next.ms, next.kind === "fails" ? new Error("the server fails") : undefined);
  }
}

async function play(world: World, steps: readonly Drawn<typeof step>[]): Promise<void> {
  for (const next of steps) {
    if (next.kind === "call") world.call(next);
    else if (next.kind === "advance") await world.clock.advance(next.ms);
    else if (next.kind === "stall") await world.clock.stall(next.ms);
    else if (next.kind === "evict") world.pool.evict();
    else if (next.kind === "clearIdle") world.pool.clearIdle();
    else {
      const connection = world.resource.made[next.pick];
      if (connection !== undefined) connection.alive = false;
    }
    world.check();
  }
}

const world = fc
  .tuple(options, fc.boolean(), fc.infiniteStream(manner))
  .map(([chosen, hook, manners]) => ({ chosen, make: () => new World(chosen, hook, manners) }));
const steps = fc.array(step, { maxLength: 40, size: "max" });

describe("ConnectionPool, whatever the server and the callers do", () => {
  it("keeps its limits, serves in turn, settles every call once, and recovers", async () => {
    const property = fc.asyncProperty(world, steps, async ({ chosen, make }, script) => {
      const played = make();
      await play(played, script);
      const { pool, clock, calls, leaked, resource } = played;
      played.calm();
      await clock.advance(10_000);
      played.check();
      for (const { settlements } of calls) expect(settlements).toHaveLength(1);
      const stats = pool.stats();
      expect(stats).toMatchObject({
        waiting: 0,
        resetting: 0,
        connecting: 0,
        closing: 0,
        inUse: leaked.length,
      });
      expect(stats.idle).toBeLessThanOrEqual(chosen.maxSize);
      if (calls.length > 0) expect(stats.size).toBeGreaterThanOrEqual(chosen.minSize);
      expect(resource.open).toHaveLength(stats.size);
    });
    await fc.assert(property, { numRuns: 200 });
  }, 60_000);

  it("closes within its time, ends every connection, and leaves no timer behind", async () => {
    const property = fc.asyncProperty(world, steps, fc.nat(100), async ({ make }, script, timeoutMs) => {
      const played = make();
      await play(played, script);
      const { pool, clock, calls, resource } = played;
      let closed = false;
      pool.close({ timeoutMs }).then(() => {
        closed = true;
      });
      await clock.advance(timeoutMs + 100);
      expect(closed).toBe(true);
      await settled();
      for (const { settlements } of calls) expect(settlements).toHaveLength(1);
      played.calm();
      await clock.advance(10_000);
      expect(resource.open).toEqual([]);
      expect(clock.timers).toBe(0);
      expect(() => pool.acquire()).toThrow(/is closed/);
    });
    await fc.assert(property, { numRuns: 200 });
  }, 60_000);
});
