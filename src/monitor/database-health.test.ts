import { describe, expect, it } from "vitest";
import { ConfigurationError, ConnectionError, WouldBlockError } from "../errors/index.ts";
import { checkDatabaseHealth, checkDatabaseHealthSync } from "./database-health.ts";

const lost = new ConnectionError("the server is gone");

describe("checkDatabaseHealth", () => {
  it("says that a database answers, how fast, and when it was asked", async () => {
    const before = Date.now();
    const health = await checkDatabaseHealth({ ping: async () => {} });
    expect(health).toEqual({
      healthy: true,
      latencyMs: expect.any(Number),
      timestamp: expect.any(Date),
      error: null,
    });
    expect(health.timestamp.getTime()).toBeGreaterThanOrEqual(before);
  });

  it("says why it does not", async () => {
    const health = await checkDatabaseHealth({ ping: () => Promise.reject(lost) });
    expect(health).toMatchObject({ healthy: false, error: "the server is gone" });
  });

  it("does not wait for one that never answers", async () => {
    const health = await checkDatabaseHealth({ ping: () => new Promise(() => {}) }, { timeout: 0.03 });
    expect(health).toMatchObject({
      healthy: false,
      error: "the database gave no answer within 0.03 s",
    });
    expect(health.latencyMs).toBeGreaterThanOrEqual(29);
    expect(health.latencyMs).toBeLessThan(280);
  });

  it.each([{ timeout: 0 }, { timeout: "2" }, { limit: 2 }])("refuses %o", async (options) => {
    const check = Reflect.apply(checkDatabaseHealth, undefined, [{ ping: () => {} }, options]);
    await expect(check).rejects.toThrow(ConfigurationError);
  });
});

describe("checkDatabaseHealthSync", () => {
  it("answers at once", () => {
    expect(checkDatabaseHealthSync({ ping: () => {} })).toMatchObject({ healthy: true, error: null });
    const ping = () => {
      throw lost;
    };
    expect(checkDatabaseHealthSync({ ping })).toMatchObject({ healthy: false, error: "the server is gone" });
  });

  it("tells the database its limit", () => {
    const limits: number[] = [];
    checkDatabaseHealthSync({ ping: ({ timeout }) => void limits.push(timeout) }, { timeout: 1.5 });
    expect(limits).toEqual([1.5]);
  });

  it("refuses a database of the asynchronous face", () => {
    expect(() => checkDatabaseHealthSync({ ping: () => Promise.reject(lost) })).toThrow(WouldBlockError);
  });
});
