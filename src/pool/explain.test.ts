import { describe, expect, it } from "vitest";
import { ConnectionError } from "../errors/index.ts";
import { describeError, describeHolders, explainTimeout, suggestSize } from "./explain.ts";
import type { HeldLease } from "./holder.ts";
import type { PoolStats } from "./stats.ts";

const figures = { count: 0, totalMs: 0, maxMs: 0, p95Ms: 0 };
const stats: PoolStats = {
  lifecycle: "open",
  size: 10,
  inUse: 9,
  idle: 0,
  validating: 0,
  resetting: 1,
  connecting: 2,
  closing: 0,
  waiting: 40,
  softLimit: 10,
  hardLimit: 12,
  utilization: 0.75,
  acquired: 100,
  timeouts: 1,
  refused: 0,
  created: 10,
  destroyed: 0,
  connectFailures: 0,
  waits: figures,
  uses: { ...figures, count: 100, totalMs: 20_000 },
};

function held(heldMs: number, label?: string, place?: string): HeldLease {
  return { connectionId: 1, heldMs, label, tags: undefined, place, stack: undefined };
}

describe("explainTimeout", () => {
  it("says where the connections are and what would help", () => {
    expect(
      explainTimeout("none came", 1_000, { stats, held: [held(2_000, "job")], connectError: undefined }),
    ).toBe(
      "none came: 10 of at most 12 connections open, 9 in use, 0 idle, 2 connecting, 40 others waiting. " +
        "longest held: job (2.0 s) (with the pool's leakThreshold set, this names the places). Give connections back sooner, or let maxSize + maxOverflow be 20",
    );
  });

  it("speaks of the failed connect instead, without words that are not ours", () => {
    const raw = new Error("password authentication failed for hunter2");
    const message = explainTimeout("none came", 1_000, { stats, held: [], connectError: raw });
    expect(message).toMatch(/the last connect failed: Error \(see the event connectError\)$/);
    expect(describeError(new ConnectionError("refused by db:5432"))).toBe("refused by db:5432");
    expect(describeError("hunter2")).toBe("see the event connectError");
  });

  it("points to a leak while nothing was ever given back", () => {
    const stuck = { ...stats, uses: figures };
    expect(explainTimeout("none came", 1_000, { stats: stuck, held: [], connectError: undefined })).toMatch(
      /look for a lease that is never released, before adding connections$/,
    );
  });
});

describe("describeHolders", () => {
  it("groups by label and place, the oldest first, three at most", () => {
    const leases = [
      held(5_000, "save", "a.ts:1:1"),
      held(9_000, undefined, "b.ts:2:2"),
      held(7_000, "save", "a.ts:1:1"),
      held(1_000),
      held(500, "rare"),
    ];
    expect(describeHolders(leases)).toBe(
      "b.ts:2:2 (9.0 s), save at a.ts:1:1 (2 leases, oldest 7.0 s), a caller without a label (1.0 s) and 1 more",
    );
  });
});

describe("suggestSize", () => {
  it("adds what it takes to serve those who wait within their time, one at least", () => {
    expect(suggestSize(stats, 1_000)).toBe(12 + 8);
    expect(suggestSize({ ...stats, waiting: 0 }, 60_000)).toBe(13);
    expect(suggestSize({ ...stats, uses: figures }, 1_000)).toBeUndefined();
  });
});
