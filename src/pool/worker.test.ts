import { describe, expect, it } from "vitest";
import { ConnectionError, ConnectTimeoutError, PoolTimeoutError } from "../errors/index.ts";
import { fakePool, later, never } from "../testing/fake-resource.ts";

const lost = new ConnectionError("the server is gone");

describe("hooks", () => {
  it("run at their moments, within the acquire", async () => {
    const seen: string[] = [];
    const { pool } = fakePool(
      {},
      {
        onConnect: () => void seen.push("connect"),
        onCheckout: async () => void seen.push("checkout"),
        onCheckin: () => void seen.push("checkin"),
      },
    );
    (await pool.acquire()).release();
    (await pool.acquire()).release();
    expect(seen).toEqual(["connect", "checkout", "checkin", "checkout", "checkin"]);
  });

  it("that throw each time neither end the waiting nor make connections without a pause", async () => {
    const { pool, clock, resource } = fakePool(
      { connectBackoffMs: 10 },
      {
        onCheckout: () => {
          throw new Error("never");
        },
      },
    );
    const refused = Promise.resolve(pool.acquire({ timeoutMs: 3_000 })).catch((error: unknown) => error);
    await clock.advance(3_000);
    const error = await refused;
    expect(error).toBeInstanceOf(PoolTimeoutError);
    expect(String(error)).toContain("the hook onCheckout threw or did not answer; see the event failed");
    expect(resource.creates).toBeGreaterThan(3);
    expect(resource.creates).toBeLessThan(20);
    expect(pool.stats()).toMatchObject({ size: 0, waiting: 0 });
  });

  it("discard the connection when they throw or hang, and are reported", async () => {
    const failures: unknown[] = [];
    let works: "throws" | "hangs" | "well" = "throws";
    const onCheckout = () => {
      if (works === "throws") {
        works = "hangs";
        throw new Error("no");
      }
      if (works === "hangs") {
        works = "well";
        return never();
      }
    };
    const { pool, clock } = fakePool({ hookTimeoutMs: 50 }, { onCheckout });
    pool.events.on("failed", ({ step, error }) => failures.push([step, String(error)]));
    const acquired = pool.acquire();
    // With a short pause after each.
    await clock.advance(70);
    expect((await acquired).resource.id).toBe(3);
    expect(failures).toEqual([
      ["onCheckout", "Error: no"],
      ["onCheckout", "ConnectionError: onCheckout did not answer within 50 ms"],
    ]);
  });

  it("let no connection through whose onConnect failed, and leave none open", async () => {
    const onConnect = () => Promise.reject(lost);
    const { pool, resource, clock } = fakePool({ acquireTimeoutMs: 100 }, { onConnect });
    const failed = expect(Promise.resolve(pool.acquire())).rejects.toMatchObject({ cause: lost });
    await clock.advance(100);
    await failed;
    expect(resource.made.length).toBeGreaterThan(1);
    expect(resource.open).toEqual([]);
  });
});

describe("time limits", () => {
  it("gives up a connect after createTimeoutMs, tells the driver, and ends a connection that comes late", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 1, createTimeoutMs: 100, acquireTimeoutMs: 200 });
    const errors: unknown[] = [];
    const aborted: boolean[] = [];
    pool.events.on("connectError", ({ error }) => errors.push(error));
    resource.onCreate = ({ signal }) => {
      signal.addEventListener("abort", () => aborted.push(true));
      return later(clock, 1_000);
    };
    const failed = expect(Promise.resolve(pool.acquire())).rejects.toThrow(PoolTimeoutError);
    await clock.advance(200);
    await failed;
    expect(errors[0]).toBeInstanceOf(ConnectTimeoutError);
    expect(aborted[0]).toBe(true);
    await clock.advance(2_000);
    expect(resource.made.length).toBeGreaterThan(0);
    expect(resource.open).toEqual([]);
  });

  it("tells a validation that it took too long", async () => {
    const { pool, resource, clock } = fakePool({ validateTimeoutMs: 50 });
    await pool.start();
    await clock.advance(600);
    const reasons: string[] = [];
    resource.onValidate = (_, { signal }) => {
      signal.addEventListener("abort", () => reasons.push(String(signal.reason)));
      return never();
    };
    const acquired = pool.acquire();
    await clock.advance(50);
    (await acquired).release();
    expect(reasons).toEqual(["ConnectionError: validate did not answer within 50 ms"]);
  });

  it("uses the place of a connection again although its end hangs", async () => {
    const { pool, resource, clock } = fakePool({ maxSize: 1, destroyTimeoutMs: 100 });
    resource.onDestroy = never;
    (await pool.acquire()).release({ discard: true });
    const waiting = pool.acquire();
    expect(pool.stats()).toMatchObject({ closing: 1, size: 0, connecting: 0 });
    await clock.advance(100);
    expect((await waiting).resource.id).toBe(2);
  });
});
