import { DatabaseError } from "../errors/index.ts";
import type { Figures } from "./figures.ts";
import type { HeldLease } from "./holder.ts";
import type { PoolStats } from "./stats.ts";

/** Holders that a message names. */
const shownHolders = 3;

/** The figures of a pool that explain why no connection came. */
export interface PoolCounts
  extends Pick<PoolStats, "size" | "inUse" | "idle" | "connecting" | "waiting" | "hardLimit"> {
  readonly uses: Pick<Figures, "count" | "totalMs">;
}

/** A pool at one moment, as its refusals describe it. */
export interface PoolView {
  readonly stats: PoolCounts;
  readonly held: readonly HeldLease[];
  readonly connectError: unknown;
}

/** Says why no connection came: where they all are, who holds them, and what would help. */
export function explainTimeout(situation: string, timeoutMs: number, view: PoolView): string {
  const { size, inUse, idle, connecting, waiting, hardLimit } = view.stats;
  const where =
    `${size} of at most ${hardLimit} connections open, ${inUse} in use, ${idle} idle, ` +
    `${connecting} connecting, ${waiting} others waiting`;
  return [`${situation}: ${where}`, ...reasons(view, timeoutMs)].join(". ");
}

function reasons({ stats, held, connectError }: PoolView, timeoutMs: number): string[] {
  const failure =
    connectError === undefined
      ? advise(stats, timeoutMs)
      : `the last connect failed: ${describeError(connectError)}`;
  if (held.length === 0) return [failure];
  // Labels say what is done, and not where.
  const isPlaceMissing = held.some(({ place }) => place === undefined);
  const hint = isPlaceMissing ? " (with the pool's leakThreshold set, this names the places)" : "";
  return [`longest held: ${describeHolders(held)}${hint}`, failure];
}

/** The oldest leases, those of one place together: `save at /app/orders.ts:10:5 (3 leases, oldest 12.1 s)`. */
export function describeHolders(held: readonly HeldLease[]): string {
  const groups = Map.groupBy(held, nameOf);
  const rows = [...groups].map(([name, leases]) => ({
    name,
    count: leases.length,
    oldestMs: Math.max(...leases.map((lease) => lease.heldMs)),
  }));
  rows.sort((a, b) => b.oldestMs - a.oldestMs);
  const shown = rows.slice(0, shownHolders).map(({ name, count, oldestMs }) => {
    const age = `${(oldestMs / 1000).toFixed(1)} s`;
    return count === 1 ? `${name} (${age})` : `${name} (${count} leases, oldest ${age})`;
  });
  const others = rows.length - shown.length;
  return others > 0 ? `${shown.join(", ")} and ${others} more` : shown.join(", ");
}

function nameOf({ label, place }: HeldLease): string {
  if (place === undefined) return label ?? "a caller without a label";
  return label === undefined ? place : `${label} at ${place}`;
}

/** Only our own errors are known to hold no password and no value. */
export function describeError(error: unknown): string {
  if (error instanceof DatabaseError) return error.message;
  return error instanceof Error ? `${error.name} (see the event connectError)` : "see the event connectError";
}

function advise(stats: PoolCounts, timeoutMs: number): string {
  const suggested = suggestSize(stats, timeoutMs);
  if (suggested === undefined) {
    return "None has been given back so far: look for a lease that is never released, before adding connections";
  }
  return `Give connections back sooner, or let maxSize + maxOverflow be ${suggested}`;
}

/**
 * The size with which those who wait would have been served within their time: each connection serves
 * `timeout / mean hold` callers in it (Little's law). Undefined while nothing has been given back.
 */
export function suggestSize(stats: PoolCounts, timeoutMs: number): number | undefined {
  const { count, totalMs } = stats.uses;
  if (count === 0) return undefined;
  const meanMs = totalMs / count;
  const more = Math.ceil((Math.max(1, stats.waiting) * meanMs) / Math.max(1, timeoutMs));
  return stats.hardLimit + Math.max(1, more);
}
