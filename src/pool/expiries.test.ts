import { describe, expect, it } from "vitest";
import { Expiries } from "./expiries.ts";

function world() {
  const told: { readonly waiter: number; readonly isOneOfMany: boolean }[] = [];
  const turns: (() => void)[] = [];
  const expiries = new Expiries<number>(
    (waiter, isOneOfMany) => told.push({ waiter, isOneOfMany }),
    (fn) => turns.push(fn),
  );
  const turn = () => turns.shift()?.();
  return { told, turns, expiries, turn };
}

describe("Expiries", () => {
  it("tells one who is late alone at once", () => {
    const { told, turns, expiries, turn } = world();
    expiries.add(1);
    expect(told).toEqual([{ waiter: 1, isOneOfMany: false }]);
    turn();
    expiries.add(2);
    expect(told).toHaveLength(2);
    turn();
    expect(turns).toHaveLength(0);
  });

  it("tells thousands in order, each once, fifty in each turn of the event loop", () => {
    const { told, turns, expiries, turn } = world();
    for (let i = 0; i < 1_000; i++) expiries.add(i);
    const counts = [told.length];
    while (turns.length > 0) {
      turn();
      // Those who become late meanwhile wait behind the others.
      if (counts.length === 3) for (let i = 1_000; i < 1_030; i++) expiries.add(i);
      counts.push(told.length);
    }
    expect(told.map(({ waiter }) => waiter)).toEqual(Array.from({ length: 1_030 }, (_, i) => i));
    expect(counts.slice(0, 4)).toEqual([50, 100, 150, 200]);
    expect(told[60]).toEqual({ waiter: 60, isOneOfMany: true });
    expiries.add(2_000);
    expect(told).toHaveLength(1_031);
  });
});
