import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Emitter } from "./emitter.ts";

interface Events {
  acquired: { readonly waitedMs: number };
  drained: undefined;
}

describe("Emitter", () => {
  it("calls the listeners of the event, in the order in which they came, with the payload", () => {
    const emitter = new Emitter<Events>();
    const calls: unknown[] = [];
    emitter.on("acquired", (payload) => calls.push(["first", payload]));
    emitter.on("drained", () => calls.push("drained"));
    emitter.on("acquired", (payload) => calls.push(["second", payload]));
    emitter.emit("acquired", { waitedMs: 3 });
    expect(calls).toEqual([
      ["first", { waitedMs: 3 }],
      ["second", { waitedMs: 3 }],
    ]);
  });

  it("does nothing when nobody listens", () => {
    expect(() => new Emitter<Events>().emit("acquired", { waitedMs: 3 })).not.toThrow();
  });

  it("says whether anybody listens", () => {
    const emitter = new Emitter<Events>();
    expect(emitter.has("acquired")).toBe(false);
    const endFirst = emitter.on("acquired", () => {});
    const endSecond = emitter.on("acquired", () => {});
    expect([emitter.has("acquired"), emitter.has("drained")]).toEqual([true, false]);
    endFirst();
    expect(emitter.has("acquired")).toBe(true);
    endSecond();
    expect(emitter.has("acquired")).toBe(false);
  });

  it("stops calling a listener that was ended, and only that one", () => {
    const emitter = new Emitter<Events>();
    const [ended, staying] = [vi.fn(), vi.fn()];
    const end = emitter.on("acquired", ended);
    emitter.on("acquired", staying);
    end();
    end();
    emitter.emit("acquired", { waitedMs: 3 });
    expect(ended).not.toHaveBeenCalled();
    expect(staying).toHaveBeenCalledOnce();
  });

  it("lets a listener end itself while it is called", () => {
    const emitter = new Emitter<Events>();
    const once = vi.fn(() => end());
    const end = emitter.on("drained", once);
    const other = vi.fn();
    emitter.on("drained", other);
    emitter.emit("drained", undefined);
    emitter.emit("drained", undefined);
    expect(once).toHaveBeenCalledOnce();
    expect(other).toHaveBeenCalledTimes(2);
  });

  it.each(["__proto__", "constructor", "toString"] as const)("takes %s for an event's name", (name) => {
    const emitter = new Emitter<Record<typeof name, number>>();
    expect(emitter.has(name)).toBe(false);
    const listener = vi.fn();
    emitter.on(name, listener);
    emitter.emit(name, 1);
    expect(listener).toHaveBeenCalledWith(1);
  });

  it("turns a listener that throws into a warning, and calls the others", async () => {
    const warnings: Error[] = [];
    const record = (warning: Error) => warnings.push(warning);
    process.on("warning", record);
    onTestFinished(() => {
      process.off("warning", record);
    });
    const emitter = new Emitter<Events>();
    const next = vi.fn();
    emitter.on("acquired", () => {
      throw new Error("broken listener");
    });
    emitter.on("acquired", next);
    expect(() => emitter.emit("acquired", { waitedMs: 3 })).not.toThrow();
    expect(next).toHaveBeenCalledOnce();
    await nextTurn();
    expect(warnings).toEqual([
      expect.objectContaining({
        name: "StrataWarning",
        message: 'a listener of "acquired" threw: broken listener',
      }),
    ]);
  });
});
