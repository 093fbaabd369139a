import { describe, expect, it } from "vitest";
import { ClosedError } from "../errors/index.ts";
import { fakePool, later, never } from "../testing/fake-resource.ts";

describe("Lease.release", () => {
  it("refuses a second release, naming both places when they are recorded", async () => {
    const quiet = await fakePool().pool.acquire({ label: "job" });
    quiet.release();
    expect(() => quiet.release()).toThrow(ClosedError);
    expect(() => quiet.release()).toThrow(/connection 1 \(job\) was released twice.*set leakThresholdMs/);
    const traced = await fakePool({ leakThresholdMs: 1_000 }).pool.acquire();
    traced.release();
    expect(() => traced.release()).toThrow(
      /first at .*lease\.test\.ts:\d+:\d+.*again at .*lease\.test\.ts:\d+/,
    );
  });

  it("does not lend a discarded connection again", async () => {
    const { pool, resource } = fakePool();
    const lease = await pool.acquire();
    lease.release({ discard: true });
    expect(resource.made[0]?.ended).toBe("discarded");
    expect(resource.resets).toBe(0);
    expect((await pool.acquire()).resource.id).toBe(2);
  });

  it("lends a connection again only after its reset, and never when that fails or hangs", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 1, resetTimeoutMs: 50 });
    const failures: string[] = [];
    pool.events.on("failed", ({ step }) => failures.push(step));
    resource.onReset = () => later(clock, 10);
    (await pool.acquire()).release();
    const next = pool.acquire();
    expect(pool.stats()).toMatchObject({ resetting: 1, waiting: 1 });
    await clock.advance(10);
    const lease = await next;
    expect(lease.resource.id).toBe(1);
    resource.onReset = () => {
      throw new Error("cannot roll back");
    };
    lease.release();
    const third = await pool.acquire();
    resource.onReset = never;
    third.release();
    const fourth = pool.acquire();
    await clock.advance(50);
    expect((await fourth).resource.id).toBe(3);
    expect(resource.made.map((connection) => connection.ended)).toEqual([
      "reset failed",
      "reset failed",
      undefined,
    ]);
    expect(failures).toEqual(["reset", "reset"]);
  });
});
