import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseManager } from "../../../src/index.ts";
import { answerOf, tally } from "./calls.ts";
import { FaultProxy, forward } from "./proxy.ts";
import type { ServerBackend } from "./targets.ts";

const hour = 3_600_000;
const jumps = [-hour, hour, -24 * hour, 24 * hour];

export interface ClockReport {
  /** Milliseconds after which each call with a limit of 400 ms was answered. */
  readonly timings: readonly number[];
  readonly versions: readonly number[];
  /** Connections that were made beyond those that timed-out calls had cost. */
  readonly recycled: number;
  readonly failures: Readonly<Record<string, number>>;
  /** For how long the circuit was open; it should be for 600. */
  readonly openMs: number;
  readonly again: string;
  /** By how much the wall clock went on beside the monotonic one: proof that it has jumped. */
  readonly jumpedMs: number;
}

/** Works while the wall clock jumps by an hour and by a day, both ways. `jump` moves it by so many milliseconds. */
export async function workUnderJumps(
  backend: ServerBackend,
  url: string,
  jump: (ms: number) => void,
): Promise<ClockReport> {
  const way = await FaultProxy.start(Number(new URL(url).port));
  const address = new URL(url);
  address.port = String(way.port);
  const db = DatabaseManager.connect(address.href, {
    alias: "strata clock",
    circuitBreaker: { recoveryTimeout: 0.6, failureThreshold: 3 },
    retry: false,
    connectionCreationTimeout: 2,
    pool: { maxSize: 3, recycle: 600, idleTimeout: 300 },
  });
  try {
    await db.warmup(3);
    const { created } = db.getPoolMetrics();
    const slow = backend === "postgres" ? "SELECT pg_sleep(5)" : "SELECT SLEEP(5)";
    const timings: number[] = [];
    const versions: number[] = [];
    let jumpedMs = 0;
    for (const [i, ms] of jumps.entries()) {
      const [wall, monotonic] = [Date.now(), performance.now()];
      jump(ms);
      jumpedMs += Math.abs(Date.now() - wall - (performance.now() - monotonic));
      const late = answerOf(db.execute(slow, [], { timeout: 0.4 }));
      jump(-ms / 2);
      timings.push((await late).ms);
      versions.push((await db.saveEntity("clock", { id: "one", jump: i })).version);
    }
    const recycled = db.getPoolMetrics().created - created;

    // An open circuit stays open for its time, and no longer, whatever the clock on the wall shows.
    way.script = ({ from, data }) =>
      from === "client" && data.includes("SELECT 41") ? { does: "reset" } : forward;
    const failures = [];
    const begin = performance.now();
    while (db.circuit === "closed" && performance.now() - begin < 5_000)
      failures.push(await answerOf(db.execute("SELECT 41", [], { timeout: 0.3 })));
    const openedAt = performance.now();
    jump(-24 * hour);
    way.script = () => forward;
    while (db.circuit === "open" && performance.now() - openedAt < 5_000) await sleep(10);
    const openMs = performance.now() - openedAt;
    const again = (await answerOf(db.execute("SELECT 1", [], { timeout: 6 }))).said;
    return { timings, versions, recycled, failures: tally(failures), openMs, again, jumpedMs };
  } finally {
    await db.close({ timeout: 1 });
    await way.close();
  }
}
