import { describe, expect, it } from "vitest";
import { ConfigurationError } from "../../errors/index.ts";
import { loadWith } from "./loading.ts";

describe("loading the driver", () => {
  it("answers what the package exports", async () => {
    const module = { version: "3.0.0", createConnection: () => Promise.reject(new Error("not used")) };
    expect(await loadWith(async () => module)).toBe(module);
  });

  it("names the install command when it is missing or something else", async () => {
    const missing = Object.assign(new Error("no package"), { code: "ERR_MODULE_NOT_FOUND" });
    for (const load of [() => Promise.reject(missing), async () => ({}), async () => null]) {
      const failure = loadWith(load);
      await expect(failure).rejects.toThrow(ConfigurationError);
      await expect(failure).rejects.toMatchObject({
        code: "STRATA_DRIVER_MISSING",
        message: expect.stringContaining("npm install mariadb@3"),
      });
    }
  });
});
