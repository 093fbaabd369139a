import type { Inventory } from "./inventory.ts";
import type { PoolSettings } from "./options.ts";
import type { DestroyReason, Slot } from "./slot.ts";

/** What time alone asks for, of one idle connection. */
export type Care<R> =
  | { readonly slot: Slot<R>; readonly does: "retire"; readonly reason: DestroyReason }
  | { readonly slot: Slot<R>; readonly does: "keep alive" };

/** What an idle connection needs now: to be closed for its age or for want of use, or a sign of life. */
export function careFor<R>(
  slot: Slot<R>,
  inventory: Inventory<R>,
  { idleTimeoutMs, minSize }: PoolSettings,
  nowMs: number,
): Care<R> | undefined {
  const reason = inventory.unfit(slot, nowMs);
  if (reason !== undefined) return { slot, does: "retire", reason };
  const isUnused = idleTimeoutMs > 0 && nowMs >= slot.idleSinceMs + idleTimeoutMs;
  if (isUnused && inventory.openCount > minSize) return { slot, does: "retire", reason: "idle" };
  return nowMs >= slot.provenAtMs + slot.keepaliveMs ? { slot, does: "keep alive" } : undefined;
}

/** When the next connection needs care; infinite when none ever will. */
export function nextCareMs<R>(
  inventory: Inventory<R>,
  { idleTimeoutMs, minSize }: PoolSettings,
  nowMs: number,
): number {
  const idleLimitMs = idleTimeoutMs > 0 && inventory.openCount > minSize ? idleTimeoutMs : Infinity;
  let dueMs = Infinity;
  for (const slot of inventory.idle) {
    dueMs = Math.min(dueMs, slot.idleSinceMs + idleLimitMs, slot.provenAtMs + slot.keepaliveMs);
  }
  // A leased one that has expired is closed when it comes back; until it has, it may come back before that.
  for (const slot of inventory.slots) {
    if (slot.phase === "closing") continue;
    if (slot.phase === "idle" || slot.expiresAtMs > nowMs) dueMs = Math.min(dueMs, slot.expiresAtMs);
  }
  return dueMs;
}
