import { describeHolder, type HeldLease } from "./holder.ts";
import type { Slot } from "./slot.ts";

/** The leases that are held, the oldest first. */
export function heldLeases(slots: Iterable<Slot<unknown>>, nowMs: number): HeldLease[] {
  const held: HeldLease[] = [];
  for (const { id, holder } of slots) {
    if (holder !== undefined) held.push(describeHolder(id, holder, nowMs));
  }
  return held.sort((a, b) => b.heldMs - a.heldMs);
}

/** The connections whose lease is as old as the threshold and was not reported before. */
export function overdueSlots<R>(slots: Iterable<Slot<R>>, thresholdMs: number, nowMs: number): Slot<R>[] {
  const overdue: Slot<R>[] = [];
  for (const slot of slots) {
    const holder = slot.holder;
    if (holder === undefined || holder.reported || nowMs < holder.acquiredAtMs + thresholdMs) continue;
    overdue.push(slot);
  }
  return overdue;
}

/** When the next lease will be overdue; infinite when none will. */
export function nextOverdueMs(slots: Iterable<Slot<unknown>>, thresholdMs: number): number {
  let dueMs = Infinity;
  for (const { holder } of slots) {
    if (holder !== undefined && !holder.reported) dueMs = Math.min(dueMs, holder.acquiredAtMs + thresholdMs);
  }
  return dueMs;
}
