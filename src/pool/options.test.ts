import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../errors/index.ts";
import { type PoolOptions, parsePoolOptions } from "./options.ts";

describe("parsePoolOptions", () => {
  it("fills in the defaults", () => {
    expect(parsePoolOptions({})).toMatchObject({
      minSize: 0,
      maxSize: 10,
      maxOverflow: 0,
      acquireTimeoutMs: 10_000,
      createTimeoutMs: 15_000,
      poolCreationTimeoutMs: 30_000,
      validateAfterIdleMs: 500,
      leakThresholdMs: 0,
      maxWaiting: Number.POSITIVE_INFINITY,
    });
  });

  it("takes an option that is undefined for one that was left out", () => {
    expect(parsePoolOptions({ maxSize: undefined }).maxSize).toBe(10);
  });

  it.each<[PoolOptions, RegExp]>([
    [{ maxSize: 0 }, /"maxSize": expected a whole number of 1 or more, got 0$/],
    [{ minSize: -1 }, /"minSize".*got -1$/],
    [{ maxSize: 2.5 }, /"maxSize".*got 2.5$/],
    [{ maxWaiting: Number.POSITIVE_INFINITY }, /"maxWaiting".*got Infinity$/],
    [{ recycleMs: Number.NaN }, /"recycleMs": expected milliseconds from 0 to 2147483647, got NaN$/],
    [{ acquireTimeoutMs: 2 ** 31 }, /"acquireTimeoutMs".*got 2147483648$/],
    [{ createTimeoutMs: 0 }, /"createTimeoutMs": expected milliseconds from 1 /],
    [{ name: "" }, /"name": expected a text that is not empty, got an empty string$/],
    [JSON.parse('{"maxSize":"10"}'), /"maxSize".*got a value of type string$/],
    [JSON.parse('{"reclaimLeaks":null}'), /"reclaimLeaks": expected true or false, got null$/],
    [JSON.parse('{"maxsize":10}'), /"maxsize" is unknown; expected one of name, minSize, maxSize/],
    [{ minSize: 11 }, /expected "minSize" of at most "maxSize" \(10\), got 11$/],
    [{ keepaliveMs: 100, recycleMs: 100 }, /expected "keepaliveMs" below "recycleMs" \(100\), got 100$/],
    [{ connectBackoffMs: 6_000 }, /"connectBackoffMs" of at most "maxConnectBackoffMs" \(5000\), got 6000$/],
    [{ reclaimLeaks: true }, /"leakThresholdMs" above 0, because "reclaimLeaks" is set, got 0$/],
  ])("refuses %j", (options, message) => {
    expect(() => parsePoolOptions(options)).toThrow(ConfigurationError);
    expect(() => parsePoolOptions(options)).toThrow(message);
  });
});
