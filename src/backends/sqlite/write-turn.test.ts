import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LockTimeoutError } from "../../errors/index.ts";
import { systemClock } from "../../resilience/clock.ts";
import { blockingPauses, TimerPauses } from "./waits.ts";
import { openTurns, WriteClaim } from "./write-turn.ts";

const never = Number.POSITIVE_INFINITY;
const claim = (key: string | null = "/file") => new WriteClaim(key, new TimerPauses());

describe("the write turn", () => {
  it("is taken plainly when it is free", () => {
    const first = claim();
    expect(first.take(never)).toBeUndefined();
    expect(first.held).toBe(true);
    first.leave();
    expect(openTurns()).toBe(0);
  });

  it("comes in the order of asking", async () => {
    const claims = [claim(), claim(), claim(), claim()];
    const order: number[] = [];
    const taken = claims.map(async (one, index) => {
      await one.take(never);
      order.push(index);
      one.release();
    });
    await Promise.all(taken);
    expect(order).toEqual([0, 1, 2, 3]);
    for (const one of claims) one.leave();
    expect(openTurns()).toBe(0);
  });

  it("is another for another file, and a database in memory has its own", () => {
    const claims = [claim("/a"), claim("/b"), claim(null), claim(null)];
    for (const one of claims) expect(one.take(0)).toBeUndefined();
    for (const one of claims) one.leave();
    expect(openTurns()).toBe(0);
  });

  it("is refused when it does not come in time, and then goes past the one who gave up", async () => {
    const [holder, hasty, patient] = [claim(), claim(), claim()];
    await holder.take(never);
    const refused = hasty.take(systemClock.now() + 20);
    const granted = patient.take(never);
    await expect(refused).rejects.toThrow(LockTimeoutError);
    await expect(refused).rejects.toMatchObject({ outcome: "not_sent" });
    holder.release();
    await granted;
    expect(patient.held).toBe(true);
    expect(hasty.held).toBe(false);
    for (const one of [holder, hasty, patient]) one.leave();
  });

  it("passes on when its holder leaves, and not to one whose waiting was interrupted", async () => {
    const [holder, gone, next] = [claim(), claim(), claim()];
    await holder.take(never);
    const waiting = gone.take(never);
    const granted = next.take(never);
    gone.interrupt(new Error("gone"));
    await expect(waiting).rejects.toThrow("gone");
    gone.leave();
    holder.leave();
    await granted;
    expect(next.held).toBe(true);
    next.leave();
    expect(openTurns()).toBe(0);
  });

  it("never comes to a caller who blocks, who is told at once", async () => {
    const holder = claim();
    const blocked = new WriteClaim("/file", blockingPauses);
    await holder.take(never);
    expect(() => blocked.take(never)).toThrow(LockTimeoutError);
    expect(() => blocked.take(never)).toThrow("asynchronous transaction of this thread");
    holder.release();
    expect(blocked.take(never)).toBeUndefined();
    for (const one of [holder, blocked]) one.leave();
  });

  it("keeps one holder, and none waits beside a free turn, whatever happens", async () => {
    const step = fc.record({ who: fc.nat(4), what: fc.constantFrom("take", "release", "interrupt") });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const claims = Array.from({ length: 5 }, () => claim());
        for (const { who, what } of steps) {
          const one = claims[who];
          if (one === undefined) continue;
          if (what === "take" && !one.held && !one.waiting)
            void Promise.resolve(one.take(never)).catch(() => {});
          if (what === "release") one.release();
          if (what === "interrupt") one.interrupt(new Error("stop"));
          const holders = claims.filter(({ held }) => held).length;
          expect(holders).toBeLessThanOrEqual(1);
          if (holders === 0) expect(claims.some(({ waiting }) => waiting)).toBe(false);
        }
        for (const one of claims) {
          one.interrupt(new Error("end"));
          one.leave();
        }
        expect(openTurns()).toBe(0);
      }),
    );
  });
});
