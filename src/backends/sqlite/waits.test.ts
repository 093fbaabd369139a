import { describe, expect, it } from "vitest";
import { runSync, start } from "../../operation/index.ts";
import type { Clock } from "../../resilience/clock.ts";
import { codeOf, SqliteFailure } from "./failure.ts";
import { lockWaitEndsAt, type Patience, type Pauses, patiently, pauseMs, TimerPauses } from "./waits.ts";

const busy = () => new SqliteFailure("database is locked", "SQLITE_BUSY");

/** A clock that moves only while somebody pauses. */
function pausesOn(time: { nowMs: number }): Pauses & { readonly pauses: number[] } {
  const pauses: number[] = [];
  const clock: Clock = { now: () => time.nowMs, setTimer: () => ({ clear() {} }) };
  return {
    pauses,
    blocking: true,
    clock,
    pause(ms) {
      pauses.push(ms);
      time.nowMs += ms;
    },
    interrupt() {},
  };
}

function patience(pauses: Pauses, endsAtMs: number, mayRepeat = true): Patience {
  return { pauses, endsAtMs, outcome: "not_sent", mayRepeat: () => mayRepeat };
}

describe("patiently", () => {
  it("answers plainly when nothing is in the way", () => {
    expect(start(patiently(() => 7, patience(new TimerPauses(), 0)))).toBe(7);
  });

  it("tries again until the lock is free", () => {
    const pauses = pausesOn({ nowMs: 0 });
    let left = 3;
    const work = () => {
      if (left-- > 0) throw busy();
      return "done";
    };
    expect(runSync(patiently(work, patience(pauses, 1_000)))).toBe("done");
    expect(pauses.pauses).toHaveLength(3);
  });

  it("gives up exactly when its time is up", () => {
    const time = { nowMs: 100 };
    const pauses = pausesOn(time);
    let thrown: unknown;
    try {
      runSync(
        patiently(
          () => {
            throw busy();
          },
          patience(pauses, 300),
        ),
      );
    } catch (error) {
      thrown = error;
    }
    expect(time.nowMs).toBe(300);
    expect(codeOf(thrown)).toBe("SQLITE_BUSY");
    expect(thrown).toMatchObject({ outcome: "not_sent", message: expect.stringContaining("200 ms") });
  });

  it.each([
    ["another failure", new SqliteFailure("disk full", "SQLITE_FULL"), true],
    ["a stale snapshot", new SqliteFailure("database is locked", "SQLITE_BUSY_SNAPSHOT"), true],
    ["an attempt that must not be repeated", busy(), false],
  ])("does not repeat %s", (_, error, mayRepeat) => {
    const pauses = pausesOn({ nowMs: 0 });
    const work = () => {
      throw error;
    };
    expect(() => runSync(patiently(work, patience(pauses, 1_000, mayRepeat)))).toThrow(error);
    expect(pauses.pauses).toEqual([]);
  });

  it("ends with the error that interrupts its pause", async () => {
    const pauses = new TimerPauses();
    const waiting = start(
      patiently(
        () => {
          throw busy();
        },
        patience(pauses, pauses.clock.now() + 60_000),
      ),
    );
    const stop = new Error("stop");
    pauses.interrupt(stop);
    await expect(waiting).rejects.toBe(stop);
  });
});

it("pauses longer and longer, up to 25 ms, with at most half of it taken away", () => {
  expect([0, 1, 2, 20].map((attempt) => pauseMs(attempt, 0))).toEqual([1, 1.5, 2.25, 25]);
  expect(pauseMs(20, 1)).toBe(12.5);
});

it("ends waiting for a lock a little before the call's limit", () => {
  const { clock } = pausesOn({ nowMs: 1_000 });
  expect(lockWaitEndsAt({ timeoutMs: 5_000 }, clock)).toBe(5_980);
  expect(lockWaitEndsAt({ timeoutMs: 100 }, clock)).toBe(1_090);
  expect(lockWaitEndsAt({ timeoutMs: Number.POSITIVE_INFINITY }, clock)).toBe(Number.POSITIVE_INFINITY);
});
