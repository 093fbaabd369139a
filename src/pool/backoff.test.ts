import { describe, expect, it } from "vitest";
import { ConnectBackoff } from "./backoff.ts";

const settings = { connectBackoffMs: 10, maxConnectBackoffMs: 5_000 };

describe("ConnectBackoff", () => {
  it("doubles the pause up to the longest", () => {
    const backoff = new ConnectBackoff(settings, () => 1);
    const pauses: number[] = [];
    let nowMs = 0;
    for (let attempt = 0; attempt < 12; attempt += 1) {
      backoff.failed({ startedAtMs: nowMs }, nowMs, false);
      pauses.push(backoff.notBeforeMs - nowMs);
      nowMs = backoff.notBeforeMs;
    }
    expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000, 1000, 1000]);
  });

  it("takes half of the pause at random", () => {
    const pause = (random: number) => {
      const backoff = new ConnectBackoff(settings, () => random);
      backoff.failed({ startedAtMs: 0 }, 0, false);
      return backoff.notBeforeMs;
    };
    expect([pause(0), pause(0.5), pause(1)]).toEqual([5, 7.5, 10]);
  });

  it("counts connects that were under way together once", () => {
    const backoff = new ConnectBackoff(settings, () => 1);
    for (let attempt = 0; attempt < 5; attempt += 1) backoff.failed({ startedAtMs: 0 }, 3, false);
    expect([backoff.failures, backoff.notBeforeMs]).toEqual([1, 13]);
  });

  it("shortens a pause for callers in a hurry, to a tenth of a second at least, but for a permanent failure", () => {
    const backoff = new ConnectBackoff({ connectBackoffMs: 4_000, maxConnectBackoffMs: 4_000 }, () => 1);
    backoff.failed({ startedAtMs: 0 }, 0, false);
    expect([0, 500, 9_000].map((neededByMs) => backoff.startAtMs(neededByMs))).toEqual([100, 500, 4_000]);
    backoff.failed({ startedAtMs: 500 }, 600, false);
    expect([backoff.failures, backoff.notBeforeMs, backoff.startAtMs(0)]).toEqual([2, 4_600, 700]);
    backoff.failed({ startedAtMs: 700 }, 700, true);
    expect(backoff.startAtMs(0)).toBe(4_700);
  });

  it("does not pause at all when the pause is shorter than a caller's hurry", () => {
    const backoff = new ConnectBackoff(settings, () => 1);
    backoff.failed({ startedAtMs: 0 }, 0, false);
    expect(backoff.startAtMs(0)).toBe(10);
    backoff.succeeded();
    expect(backoff.startAtMs(5)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("pauses longest after a permanent failure, and forgets all after a success", () => {
    const backoff = new ConnectBackoff(settings, () => 1);
    backoff.failed({ startedAtMs: 0 }, 0, true);
    expect([backoff.permanent, backoff.notBeforeMs]).toEqual([true, 5_000]);
    backoff.succeeded();
    expect([backoff.permanent, backoff.failures]).toEqual([false, 0]);
    expect(backoff.notBeforeMs).toBe(Number.NEGATIVE_INFINITY);
  });
});
