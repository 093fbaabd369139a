import { describe, expect, it } from "vitest";
import { placeOf, recordNoPlaces, recordPlaces } from "./holder.ts";

describe("placeOf", () => {
  it("names the program's own line, past libraries and Node itself", () => {
    const own = import.meta.filename;
    const stack = [
      "Error",
      `    at acquire (file://${own}:1:1)`,
      "    at run (/srv/node_modules/express/lib/router.js:5:5)",
      "    at async save (file:///srv/orders.ts:10:5)",
      "    at main (/srv/main.ts:1:1)",
    ].join("\n");
    expect(placeOf({ stack })).toBe("save (/srv/orders.ts:10:5)");
  });

  it("names the first line when no line is the program's own, and nothing without a stack", () => {
    const stack = "Error\n    at run (node:internal/timers:1:1)\n    at new Promise (<anonymous>)";
    expect(placeOf({ stack })).toBe("run (node:internal/timers:1:1)");
    expect(placeOf({})).toBeUndefined();
    expect(placeOf(undefined)).toBeUndefined();
  });
});

describe("recordPlaces", () => {
  it("records the caller of a function, and the null object records nothing", () => {
    const inner = () => [recordPlaces(inner), recordNoPlaces(inner)];
    const outer = () => inner();
    const [place, none] = outer();
    expect(place?.stack).toMatch(/at outer .*holder\.test\.ts/);
    expect(place?.stack).not.toContain("at inner");
    expect(none).toBeUndefined();
  });
});
