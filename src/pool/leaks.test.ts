import { describe, expect, it } from "vitest";
import { fakePool } from "../testing/fake-resource.ts";
import type { Leak } from "./index.ts";

describe("leaks", () => {
  it("are reported once, with place, age, label and tags", async () => {
    const { pool, clock } = fakePool({ leakThresholdMs: 1_000 });
    const leaks: Leak[] = [];
    pool.events.on("leak", (leak) => leaks.push(leak));
    const lease = await pool.acquire({ label: "export", tags: { user: "7" } });
    await clock.advance(999);
    expect(leaks).toEqual([]);
    await clock.advance(2_000);
    expect(leaks).toMatchObject([
      { connectionId: 1, heldMs: 1_000, label: "export", tags: { user: "7" }, reclaimed: false },
    ]);
    expect(leaks[0]?.place).toMatch(/leaks\.test\.ts:\d+:\d+/);
    lease.release();
    expect(pool.stats().idle).toBe(1);
  });

  it("are noticed in time although an idle connection needs the timer much later", async () => {
    const { pool, clock } = fakePool({ leakThresholdMs: 1_000, idleTimeoutMs: 60_000 });
    let leaks = 0;
    pool.events.on("leak", () => {
      leaks += 1;
    });
    await pool.warmup(2);
    await pool.acquire();
    await clock.advance(1_001);
    expect(leaks).toBe(1);
  });

  it("can be reclaimed by force, and the pool works on", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 1, leakThresholdMs: 1_000, reclaimLeaks: true });
    const leaked = await pool.acquire();
    const waiting = pool.acquire();
    await clock.advance(1_000);
    expect(resource.made[0]?.ended).toBe("reclaimed");
    expect(leaked.ended).toBe("reclaimed");
    const lease = await waiting;
    expect(lease.resource.id).toBe(2);
    leaked.release();
    expect(pool.stats()).toMatchObject({ inUse: 1, size: 1, uses: { count: 0 } });
    lease.release();
  });

  it("can be asked for at any time, without places when they are not recorded", async () => {
    const { pool, clock } = fakePool();
    await pool.acquire({ label: "old" });
    await clock.advance(200);
    await pool.acquire({ label: "young" });
    await clock.advance(100);
    expect(pool.checkLeaks()).toEqual([]);
    expect(pool.checkLeaks(100).map((leak) => leak.label)).toEqual(["old", "young"]);
    expect(pool.checkLeaks(300)).toMatchObject([{ label: "old", heldMs: 300, place: undefined }]);
  });

  it("name the place that the caller gives", async () => {
    const { pool } = fakePool();
    await pool.acquire({
      where: { stack: "Error\n    at handler (/srv/app.ts:10:5)\n    at next (/srv/b.ts:1:1)" },
    });
    expect(pool.checkLeaks(0)[0]?.place).toBe("handler (/srv/app.ts:10:5)");
  });
});
