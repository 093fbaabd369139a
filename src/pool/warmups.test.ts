import { describe, expect, it } from "vitest";
import { ConnectionError, ValidationError } from "../errors/index.ts";
import { fakePool, never } from "../testing/fake-resource.ts";

describe("start and warmup", () => {
  it("opens the first connections, one at least", async () => {
    const { pool, resource } = fakePool();
    await pool.start();
    expect(resource.open).toHaveLength(1);
  });

  it("fails with an error of its own when they are not made in time", async () => {
    const { pool, resource, clock } = fakePool({ minSize: 2, poolCreationTimeoutMs: 200 });
    resource.onCreate = never;
    const started = expect(pool.start()).rejects.toMatchObject({
      code: "STRATA_POOL_CREATION_TIMEOUT",
      message: expect.stringContaining("expected 2 open connections within 200 ms"),
    });
    await clock.advance(200);
    await started;
    expect(clock.keepAliveTimers).toBe(0);
  });

  it("fails at once when the login is refused, and does not repeat it by itself", async () => {
    const { pool, resource, clock } = fakePool({ minSize: 2 });
    resource.isPermanent = () => true;
    resource.onCreate = () => {
      throw new Error("wrong password hunter2");
    };
    const failure = await pool.start().catch((error: unknown) => error);
    if (!(failure instanceof ConnectionError)) throw new Error("expected a ConnectionError");
    expect(failure.code).toBe("STRATA_CONNECTION_REFUSED");
    expect(failure.message).not.toContain("hunter2");
    await clock.advance(60_000);
    expect(resource.creates).toBe(2);
  });

  it("refuses a number that the pool cannot reach", async () => {
    const { pool } = fakePool({ maxSize: 3 });
    await expect(pool.warmup(4)).rejects.toThrow(/from 0 to 3, got 4/);
    await expect(pool.warmup(1.5)).rejects.toThrow(ValidationError);
  });
});
