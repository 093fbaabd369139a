import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { StorageType } from "../../backend/index.ts";
import { addFunctions, conversion } from "./conversions.ts";
import { loadDriver } from "./loading.ts";

const { Database } = loadDriver();
const database = new Database(":memory:", { readonly: false, fileMustExist: false, timeout: 0 });
addFunctions(database);
afterAll(() => void database.close());

function convert(from: StorageType, to: StorageType, value: unknown): unknown {
  const expression = conversion("v", from, to);
  if (expression === null) return value;
  return database.prepare(`SELECT ${expression} FROM (SELECT ? AS v)`).raw().all(value)[0]?.[0];
}

describe("conversion", () => {
  it.each([
    ["integer", "text", 30n, "30"],
    ["integer", "text", -(2n ** 63n), "-9223372036854775808"],
    ["integer", "numeric", 2n ** 63n - 1n, "9223372036854775807"],
    ["integer", "json", 30n, "30"],
    ["boolean", "text", 1n, "true"],
    ["boolean", "text", 0n, "false"],
    ["boolean", "json", 1n, "true"],
    ["boolean", "numeric", 1n, "1"],
    ["double", "text", 30.5, "30.5"],
    ["double", "text", 30, "30"],
    ["double", "text", 0.1 + 0.2, "0.30000000000000004"],
    ["double", "text", -0, "0"],
    ["double", "text", 1e300, "1e+300"],
    ["double", "text", 1e-7, "1e-7"],
    ["double", "text", 1.5e-5, "0.000015"],
    ["bytes", "text", Buffer.from([0, 255, 62]), "AP8+"],
    ["bytes", "text", Buffer.alloc(0), ""],
    ["bytes", "text", null, null],
    ["double", "text", 2 ** 60, "1152921504606847000"],
    ["double", "text", 30n, "30"],
    ["double", "text", 2n ** 60n, "1152921504606847000"],
    ["text", "json", 'say "hi"', '"say \\"hi\\""'],
    ["timestamp", "text", "2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00.000Z"],
    ["timestamp", "json", "2024-01-01T00:00:00.000Z", '"2024-01-01T00:00:00.000Z"'],
  ] as const)("%s to %s: %o is %o", (from, to, value, expected) => {
    expect(convert(from, to, value)).toBe(expected);
  });

  it("keeps what has the same form anyway", () => {
    expect(conversion("v", "json", "text")).toBeNull();
    expect(conversion("v", "integer", "double")).toBeNull();
  });

  it("prints every double as JavaScript does", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(convert("double", "text", value)).toBe(String(value));
      }),
      { numRuns: 2_000 },
    );
  });
});
