import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../errors/index.ts";
import { loadWith } from "./loading.ts";

describe("loadWith", () => {
  it("answers the driver and its version", () => {
    class Client {}
    const loaded = loadWith((name) => (name === "pg" ? { Client } : { version: "8.1.2" }));
    expect(loaded).toEqual({ pg: { Client }, version: "8.1.2" });
  });

  it.each([
    [
      "is missing",
      () => {
        throw new Error("Cannot find module 'pg'");
      },
    ],
    ["is something else", () => ({})],
  ])("says how to install a driver that %s", (_, load) => {
    expect(() => loadWith(load)).toThrow(ConfigurationError);
    expect(() => loadWith(load)).toThrow(/npm install pg@8/);
    try {
      loadWith(load);
    } catch (error) {
      expect(error).toMatchObject({ code: "STRATA_DRIVER_MISSING", outcome: "not_sent" });
    }
  });
});
