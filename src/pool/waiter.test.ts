import { describe, expect, it } from "vitest";
import { Waiter } from "./waiter.ts";

const timer = { clear() {} };

describe("Waiter", () => {
  it("settles once: what comes later changes nothing", async () => {
    const waiter = new Waiter(0, 10, {}, undefined);
    const waiting = expect(waiter.wait(timer, () => {})).rejects.toThrow("first");
    waiter.refuse(new Error("first"));
    waiter.refuse(new Error("second"));
    await waiting;
    expect(() => waiter.take()).toThrow("first");
  });

  it("answers at once one that was settled before it began to wait", async () => {
    const waiter = new Waiter(0, 10, {}, undefined);
    expect(waiter.take()).toBeUndefined();
    waiter.refuse(new Error("refused"));
    await expect(waiter.wait(timer, () => {})).rejects.toThrow("refused");
  });
});
